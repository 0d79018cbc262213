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

/* hash_table.c */

/* Sorted hashes, and where those of each value of their upper bits begin. */
typedef struct {
    const uint64_t *keys;
    ptrdiff_t count;
    uint32_t *firsts;
    int shift;
} Table;

Trouble open_table(Table *table, const uint64_t *keys, ptrdiff_t count, ptrdiff_t wanted_count);
void close_table(Table *table);
Trouble find_hashes(const uint64_t *keys, ptrdiff_t count, const uint64_t *wanted,
                    ptrdiff_t wanted_count, int64_t *out);
Trouble find_sorted(const int64_t* held, ptrdiff_t count, const int64_t* wanted,
                    ptrdiff_t wanted_count, int64_t* out);

/* Stretches of an array. */
typedef struct {
    const int64_t *starts, *ends;
    ptrdiff_t count;
} Spans;

Trouble first_seen(const uint64_t *hashes, const Spans *words, const uint32_t *codes,
                   ptrdiff_t letters, int64_t *out, ptrdiff_t *found);

/* tokenize.c */

/* dedupe.text.char_table.CharClass, and the bits of dedupe.text.tokenize.GAP_BITS. */
enum {
    SPACE, LETTER, DIGIT, IDEOGRAPH, SYMBOL, DROPPED, APOSTROPHE,
    PERIOD, COMMA, HYPHEN, DASH, COLON, PIPE, BRACKET,
};
enum { SPACED = 1, HYPHENED = 2, DASHED = 4, COLONED = 8, PIPED = 16, BRACKETED = 32 };

/* How each code point is normalised: dedupe.text.char_table.CharTable. */
typedef struct {
    const uint16_t *pages;
    const uint32_t *entries, *expansions;
    ptrdiff_t page_count, entry_count, expansion_count;
} CharTable;

/* The tokens of texts, dedupe.text.tokenize.Tokens, as they are made. */
typedef struct {
    uint64_t *hashes;
    uint8_t *classes, *cases, *gaps;
    int64_t *starts, *ends, *offsets;
    uint32_t *codes;
    int64_t *bounds;
    ptrdiff_t tokens, letters;
} NewTokens;

ptrdiff_t normalized_length(const CharTable *table, const uint32_t *raw, ptrdiff_t count);
Trouble tokenize(const CharTable *table, const uint32_t *raw, ptrdiff_t count, const int64_t *sizes,
             ptrdiff_t texts, NewTokens *out, ptrdiff_t room);

/* text/affixes.c */

/* The same, as they are read. */
typedef struct {
    const uint64_t *hashes;
    const uint8_t *classes, *cases, *gaps;
    const int64_t *starts, *ends, *offsets;
    const uint32_t *codes;
    const int64_t *bounds;
    ptrdiff_t texts, tokens, letters;
} Tokens;

/* dedupe.text.affixes.Core, as it is made. */
typedef struct {
    int64_t *core_starts, *core_ends;
    int16_t *versions;
    uint8_t *withdrawn;
} NewCore;

/* The text fields of dedupe.text.normalize.NormalizedTexts, as they are made. */
typedef struct {
    int64_t *starts, *ends;
    uint8_t *spaceless;
    uint64_t *fingerprints;
} NewTexts;

int are_sound(const Tokens *tokens);
int is_within(const Tokens *tokens, ptrdiff_t text, int64_t core_start, int64_t core_end);
Trouble find_core(const Tokens *tokens, const Table *tags, const Table *gone, const Table *outlets,
                  const Table *learned, NewCore *out);
Trouble frame(const Tokens* tokens, const int64_t* core_starts, const int64_t* core_ends,
              NewTexts* out);

/* minhash.c, blocking/rare_pairs.c */

enum { MOST_SLOTS = 1024, RARE_WORDS = 5, RARE_PAIRS = RARE_WORDS * (RARE_WORDS - 1) / 2 };

/* The permutations of a seed and how signatures are cut: dedupe.blocking.minhash. */
typedef struct {
    const uint32_t *multipliers, *offsets;
    ptrdiff_t slots, bands;
} MinHash;

/* Cores of normalised texts: each is the code points from its start to its stop. */
typedef struct {
    const uint32_t *codes;
    const int64_t *starts, *ends;
    const uint8_t *spaceless;
    ptrdiff_t letters, texts;
} Texts;

Trouble band_keys(const MinHash *minhash, const Texts *cores, uint64_t *out);
Trouble rare_pair_keys(const Tokens *tokens, const int64_t *core_starts, const int64_t *core_ends,
                    const Table *words, const int64_t *weights, uint64_t *out);

/* scoring/align.c, scoring/features.c */

