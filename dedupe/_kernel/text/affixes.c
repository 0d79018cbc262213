/* Where the core of each text begins and ends among its tags and outlet: the twin of
 * dedupe/char_table/affixes.py and of the rest of dedupe/char_table. */

#include "hash.h"

enum {
    MAX_TAGS = 5,
    MAX_SLUG = 3,
    SHORT_SLUG = 4,
    MAX_OUTLET = 5,
    CAPITALS = 2,
    BREAKS = HYPHENED | DASHED | COLONED | PIPED,
};

static int rises(const int64_t *values, ptrdiff_t count, int64_t limit) {
    int64_t last = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        if (values[i] < last || values[i] > limit) return 0;
        last = values[i];
    }
    return 1;
}

/* Whether every number in the tokens points into the tokens and characters that there are. */
int are_sound(const Tokens *tokens) {
    if (!rises(tokens->offsets, tokens->texts + 1, tokens->tokens)) return 0;
    if (!rises(tokens->bounds, tokens->texts + 1, tokens->letters)) return 0;
    for (ptrdiff_t i = 0; i < tokens->tokens; i++) {
        int64_t start = tokens->starts[i], stop = tokens->ends[i];
        if (start < 0 || stop <= start || stop > tokens->letters) return 0;
    }
    return 1;
}

/* Whether a core's first and last token are those of its text. */
int is_within(const Tokens *tokens, ptrdiff_t text, int64_t core_start, int64_t core_end) {
    return tokens->offsets[text] <= core_start && core_start <= core_end &&
           core_end <= tokens->offsets[text + 1];
}

INLINE int64_t letters(const Tokens *tokens, int64_t token) {
    return tokens->ends[token] - tokens->starts[token];
}

/* One way of affixes.tag_ends: so many words of a known tag, then maybe a number, then a break. */
static int is_tag(const Tokens* tokens, const Table* tags, int64_t core_start, int words,
                  int numbers) {
    int64_t last = core_start + words + numbers - 1;
    if (!(tokens->gaps[last] & BREAKS)) return 0;
    if (numbers && tokens->classes[last] != DIGIT) return 0;
    return find(tags, hash_words(tokens->hashes, core_start, core_start + words)) >= 0;
}

/* One way of affixes.slug_ends: so many words in capitals before a bare hyphen. */
static int is_slug(const Tokens *tokens, int64_t core_start, int words) {
    int64_t stop = core_start + words;
    if ((tokens->gaps[stop - 1] & (BREAKS | SPACED)) != HYPHENED || !tokens->cases[stop]) return 0;
    if (letters(tokens, stop - 1) < (words == 1 ? SHORT_SLUG : SHORT_SLUG - 1)) return 0;
    for (int64_t at = core_start; at < stop; at++) {
        if (tokens->cases[at] != CAPITALS) return 0;
        if (at > core_start && tokens->gaps[at - 1] != SPACED) return 0;
    }
    return 1;
}

/* affixes.tag_ends: where the core goes on after one leading tag or slug, or `core_start`. */
static int64_t tag_end(const Tokens* tokens, const Table* tags, int64_t core_start,
                       int64_t core_end) {
    for (int words = 2; words; words--)
        for (int numbers = 1; numbers >= 0; numbers--)
            if (core_start + words + numbers < core_end &&
                is_tag(tokens, tags, core_start, words, numbers))
                return core_start + words + numbers;
    for (int words = 1; words <= MAX_SLUG; words++)
        if (core_start + words < core_end && is_slug(tokens, core_start, words))
            return core_start + words;
    return core_start;
}

/* affixes.note_tags: the version that a tag states, 0 for none. */
static int16_t version_of(const Tokens *tokens, int64_t last) {
    if (tokens->classes[last] != DIGIT || letters(tokens, last) != 1) return 0;
    return (int16_t)(tokens->codes[tokens->starts[last]] - '0');
}

/* affixes.outlet_starts: the token where a closing phrase starts, or -1. */
static int64_t outlet_start(const Tokens *tokens, int64_t core_start, int64_t core_end) {
    for (int words = 1; words <= MAX_OUTLET && core_end - words - 1 > core_start; words++) {
        uint8_t gap = tokens->gaps[core_end - words - 1];
        if (gap & PIPED || (gap & SPACED && gap & (HYPHENED | DASHED))) return core_end - words;
    }
    return -1;
}

/* affixes.find_core; `gone` are the tags of withdrawal, `outlets` and `learned` closing names. */
Trouble find_core(const Tokens *tokens, const Table *tags, const Table *gone, const Table *outlets,
                  const Table *learned, NewCore *out) {
    if (!are_sound(tokens)) return BAD_ARRAY;
    for (ptrdiff_t i = 0; i < tokens->texts; i++) {
        int64_t core_start = tokens->offsets[i], core_end = tokens->offsets[i + 1];
        out->versions[i] = 0;
        out->withdrawn[i] = 0;
        for (int round = 0; round < MAX_TAGS; round++) {
            int64_t end = tag_end(tokens, tags, core_start, core_end);
            if (end == core_start) break;
            int16_t version = version_of(tokens, end - 1);
            if (version > out->versions[i]) out->versions[i] = version;
            out->withdrawn[i] |= find(gone, hash_words(tokens->hashes, core_start, end)) >= 0;
            core_start = end;
        }
        int64_t start = outlet_start(tokens, core_start, core_end);
        if (start >= 0) {
            uint64_t mark = hash_words(tokens->hashes, start, core_end);
            if (find(learned, mark) >= 0 || find(outlets, mark) >= 0) core_end = start;
        }
        out->core_starts[i] = core_start;
        out->core_ends[i] = core_end;
    }
    return FINE;
}

/* normalize.text_fingerprints: a hash of a whole text and of where its core stands in it. */
static uint64_t fingerprint_of(const Tokens* tokens, ptrdiff_t text, int64_t core_start,
                               int64_t core_end) {
    int64_t first = tokens->offsets[text];
    if (core_end <= first) return 0;
    uint64_t whole = hash_codes(tokens->codes, tokens->bounds[text], tokens->bounds[text + 1]);
    uint64_t span = (uint64_t)(core_start - first) << 32 | (uint64_t)(core_end - first);
    uint64_t print = mix64(whole + span * BASE);
    return print ? print : 1;
}

/* The rest of normalize.normalize: the characters of each core, its script, the text's fingerprint.
 */
Trouble frame(const Tokens* tokens, const int64_t* core_starts, const int64_t* core_ends,
              NewTexts* out) {
    if (!are_sound(tokens)) return BAD_ARRAY;
    for (ptrdiff_t i = 0; i < tokens->texts; i++) {
        int64_t core_start = core_starts[i], core_end = core_ends[i], ideographs = 0;
        if (!is_within(tokens, i, core_start, core_end)) return BAD_ARRAY;
        for (int64_t at = core_start; at < core_end; at++)
            ideographs += tokens->classes[at] == IDEOGRAPH;
        out->starts[i] = core_end > core_start ? tokens->starts[core_start] : 0;
        out->ends[i] = core_end > core_start ? tokens->ends[core_end - 1] : 0;
        out->spaceless[i] = 2 * ideographs > core_end - core_start;
        out->fingerprints[i] = fingerprint_of(tokens, i, core_start, core_end);
    }
    return FINE;
}
