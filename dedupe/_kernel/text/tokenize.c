/* Raw texts to normalised characters and tokens: the twin of dedupe/text/tokenize.py. */

#include <stdlib.h>
#include <string.h>

#include "hash.h"

enum {
    PAGE = 256,
    MASK = (1 << 21) - 1,
    BLANK = 32,
    AHEAD = 4, /* spaces that stand behind a text, for rules that read_pair ahead */
};
static const uint8_t GAPS[16] = {
    [SPACE] = SPACED, [HYPHEN] = HYPHENED, [DASH] = DASHED,
    [COLON] = COLONED, [PIPE] = PIPED, [BRACKET] = BRACKETED,
};

/* The characters of one text between the steps. */
typedef struct {
    uint32_t *codes;
    uint8_t *classes, *upper;
    int64_t count;
} Characters;

INLINE int is_word(uint8_t char_class) { return char_class >= LETTER && char_class <= SYMBOL; }

INLINE int has_entry(const CharTable *table, uint32_t code) {
    return code >> 8 < (uint64_t)table->page_count;
}

INLINE uint32_t look_up(const CharTable *table, uint32_t code) {
    return table->entries[table->pages[code >> 8] * PAGE + (code & (PAGE - 1))];
}

INLINE uint32_t length_of(uint32_t entry) { return entry >> 21 & 31; }

static int is_sound(const CharTable *table) {
    for (ptrdiff_t i = 0; i < table->page_count; i++)
        if ((table->pages[i] + 1) * (ptrdiff_t)PAGE > table->entry_count) return 0;
    return table->page_count > 0;
}

/* How many characters the texts normalise to before any is dropped, or -1. */
ptrdiff_t normalized_length(const CharTable *table, const uint32_t *raw, ptrdiff_t count) {
    ptrdiff_t total = 0;
    if (!is_sound(table)) return -1;
    for (ptrdiff_t i = 0; i < count; i++) {
        if (!has_entry(table, raw[i])) return -1;
        total += length_of(look_up(table, raw[i]));
    }
    return total;
}

INLINE int push(const CharTable *table, uint32_t code, uint32_t entry, Characters *out) {
    if (!has_entry(table, code)) return 0;
    uint8_t char_class = look_up(table, code) >> 26 & 15;
    if (char_class == DROPPED) return 1;
    out->codes[out->count] = code;
    out->classes[out->count] = char_class;
    out->upper[out->count++] = entry >> 30 & 1;
    return 1;
}

/* tokenize.normalize_characters: map every character by the table; 0 where the table or room is
 * short. */
static int normalize_characters(const CharTable *table, const uint32_t *raw, int64_t size,
                           Characters *out, int64_t room) {
    out->count = 0;
    for (int64_t i = 0; i < size; i++) {
        if (!has_entry(table, raw[i])) return 0;
        uint32_t entry = look_up(table, raw[i]), length = length_of(entry);
        if (out->count + length > room) return 0;
        if (length == 1) {
            if (!push(table, (raw[i] + entry) & MASK, entry, out)) return 0;
            continue;
        }
        if ((entry & MASK) + (ptrdiff_t)length > table->expansion_count) return 0;
        for (uint32_t k = 0; k < length; k++)
            if (!push(table, table->expansions[(entry & MASK) + k], entry, out)) return 0;
    }
    memset(out->classes + out->count, SPACE, AHEAD);
    return 1;
}

/* What becomes of a mark by its neighbours: Int'l, U.S. and 1,000 lose theirs, 4.3 keeps it. */
INLINE uint8_t joined(const uint8_t *classes, uint8_t before2, uint8_t before) {
    uint8_t after = classes[1];
    switch (classes[0]) {
    case APOSTROPHE:
        return before == LETTER && after == LETTER ? DROPPED : APOSTROPHE;
    case PERIOD:
        if (before == DIGIT && after == DIGIT) return DIGIT;
        if (before != LETTER || before2 == LETTER || before2 == DIGIT) return PERIOD;
        return (after != LETTER || classes[2] != LETTER) && after != DIGIT ? DROPPED : PERIOD;
    case COMMA:
        return before == DIGIT && after == DIGIT && classes[2] == DIGIT && classes[3] == DIGIT &&
                       classes[4] != DIGIT ? DROPPED : COMMA;
    default:
        return classes[0];
    }
}

