/* Where each story begins and ends among its tags and outlet: the twin of
 * dedupe/folding/affixes.py and of the rest of dedupe/folding. */

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
        int64_t start = tokens->starts[i], stop = tokens->stops[i];
        if (start < 0 || stop <= start || stop > tokens->letters) return 0;
    }
    return 1;
}

/* Whether a story's first and last token are those of its text. */
int is_within(const Tokens *tokens, ptrdiff_t text, int64_t head, int64_t tail) {
    return tokens->offsets[text] <= head && head <= tail && tail <= tokens->offsets[text + 1];
}

INLINE int64_t letters(const Tokens *tokens, int64_t token) {
    return tokens->stops[token] - tokens->starts[token];
}

/* One way of affixes.tag_ends: so many words of a known tag, then maybe a number, then a break. */
static int is_tag(const Tokens *tokens, const Table *tags, int64_t head, int words, int numbers) {
    int64_t last = head + words + numbers - 1;
    if (!(tokens->gaps[last] & BREAKS)) return 0;
    if (numbers && tokens->kinds[last] != DIGIT) return 0;
    return find(tags, hash_words(tokens->hashes, head, head + words)) >= 0;
}

/* One way of affixes.slug_ends: so many words in capitals before a bare hyphen. */
static int is_slug(const Tokens *tokens, int64_t head, int words) {
    int64_t stop = head + words;
    if ((tokens->gaps[stop - 1] & (BREAKS | SPACED)) != HYPHENED || !tokens->cases[stop]) return 0;
    if (letters(tokens, stop - 1) < (words == 1 ? SHORT_SLUG : SHORT_SLUG - 1)) return 0;
    for (int64_t at = head; at < stop; at++) {
        if (tokens->cases[at] != CAPITALS) return 0;
        if (at > head && tokens->gaps[at - 1] != SPACED) return 0;
    }
    return 1;
}

/* affixes.tag_ends: where the story goes on after one leading tag or slug, or `head`. */
static int64_t tag_end(const Tokens *tokens, const Table *tags, int64_t head, int64_t tail) {
    for (int words = 2; words; words--)
        for (int numbers = 1; numbers >= 0; numbers--)
            if (head + words + numbers < tail && is_tag(tokens, tags, head, words, numbers))
                return head + words + numbers;
    for (int words = 1; words <= MAX_SLUG; words++)
        if (head + words < tail && is_slug(tokens, head, words)) return head + words;
    return head;
}

/* affixes.note_tags: the version that a tag states, 0 for none. */
static int16_t version_of(const Tokens *tokens, int64_t last) {
    if (tokens->kinds[last] != DIGIT || letters(tokens, last) != 1) return 0;
    return (int16_t)(tokens->codes[tokens->starts[last]] - '0');
}

/* affixes.outlet_starts: the token where a closing phrase starts, or -1. */
static int64_t outlet_start(const Tokens *tokens, int64_t head, int64_t tail) {
    for (int words = 1; words <= MAX_OUTLET && tail - words - 1 > head; words++) {
        uint8_t gap = tokens->gaps[tail - words - 1];
        if (gap & PIPED || (gap & SPACED && gap & (HYPHENED | DASHED))) return tail - words;
    }
    return -1;
}

/* affixes.find_core; `gone` are the tags of withdrawal, `outlets` and `learned` closing names. */
Trouble find_core(const Tokens *tokens, const Table *tags, const Table *gone, const Table *outlets,
                  const Table *learned, NewCore *out) {
    if (!are_sound(tokens)) return BAD_ARRAY;
    for (ptrdiff_t i = 0; i < tokens->texts; i++) {
        int64_t head = tokens->offsets[i], tail = tokens->offsets[i + 1];
        out->versions[i] = 0;
        out->withdrawn[i] = 0;
        for (int round = 0; round < MAX_TAGS; round++) {
            int64_t end = tag_end(tokens, tags, head, tail);
            if (end == head) break;
            int16_t version = version_of(tokens, end - 1);
            if (version > out->versions[i]) out->versions[i] = version;
            out->withdrawn[i] |= find(gone, hash_words(tokens->hashes, head, end)) >= 0;
            head = end;
        }
        int64_t start = outlet_start(tokens, head, tail);
        if (start >= 0) {
            uint64_t mark = hash_words(tokens->hashes, start, tail);
            if (find(learned, mark) >= 0 || find(outlets, mark) >= 0) tail = start;
        }
        out->heads[i] = head;
        out->tails[i] = tail;
    }
    return FINE;
}

/* folding.text_prints: a hash of a whole text and of where its story stands in it. */
static uint64_t print_of(const Tokens *tokens, ptrdiff_t text, int64_t head, int64_t tail) {
    int64_t first = tokens->offsets[text];
    if (tail <= first) return 0;
    uint64_t whole = hash_codes(tokens->codes, tokens->bounds[text], tokens->bounds[text + 1]);
    uint64_t span = (uint64_t)(head - first) << 32 | (uint64_t)(tail - first);
    uint64_t print = mix64(whole + span * BASE);
    return print ? print : 1;
}

/* The rest of folding.fold: each story's characters, its script, and the print of its text. */
Trouble frame(const Tokens *tokens, const int64_t *heads, const int64_t *tails, NewStories *out) {
    if (!are_sound(tokens)) return BAD_ARRAY;
    for (ptrdiff_t i = 0; i < tokens->texts; i++) {
        int64_t head = heads[i], tail = tails[i], ideographs = 0;
        if (!is_within(tokens, i, head, tail)) return BAD_ARRAY;
        for (int64_t at = head; at < tail; at++) ideographs += tokens->kinds[at] == IDEOGRAPH;
        out->starts[i] = tail > head ? tokens->starts[head] : 0;
        out->stops[i] = tail > head ? tokens->stops[tail - 1] : 0;
        out->spaceless[i] = 2 * ideographs > tail - head;
        out->prints[i] = print_of(tokens, i, head, tail);
    }
    return FINE;
}
