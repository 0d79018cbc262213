/* What the files of text/ share: raw tokens as they are read, and prepared tokens as they are
 * stored. Twins of the modules of dedupe/text, file by file. */

#ifndef DEDUPE_TEXT_H
#define DEDUPE_TEXT_H

#include "hash.h"

/* dedupe.text.char_table.CharClass */
enum {
    SPACE, LETTER, DIGIT, IDEOGRAPH, SYMBOL, DROPPED, APOSTROPHE,
    PERIOD, COMMA, HYPHEN, DASH, COLON, PIPE, BRACKET, PLUS, HASH,
};

/* dedupe.tokens.TokenKind, dedupe.text.scan.Case and Gap */
enum { WORD, NUMBER, CHARACTER, SIGN };
enum { LOWER, CAPITALISED, UPPER };
enum {
    GAP_SPACE = 1, GAP_HYPHEN = 2, GAP_DASH = 4, GAP_COLON = 8, GAP_PIPE = 16, GAP_BRACKET = 32,
    GAP_HASH = 64, GAP_PERIOD = 128, DECIMAL_POINT = 256, DECIMAL_COMMA = 512, DIGIT_QUOTE = 1024,
};

/* dedupe.tokens.Zone */
enum { ZONE_CORE, ZONE_LEAD, ZONE_OUTLET, ZONE_KICKER, ZONE_TAIL, ZONE_CLOSING };

/* dedupe.tokens.Flag and Fact */
enum {
    IS_FUNCTION = 1, IS_NEGATION = 2, IS_CALENDAR = 4, IS_NAME = 8, IS_RARE = 16, IS_JOINED = 32,
    OPENS_PAIR = 64, IS_UPPER = 128, IS_REACTION = 256, IS_PLACE = 512,
    IS_COMPANION = 1024, IS_NOTICE = 2048, IS_SERIES = 4096,
};
enum {
    FACT_GENRE = 1, FACT_WITHDRAWN = 2, FACT_GENERIC = 4, FACT_PLACEHOLDER = 8,
    FACT_BROKEN_OFF = 16, FACT_NOISY = 32, FACT_TAGGED = 64, FACT_QUESTION = 128,
};

/* dedupe.text.lexicon.Form, dedupe.tokens.Meaning, dedupe.text.lexicon.TagKind */
enum {
    FORM_EXACT, FORM_PREFIX, FORM_SUFFIX, FORM_STRING, FORM_NUMBER, FORM_SCALE, FORM_PHRASE,
    FORM_PHRASE_PREFIX, FORMS,
};
enum {
    FUNCTION = 1, NEGATION = 2, PLACE = 4, REACTION = 5, QUESTION = 6, COMPANION = 7,
    NOTICE = 8, SERIES = 9,
    FIRST_MONTH = 16, FIRST_CONCEPT = 64, FIRST_OPPOSITE = 0x8000,
};
enum { TAG_NONE, TAG_STATUS, TAG_GENRE, TAG_WITHDRAWN };

enum {
    MOST_CONCEPTS = 4,
    MOST_TOKENS = 96,
    LONGEST_ENTRY = 16,
    LONGEST_STRING = 8,
    EIGHTHS = 8,
    LANGUAGES = 16,
    ENGLISH = 0, GERMAN = 1, RUSSIAN = 9, UKRAINIAN = 10, ARABIC = 11, HINDI = 12, CHINESE = 13,
    JAPANESE = 14, KOREAN = 15,
};

/* How each code point is normalised: dedupe.text.char_table.CharTable. */
typedef struct {
    const uint16_t *pages;
    const uint32_t *entries, *expansions;
    ptrdiff_t page_count, entry_count, expansion_count;
} CharTable;

/* Sorted 32-bit keys, and where those of each value of their upper 16 bits begin. The upper bits
 * of a key are the number of a bit in `filter`, which is set where there is such a key: most words
 * that are looked up are not there, and the filter fits into a cache. */
typedef struct {
    const uint32_t *keys, *firsts;
    const uint64_t *filter;
    ptrdiff_t count;
    int shift;
} Keys;

/* dedupe.text.lexicon.Lexicon */
typedef struct {
    Keys words, chars, entries, numbers, tags, outlets, generic;
    const uint8_t *word_languages, *word_bits, *char_languages, *char_bits, *tag_kinds;
    const uint16_t *entry_values, *phrase_meanings;
    const double *number_values;
    const uint32_t *phrase_ends, *part_keys;
    const uint8_t *part_lengths;
    ptrdiff_t phrases, parts;
} Lexicon;

/* The rows of one key. */
typedef struct {
    ptrdiff_t start, end;
} Rows;

INLINE Rows rows_of(const Keys *keys, uint32_t key) {
    uint32_t bit = key >> keys->shift;
    if (!(keys->filter[bit / 64] >> (bit % 64) & 1)) return (Rows){0, 0};
    ptrdiff_t start = keys->firsts[key >> 16], end = keys->firsts[(key >> 16) + 1];
    if (end > keys->count) end = keys->count; /* checked here: a look at all takes 0.1 ms a call */
    while (start < end && keys->keys[start] < key) start++;
    ptrdiff_t stop = start;
    while (stop < end && keys->keys[stop] == key) stop++;
    return (Rows){start, stop};
}

INLINE int has_key(const Keys *keys, uint32_t key) {
    Rows rows = rows_of(keys, key);
    return rows.end > rows.start;
}

/* dedupe.hashing */
INLINE uint64_t poly_step(uint64_t running, uint64_t value) { return running * BASE + value + 1; }

INLINE uint32_t key32(uint64_t running) {
    uint32_t key = (uint32_t)(mix64(running) >> 32);
    return key ? key : 1;
}

