/* What the files of the kernel share. Each function is the twin of a numpy one, named above it,
 * and equal to it bit for bit; none of them knows Python, and all trust nothing but the sizes
 * that they are told. */

#ifndef DEDUPE_KERNEL_H
#define DEDUPE_KERNEL_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    FINE,
    NO_MEMORY,
    BAD_ARRAY, /* a number in an array points outside of another, or is out of bounds or order */
} Trouble;

/* The hot loops are compiled twice on x86 and chosen when the module is loaded. An attribute a
 * function, rather than target_clones, also serves musl and macOS. */
#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__))
#define HAVE_WIDE 1
#define WIDE __attribute__((target("avx2")))
#else
#define HAVE_WIDE 0
#define WIDE
#endif

#if defined(__GNUC__) || defined(__clang__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

/* Ask memory for what is needed soon. */
#if defined(__GNUC__) || defined(__clang__)
#define FETCH(place) __builtin_prefetch(place)
#else
#define FETCH(place) ((void)(place))
#endif

/* The place of the lowest bit of a byte, 8 where it has none. */
INLINE int first_bit(uint8_t byte) {
#if defined(__GNUC__) || defined(__clang__)
    return __builtin_ctz((unsigned)byte | 256);
#else
    int place = 0;
    while (place < 8 && !(byte >> place & 1)) place++;
    return place;
#endif
}

/* table.c */

/* Sorted hashes, and where those of each value of their upper bits begin. */
typedef struct {
    const uint64_t *keys;
    ptrdiff_t count;
    uint32_t *firsts;
    int shift;
} Table;

Trouble open_table(Table *table, const uint64_t *keys, ptrdiff_t count, ptrdiff_t sought);
void close_table(Table *table);
Trouble find_hashes(const uint64_t *keys, ptrdiff_t count, const uint64_t *wanted,
                    ptrdiff_t sought, int64_t *out);
Trouble find_sorted(const int64_t *held, ptrdiff_t count, const int64_t *wanted, ptrdiff_t sought,
                    int64_t *out);

/* Stretches of an array. */
typedef struct {
    const int64_t *starts, *stops;
    ptrdiff_t count;
} Spans;

Trouble first_seen(const uint64_t *hashes, const Spans *words, const uint32_t *codes,
                   ptrdiff_t letters, int64_t *out, ptrdiff_t *found);

/* scan.c */

/* dedupe.folding.table.Kind, and the bits of dedupe.folding.scan.GAP_BITS. */
enum {
    SPACE, LETTER, DIGIT, IDEOGRAPH, SYMBOL, DROPPED, APOSTROPHE,
    PERIOD, COMMA, HYPHEN, DASH, COLON, PIPE, BRACKET,
};
enum { SPACED = 1, HYPHENED = 2, DASHED = 4, COLONED = 8, PIPED = 16, BRACKETED = 32 };

/* How each code point folds: dedupe.folding.table.Table. */
typedef struct {
    const uint16_t *pages;
    const uint32_t *entries, *expansions;
    ptrdiff_t page_count, entry_count, expansion_count;
} Folding;

/* The tokens of texts, dedupe.folding.scan.Tokens, as they are made. */
typedef struct {
    uint64_t *hashes;
    uint8_t *kinds, *cases, *gaps;
    int64_t *starts, *stops, *offsets;
    uint32_t *codes;
    int64_t *bounds;
    ptrdiff_t tokens, letters;
} NewTokens;

ptrdiff_t folded_length(const Folding *table, const uint32_t *raw, ptrdiff_t count);
Trouble scan(const Folding *table, const uint32_t *raw, ptrdiff_t count, const int64_t *sizes,
             ptrdiff_t texts, NewTokens *out, ptrdiff_t room);

/* core.c */

/* The same, as they are read. */
typedef struct {
    const uint64_t *hashes;
    const uint8_t *kinds, *cases, *gaps;
    const int64_t *starts, *stops, *offsets;
    const uint32_t *codes;
    const int64_t *bounds;
    ptrdiff_t texts, tokens, letters;
} Tokens;

/* dedupe.folding.affixes.Core, as it is made. */
typedef struct {
    int64_t *heads, *tails;
    int16_t *versions;
    uint8_t *withdrawn;
} NewCore;

/* The text fields of dedupe.folding.Folded, as they are made. */
typedef struct {
    int64_t *starts, *stops;
    uint8_t *spaceless;
    uint64_t *prints;
} NewStories;

int are_sound(const Tokens *tokens);
int is_within(const Tokens *tokens, ptrdiff_t text, int64_t head, int64_t tail);
Trouble find_core(const Tokens *tokens, const Table *tags, const Table *gone, const Table *outlets,
                  const Table *learned, NewCore *out);
Trouble frame(const Tokens *tokens, const int64_t *heads, const int64_t *tails, NewStories *out);

/* sketch.c, anchors.c */

enum { MOST_SLOTS = 1024, ANCHORS = 5, ANCHOR_KEYS = ANCHORS * (ANCHORS - 1) / 2 };

/* The permutations of a seed and how signatures are cut: dedupe.sketch.minhash. */
typedef struct {
    const uint32_t *multipliers, *offsets;
    ptrdiff_t slots, bands;
} Sketch;