/* tokenize.drop_joiners: take out the marks that stand inside a word. */
static void drop_joiners(Characters *text) {
    uint8_t before2 = SPACE, before = SPACE;
    int64_t kept = 0;
    for (int64_t i = 0; i < text->count; i++) {
        uint8_t was = text->classes[i], char_class = joined(text->classes + i, before2, before);
        before2 = before, before = was;
        text->codes[kept] = text->codes[i];
        text->upper[kept] = text->upper[i];
        text->classes[kept] = char_class;
        kept += char_class != DROPPED;
    }
    text->count = kept;
    text->classes[kept] = SPACE;
}

static uint8_t case_of(const uint8_t *upper, int64_t count) {
    int64_t capitals = 0;
    for (int64_t i = 0; i < count; i++) capitals += upper[i];
    return (uint8_t)(upper[0] + (capitals == count));
}

static void add_token(NewTokens* out, uint8_t char_class, uint8_t letters, int64_t start,
                      int64_t stop) {
    ptrdiff_t at = out->tokens++;
    out->hashes[at] = hash_codes(out->codes, start, stop);
    out->classes[at] = char_class;
    out->cases[at] = letters;
    out->gaps[at] = 0;
    out->starts[at] = start;
    out->ends[at] = stop;
}

/* A run of one class to tokens: a word or number, single symbols, or ideographs two by two. */
static void cut_run(const Characters *text, int64_t first, int64_t last, NewTokens *out) {
    uint8_t char_class = text->classes[first];
    int64_t count = last - first, start = out->letters;
    memcpy(out->codes + start, text->codes + first, (size_t)count * sizeof *out->codes);
    out->letters += count;
    if (char_class == SYMBOL) {
        for (int64_t i = 0; i < count; i++) add_token(out, char_class, 0, start + i, start + i + 1);
    } else if (char_class == IDEOGRAPH && count > 2) {
        for (int64_t i = 0; i + 1 < count; i++)
            add_token(out, char_class, 0, start + i, start + i + 2);
    } else {
        uint8_t letters = char_class == LETTER ? case_of(text->upper + first, count) : 0;
        add_token(out, char_class, letters, start, start + count);
    }
}

/* tokenize.cut: cut the characters of a text into tokens and join them by single spaces. */
static void cut(const Characters *text, NewTokens *out) {
    ptrdiff_t first = out->tokens;
    for (int64_t i = 0; i < text->count;) {
        int64_t next = i + 1;
        if (is_word(text->classes[i])) {
            while (text->classes[next] == text->classes[i]) next++;
            cut_run(text, i, next, out);
        } else if (out->tokens > first) {
            out->gaps[out->tokens - 1] |= GAPS[text->classes[i]];
            if (is_word(text->classes[next])) out->codes[out->letters++] = BLANK;
        }
        i = next;
    }
    if (out->tokens > first) out->gaps[out->tokens - 1] = 0;
}

/* Normalise and tokenise texts: text `i` has `sizes[i]` of the raw code points, a closing one too.
 * The new tokens have room for `room` characters and tokens. */
Trouble tokenize(const CharTable *table, const uint32_t *raw, ptrdiff_t count, const int64_t *sizes,
             ptrdiff_t texts, NewTokens *out, ptrdiff_t room) {
    if (!is_sound(table)) return BAD_ARRAY;
    size_t most = (size_t)room + AHEAD;
    uint32_t *work = malloc(most * (sizeof *work + 2));
    if (!work) return NO_MEMORY;
    Characters text = {.codes = work, .classes = (uint8_t *)(work + most)};
    text.upper = text.classes + most;
    Trouble trouble = FINE;
    for (ptrdiff_t i = 0; i < texts && trouble == FINE; i++) {
        out->offsets[i] = out->tokens;
        out->bounds[i] = out->letters;
        int64_t size = sizes[i],
                left = room - (out->tokens > out->letters ? out->tokens : out->letters);
        if (size < 0 || size > count || !normalize_characters(table, raw, size, &text, left)) {
            trouble = BAD_ARRAY;
            break;
        }
        drop_joiners(&text);
        cut(&text, out);
        raw += size, count -= size;
    }
    out->offsets[texts] = out->tokens;
    out->bounds[texts] = out->letters;
    free(work);
    return trouble;
}
