/* Compare two texts: what the files of scoring/ share. */

#ifndef DEDUPE_SCORE_H
#define DEDUPE_SCORE_H

#include "text/text.h"

/* dedupe.scoring.align */
enum { WHOLE = 16, MATCH_STEM = 14, MATCH_CONCEPT = 11, SIMILAR = 9, FULL = 8 };

/* The words of one text that are compared, and how each is matched. `meets` has a bit for each word
 * of another text that has the same key or stem or a concept in common (find_meetings). Arrays are
 * padded, so that loops may run a few places over. */
enum { WIDTH = MOST_TOKENS + 16, MASKS = (WIDTH + 63) / 64 };

typedef struct {
    const Token *tokens[WIDTH];
    uint32_t keys[WIDTH], stems[WIDTH];
    uint16_t concepts[WIDTH][MOST_CONCEPTS];
    uint8_t kinds[WIDTH], match[WIDTH];
    uint64_t meets[WIDTH][MASKS], with_concepts[MASKS];
    int16_t place[WIDTH];
    const uint8_t *letters;
    int count, ideographs, numbers;
    unsigned facts;
} Side;

/* Prepared texts as they are stored: dedupe.text.tokens.PreparedTexts. */
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
    PLACES, QUESTION_ALONE, REACTION_ALONE, FEATURES,
};

/* The trees of the model by feature: dedupe.scoring.quickscorer. */
enum { MOST_LEAVES = 8, TREES_AT_ONCE = 32, MOST_TREES = 512 };

typedef struct {
    const double *cuts, *leaves;
    const int64_t *firsts;
    const uint8_t *left;
    ptrdiff_t questions, features, rows, trees, room;
    double base;
} QuickScorer;

int is_scorer(const QuickScorer *scorer, ptrdiff_t columns);
double sum_trees(const QuickScorer *scorer, const double *row);

int gather(const Contents *contents, ptrdiff_t text, Side *side, int no_numbers);
void find_meetings(Side *left, const Side *right);
void align(Side *left, Side *right);
void fill_features(const Side *left, const Side *right, double *out);

/* Whether a word is one of those that carry no news. */
INLINE int is_function(const Side *side, int at) { return side->tokens[at]->flags & IS_FUNCTION; }

/* How many eighths of a word's weight count. */
INLINE int zone_factor(const Token *token) { return token->zone == ZONE_CORE ? FULL : 3; }

#endif