/* What is known of a word: a row of dedupe.scoring.align.Column.words. */
typedef struct {
    int32_t stem, concept, side, number, weight, sign;
} Word;

/* One field of all texts as words: dedupe.scoring.align.Column. */
typedef struct {
    const int32_t *ids;
    const uint8_t *zones;
    const int64_t *starts, *ends;
    const Word *known;
    ptrdiff_t words, texts, vocabulary;
} Column;

enum { LONGEST = 64, ALIGNED_FEATURES = 16 };

/* The words of one text as a side of a pair. `best` holds of each the match_similarity of its best
 * match and, below it, how far the match stands from the last place: of equal matches the first
 * wins. What follows the words up to a whole block matches nothing. */
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

/* scoring/pair_context.c, scoring/active_days.c */

enum { RETURN_COUNTS = 3 };

/* The rare-pair keys of texts, numbered, -1 for none, and how often each pair recurs. */
typedef struct {
    const int32_t *keys;
    const double *known;
    ptrdiff_t texts, count;
} PairReturns;

int share_key(const int32_t *ours, const int32_t *theirs);
Trouble returning(const PairReturns* returns, const int64_t* left, const int64_t* right,
                  ptrdiff_t pairs, double* out);

/* Which records show which values on which days: dedupe.scoring.active_days.ActiveDays. */
typedef struct {
    const int64_t *starts;
    const int32_t *shown_by, *days;
    ptrdiff_t values, size, records;
} ActiveDays;

Trouble count_spans(const ActiveDays *active_days, const uint8_t *survivors, int64_t *out);

/* scoring/corpus_stats.c */

/* The words of texts, those of text i from ends[i]: dedupe.scoring.corpus_stats.WordColumn. */
typedef struct {
    const int64_t *ends;
    const int32_t *words;
    ptrdiff_t texts, size;
} WordColumn;

Trouble count_words(const WordColumn *held, const uint8_t *counted, int64_t *counts,
                    ptrdiff_t vocabulary);

/* scorer.c */

enum { MOST_LEAVES = 8, TREES_AT_ONCE = 32, MOST_TREES = 1024, ALL_LEAVES = 0xFF };

/* Trees by feature, dedupe.scoring.quickscorer.QuickScorer. */
typedef struct {
    const double *cuts;
    const int64_t *firsts;
    const uint8_t *left;
    const double *leaves;
    ptrdiff_t questions, features, rows, trees, room;
} QuickScorer;

int is_scorer(const QuickScorer *scorer, ptrdiff_t columns);
void ask(const QuickScorer* scorer, const double* row, ptrdiff_t first, ptrdiff_t last,
         uint8_t* left);
double sum_leaves(const QuickScorer *scorer, const uint8_t *left);
Trouble log_odds(const QuickScorer *scorer, const double *rows, ptrdiff_t count, ptrdiff_t columns,
                 double *totals);

/* pairs.c */

/* The features of a row: a field that leads, one that backs it, each with the ratio of characters
 * at last, and the context: dedupe.scoring.score.FEATURES. */
enum {
    VIEW = ALIGNED_FEATURES + 1,
    GAP = 2 * VIEW,
    RECURRENCE, RECURRENCE_WEEKS, SAME_SOURCE, RETURNS, RETURNS_WEEKS, BUCKET_SIZE,
    FEATURES,
    CONTEXT = FEATURES - GAP,
};

/* The rows of pairs: a view each for the field that leads and the one that backs it, and the
 * context. */
typedef struct {
    const double *primary, *back, *context;
    ptrdiff_t pairs;
} FeatureRows;

Trouble score_features(const QuickScorer* scorer, const FeatureRows* rows, double* odds,
                       double* upper_bounds);

/* Pairs of records with one field or two: their words, their rare-pair keys, which the pre-filter
 * does without, and how far apart and whose they are. */
typedef struct {
    Column columns[2];
    int fields;
    const int32_t *keys;
    const QuickScorer *scorer;
    const int64_t *left, *right;
    const double *gaps, *same_source;
    ptrdiff_t pairs;
} PairFields;

Trouble bound_pairs(const PairFields *pairs, double *odds);

/* pairs.c */

/* The features of a pairs: a bag of words for the field that leads and one for the one that backs
 * it, the gap and whether one outlet wrote both: dedupe.scoring.prefilter.PREFILTER_FEATURES. */
enum { BAG = 7, PREFILTER_FEATURES = 2 * BAG + 2 };

Trouble prefilter_pairs(const PairFields *pairs, double *odds);

/* Choose the loops that this processor can run. */
void choose_alignment(int wide);
void choose_minhash(int wide);
void choose_scorer(int wide);

#endif
