/* Compare two texts: what the files of scoring/ share. */

#ifndef DEDUPE_SCORE_H
#define DEDUPE_SCORE_H

#include "text/text.h"

/* dedupe.scoring.align */
enum { WHOLE = 16, MATCH_STEM = 14, MATCH_CONCEPT = 11, SIMILAR = 9, FULL = 8 };

/* The words of one text that are compared, and how each is matched. pick_words chooses them,
 * spread_words lays out what the loops look at. `meets` has a bit for each word of the left text that
 * has the same key or stem or a concept in common, `joint` the letters of a word and the next one, 0
 * where one of them is no word, `pairs` a bit for a hash of each such length and first letter.
 * `word_weights` are 0 for what is no word, `told` what counts of all words in `words_met`, `flags`
 * those of any word, `head` is the first word that tells something, -1 for none. */
enum { WIDTH = MOST_TOKENS + 16, MASKS = (WIDTH + 63) / 64 };

typedef struct {
    const Token *tokens[WIDTH];
    uint32_t keys[WIDTH], stems[WIDTH];
    int32_t weights[WIDTH];
    uint16_t joint[WIDTH];
    uint8_t kinds[WIDTH], lengths[WIDTH], first[WIDTH], last[WIDTH], match[WIDTH];
    uint8_t word_weights[WIDTH];
    uint64_t meets[WIDTH][MASKS], pairs;
    int16_t place[WIDTH];
    const uint8_t *letters;
    int64_t weight;
    int count, ideographs, numbers, told, head;
    unsigned facts, flags;
} Side;

/* The words of the left text by hashes of their keys, stems and concepts, and by their first and last
 * letters, a bit each. */
enum { WORD_SLOTS = 512, LETTER_SLOTS = 32 };

typedef struct {
    uint64_t slots[MASKS][WORD_SLOTS];
    uint64_t first[MASKS][LETTER_SLOTS], last[MASKS][LETTER_SLOTS];
} WordTable;

/* Prepared texts as they are stored: dedupe.tokens.PreparedTexts. */
typedef struct {
    const Token *tokens;
    const int64_t *offsets, *letter_offsets;
    const uint8_t *letters, *facts;
    ptrdiff_t texts, token_count, letter_count;
} Contents;

/* dedupe.scoring.features.FEATURES */
enum {
    DICE, COVERAGE, SHARED, REST_MIN, REST_MAX, TOP_MIN, TOP_MAX, NUMBERS_MIN, NUMBERS_MAX,
    NEGATION_ALONE, OPPOSED, ORDER, SWAPPED, HEAD, WORDS_MET, WORDS_MAX, LOOSE_MIN, LOOSE_MAX,
    NAMES_MIN, NAMES_MAX, CALENDAR, GENRE, IDEOGRAPHS, RAREST, SLOT_COUNT, SLOT_WEIGHT,
    PLACES, QUESTION_ALONE, REACTION_ALONE, NOTICES, SERIES_WORDS, FEATURES,
};

/* The trees of the model by feature: dedupe.scoring.quickscorer. */
enum { MOST_LEAVES = 8, TREES_AT_ONCE = 32, MOST_TREES = 512, MOST_FEATURES = 32 };

typedef struct {
    const double *cuts, *leaves;
    const int64_t *firsts;
    const uint8_t *left;
    ptrdiff_t questions, features, rows, trees, room;
    double base;
} QuickScorer;

/* trees.c: `left` has the leaves of each tree that no feature has ruled out so far. */
int is_scorer(const QuickScorer *scorer, ptrdiff_t columns);
void all_leaves(const QuickScorer *scorer, uint8_t *left);
void rule_out(const QuickScorer *scorer, const double *row, uint32_t features, uint8_t *left);
double sum_leaves(const QuickScorer *scorer, const uint8_t *left);
double sum_trees(const QuickScorer *scorer, const double *row);

/* words.c */
int pick_words(const Contents *contents, ptrdiff_t text, Side *side, int no_numbers);
void spread_words(Side *side);
void fill_table(WordTable *table, const Side *side);
int find_meetings(const WordTable *table, const Side *left, Side *right);

void align(const WordTable *table, Side *left, Side *right);

/* Features that never count for a pair and take long to find: without them the log-odds are an upper
 * bound. fill_counts finds all others. */
enum {
    LATE_FEATURES = 1 << NEGATION_ALONE | 1 << OPPOSED | 1 << ORDER | 1 << SWAPPED |
                    1 << SLOT_COUNT | 1 << SLOT_WEIGHT,
};

/* word_order.c */
double late_share(const Side *side);
int is_swapped(const Side *left, const Side *right);
int count_slots(const Side *left, const Side *right, int64_t *heaviest);

/* features.c */
void fill_counts(const Side *left, const Side *right, double *out);
void fill_late(const Side *left, const Side *right, double *out);

INLINE int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE int64_t greater(int64_t a, int64_t b) { return a > b ? a : b; }

/* A bit for a number of letters and the first of them. */
INLINE uint64_t pair_bit(unsigned letters, unsigned first) {
    return UINT64_C(1) << (letters * 9 + first) % 64;
}

/* The place of the lowest bit, which there is. */
INLINE int lowest_bit(uint64_t bits) {
#if defined(__GNUC__) || defined(__clang__)
    return __builtin_ctzll(bits);
#else
    int place = 0;
    while (!(bits >> place & 1)) place++;
    return place;
#endif
}

/* Whether two words have a concept in common. */
INLINE int share_concept(const Token *one, const Token *other) {
    int shared = 0;
    for (int a = 0; a < MOST_CONCEPTS; a++)
        for (int b = 0; b < MOST_CONCEPTS; b++)
            shared |= one->concepts[a] && one->concepts[a] == other->concepts[b];
    return shared;
}

/* Whether a word is one of those that carry no news. */
INLINE int is_function(const Side *side, int at) { return side->tokens[at]->flags & IS_FUNCTION; }

/* What a token that tells something counts in `words_met`: features.IDEOGRAPH_WORDS. */
INLINE int told_share(int kind) { return kind == SIGN ? 0 : kind == CHARACTER ? 5 : FULL; }

/* How many eighths of a word's weight count. */
INLINE int zone_factor(const Token *token) { return token->zone == ZONE_CORE ? FULL : 3; }

#endif