INLINE uint32_t salted_key(uint64_t running, uint64_t salt) {
    uint32_t key = (uint32_t)(mix64(running ^ salt * BASE) >> 32);
    return key ? key : 1;
}

INLINE uint64_t salt_of(int language, int form) {
    return (uint64_t)language * FORMS + (uint64_t)form + 1;
}

/* One normalised character. */
typedef struct {
    uint32_t code;
    uint8_t kind, upper;
} Char;

/* A token as it was read: `letters` of the text's normalised letters from `start` on. `running` is the
 * running hash of its letters. */
typedef struct {
    double value;
    uint64_t running;
    uint32_t start, letters, key;
    uint16_t gap;
    uint8_t kind, letter_case, glued, zone, valued, uses;
} RawToken;

/* dedupe.tokens.TOKEN */
typedef struct {
    uint32_t key, stem;
    uint16_t concepts[MOST_CONCEPTS];
    uint16_t start;
    uint8_t length, weight, kind, zone;
    uint16_t flags;
} Token;

/* What a word is to the steps before it is looked up. */
enum { USE_NUMBER = 1, USE_DATE = 2, USE_QUESTION = 4, USE_PHRASE = 8 };

/* What a word means in one language, kept from one text to the next. */
typedef struct {
    uint64_t hash;
    uint32_t stem;
    uint16_t concepts[MOST_CONCEPTS];
    uint16_t flags;
    uint8_t weight, language, uses, used;
    uint32_t spare;
} Memo;

enum { SCORED_LANGUAGES = 14 };

/* What the word of a key adds to the score of each language that is guessed by words; key 0 is none. */
typedef struct {
    uint32_t key;
    int16_t scores[SCORED_LANGUAGES];
} LanguageMemo;

enum { WAYS = 2, WORD_MEMOS = 1 << 15, LANGUAGE_MEMOS = 1 << 14 };

/* All that is remembered of words. A word has a choice of places in one line of the cache, and takes
 * the one of that word which was learned first. */
typedef struct {
    Memo words[WORD_MEMOS][WAYS];
    LanguageMemo languages[LANGUAGE_MEMOS][WAYS];
} Memos;

/* The text at hand, and room for it. */
typedef struct {
    Char *chars;
    uint32_t *letters;
    RawToken *tokens, *other;
    ptrdiff_t char_count, letter_count, token_count, room;
    uint16_t end_gap;
    int language, version;
    unsigned facts;
} Text;

typedef struct {
    CharTable table;
    Lexicon lexicon;
    Memos *memos;
} Tables;

/* Bytes that grow. */
typedef struct {
    uint8_t *data;
    size_t size, room;
} Bytes;

Trouble grow(Bytes *bytes, size_t more);

/* scan.c */
Trouble fold_text(const CharTable *table, const uint8_t *data, ptrdiff_t size, Text *text);
void scan_text(Text *text);

/* numbers.c */
void read_numbers(Text *text, const Tables *tables);
int find_number(const Lexicon *lexicon, int language, int form, uint64_t running, double *value);

/* numerals.c: the digit or the power of ten of an ideograph, -1 and 0 for none, and whether it counts
 * what stands before it. */
int digit_of(uint32_t code);
double power_of(uint32_t code);
int is_counted(uint32_t code);
double numeral_value(const uint32_t *letters, uint32_t count);
double hangul_power(const uint32_t *letters, uint32_t count);

/* language.c */
int guess_language(const Text *text, const Tables *tables);

/* affixes.c */
void mark_zones(Text *text, const uint32_t *source, ptrdiff_t source_words, const Lexicon *lexicon);

/* vocabulary.c */
int is_function_word(const Lexicon *lexicon, int language, uint64_t running);

/* lookup.c */
Trouble look_up_tokens(const Text *text, const Tables *tables, Bytes *tokens, Bytes *letters);

/* facts.c */
void note_facts(Text *text, const Lexicon *lexicon);

/* blake2b.c */
void blake2b_128(const uint8_t *data, size_t size, uint64_t out[2]);

/* Records as they are in a file: record `i` from `starts[i]` to `ends[i]` of the data. */
typedef struct {
    const uint8_t *data;
    const int64_t *starts, *ends;
    ptrdiff_t size, count;
} Records;

Trouble digest_records(const Records *records, uint64_t *out);

/* gather.c: row `i` has the items from `offsets[i]` to `offsets[i + 1]`, of `width` bytes each. */
typedef struct {
    const uint8_t *data;
    const int64_t *offsets;
    ptrdiff_t items, count, width;
} RowsOfBytes;

Trouble copy_rows(const RowsOfBytes *rows, const int64_t *wanted, ptrdiff_t count, uint8_t *out,
                  ptrdiff_t room);

INLINE int is_compared(int zone) {
    return zone == ZONE_CORE || zone == ZONE_KICKER || zone == ZONE_TAIL;
}

INLINE size_t utf8_size(uint32_t code) {
    return code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
}

/* Write a code point in UTF-8; returns its size. */
INLINE size_t put_utf8(uint8_t *out, uint32_t code) {
    static const uint8_t FIRST[] = {0, 0, 0xC0, 0xE0, 0xF0};
    size_t size = utf8_size(code);
    for (size_t i = size - 1; i; i--, code >>= 6) out[i] = (uint8_t)(0x80 | (code & 0x3F));
    out[0] = (uint8_t)(FIRST[size] | code);
    return size;
}

INLINE uint64_t hash_letters(const uint32_t *letters, ptrdiff_t count) {
    uint64_t running = 0;
    for (ptrdiff_t i = 0; i < count; i++) running = poly_step(running, letters[i]);
    return running;
}

#endif