/* Folded stories: each is the code points from its start to its stop. */
typedef struct {
    const uint32_t *codes;
    const int64_t *starts, *stops;
    const uint8_t *spaceless;
    ptrdiff_t letters, texts;
} Stories;

Trouble band_keys(const Sketch *sketch, const Stories *stories, uint64_t *out);
Trouble anchor_keys(const Tokens *tokens, const int64_t *heads, const int64_t *tails,
                    const Table *words, const int64_t *weights, uint64_t *out);

/* align.c, verify.c */

/* What is known of a word: a row of dedupe.verify.align.Column.words. */
typedef struct {
    int32_t stem, concept, side, number, weight, sign;
} Word;

/* One field of all texts as words: dedupe.verify.align.Column. */
typedef struct {
    const int32_t *ids;
    const uint8_t *zones;
    const int64_t *starts, *stops;
    const Word *known;
    ptrdiff_t words, texts, vocabulary;
} Column;

enum { LONGEST = 64, ALIGNED_FEATURES = 16 };

/* The words of one text as a side of a pair. `best` holds of each the strength of its best match
 * and, below it, how far the match stands from the last place: of equal matches the first wins.
 * What follows the words up to a whole block matches nothing. */
typedef struct {
    int32_t ids[LONGEST], stems[LONGEST], concepts[LONGEST], sides[LONGEST];
    int32_t best[LONGEST], weights[LONGEST];
    uint8_t numbers[LONGEST], core[LONGEST];
    int count;
} Side;

int take_side(const Column *column, int64_t text, Side *side);
void fetch_side(const Column *column, const int64_t *texts, ptrdiff_t left);
void align(Side *left, Side *right);
void features_of(const Side *left, const Side *right, double *out);
Trouble aligned_features(const Column *column, const int64_t *left, const int64_t *right,
                         ptrdiff_t pairs, double *out);

/* context.c, spans.c */

enum { MEETINGS = 3 };

/* The anchor keys of texts, numbered, -1 for none, and how often the words of each have met. */
typedef struct {
    const int32_t *keys;
    const double *known;
    ptrdiff_t texts, count;
} Meetings;

int share_key(const int32_t *ours, const int32_t *theirs);
Trouble returning(const Meetings *met, const int64_t *left, const int64_t *right, ptrdiff_t pairs,
                  double *out);

/* Which records show which things on which days: dedupe.pipeline.spans.Calendar. */
typedef struct {
    const int64_t *starts;
    const int32_t *shown_by, *days;
    ptrdiff_t things, size, records;
} Calendar;

Trouble count_spans(const Calendar *calendar, const uint8_t *alive, int64_t *out);

/* tally.c */

/* The words of texts, those of text i from ends[i]: dedupe.pipeline.register.Holdings. */
typedef struct {
    const int64_t *ends;
    const int32_t *words;
    ptrdiff_t texts, size;
} Holdings;

Trouble count_words(const Holdings *held, const uint8_t *counted, int64_t *counts,
                    ptrdiff_t vocabulary);

/* forest.c */

enum { MOST_LEAVES = 8, TREES_AT_ONCE = 32, MOST_TREES = 1024, ALL_LEAVES = 0xFF };

/* Trees by feature, dedupe.verify.forest.Forest. */
typedef struct {
    const double *cuts;
    const int64_t *firsts;
    const uint8_t *left;
    const double *leaves;
    ptrdiff_t questions, features, rows, trees, room;
} Forest;

int is_forest(const Forest *forest, ptrdiff_t columns);
void ask(const Forest *forest, const double *row, ptrdiff_t first, ptrdiff_t last, uint8_t *left);
double sum_leaves(const Forest *forest, const uint8_t *left);
Trouble log_odds(const Forest *forest, const double *rows, ptrdiff_t count, ptrdiff_t columns,
                 double *totals);

/* screen.c */

/* The features of a row: a field that leads, one that backs it, each with the ratio of characters
 * at last, and the context: dedupe.verify.FEATURES. */
enum {
    VIEW = ALIGNED_FEATURES + 1,
    GAP = 2 * VIEW,
    RECURRENCE, RECURRENCE_WEEKS, SAME_SOURCE, RETURNS, RETURNS_WEEKS, CROWD,
    FEATURES,
    CONTEXT = FEATURES - GAP,
};

/* The looks of pairs: a view each for the field that leads and the one that backs it, and the
 * context. */
typedef struct {
    const double *lead, *back, *context;
    ptrdiff_t pairs;
} Looks;

Trouble judge_looks(const Forest *forest, const Looks *looks, double *odds, double *hopes);

/* Pairs of records with one field or two: their words, their anchor keys, which a glance does
 * without, and how far apart and whose they are. */
typedef struct {
    Column columns[2];
    int fields;
    const int32_t *keys;
    const Forest *forest;
    const int64_t *left, *right;
    const double *gaps, *same_source;
    ptrdiff_t pairs;
} Screen;

Trouble screen_pairs(const Screen *screen, double *odds);

/* glance.c */

/* The features of a glance: a bag of words for the field that leads and one for the one that backs
 * it, the gap and whether one outlet wrote both: dedupe.verify.glance.GLANCE. */
enum { BAG = 7, GLANCED = 2 * BAG + 2 };

Trouble glance_pairs(const Screen *glance, double *odds);

/* Choose the loops that this processor can run. */
void choose_alignment(int wide);
void choose_sketch(int wide);
void choose_forest(int wide);

#endif
