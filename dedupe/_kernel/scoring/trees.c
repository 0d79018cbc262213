/* A sum of small trees over rows of features: the twin of dedupe.scoring.model.Model.log_odds, by
 * the table of dedupe.scoring.quickscorer. */

#include <math.h>
#include <string.h>

#include "scoring/score.h"

/* Whether no answer can lead out of the table. */
int is_scorer(const QuickScorer *scorer, ptrdiff_t columns) {
    if (scorer->features != columns || scorer->firsts[0] != 0) return 0;
    for (ptrdiff_t f = 0; f < columns; f++) {
        if (scorer->firsts[f + 1] < scorer->firsts[f]) return 0;
        if (scorer->firsts[f + 1] > scorer->questions) return 0;
    }
    return scorer->firsts[columns] == scorer->questions && scorer->trees % TREES_AT_ONCE == 0 &&
           scorer->trees <= MOST_TREES && scorer->rows == scorer->questions + 2 * columns &&
           scorer->room == (scorer->trees + 1) * MOST_LEAVES;
}

/* How many cuts are less than the value. */
INLINE ptrdiff_t cuts_below(const double *cuts, ptrdiff_t count, double value) {
    ptrdiff_t below = 0;
    while (count > 0) {
        ptrdiff_t half = (count + 1) / 2;
        below += cuts[below + half - 1] < value ? half : 0;
        count -= half;
    }
    return below;
}

/* What a feature's value leaves of all trees. */
INLINE const uint8_t *answer(const QuickScorer *scorer, ptrdiff_t feature, double value) {
    ptrdiff_t first = scorer->firsts[feature], count = scorer->firsts[feature + 1] - first;
    ptrdiff_t row = isnan(value) ? count + 1 : cuts_below(scorer->cuts + first, count, value);
    return scorer->left + (first + 2 * feature + row) * scorer->trees;
}

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

INLINE double sum_body(const QuickScorer *scorer, const double *row) {
    enum { SUMS = 4 };
    uint8_t left[MOST_TREES];
    double sums[SUMS] = {0};
    memset(left, 0xFF, (size_t)scorer->trees);
    for (ptrdiff_t f = 0; f < scorer->features; f++) {
        if (scorer->firsts[f] == scorer->firsts[f + 1]) continue;
        const uint8_t *stays = answer(scorer, f, row[f]);
        for (ptrdiff_t tree = 0; tree < scorer->trees; tree++) left[tree] &= stays[tree];
    }
    for (ptrdiff_t tree = 0; tree < scorer->trees; tree += SUMS)
        for (int i = 0; i < SUMS; i++)
            sums[i] += scorer->leaves[(tree + i) * MOST_LEAVES + first_bit(left[tree + i])];
    return scorer->base + (sums[0] + sums[1] + sums[2] + sums[3]);
}

static double sum_plain(const QuickScorer *scorer, const double *row) {
    return sum_body(scorer, row);
}

WIDE static double sum_wide(const QuickScorer *scorer, const double *row) {
    return sum_body(scorer, row);
}

static double (*chosen)(const QuickScorer *, const double *) = sum_plain;

void choose_scorer(int wide) { chosen = wide ? sum_wide : sum_plain; }

/* The log-odds of a row. Leaves are whole numbers of one small unit, so that no order of adding
 * them matters. */
double sum_trees(const QuickScorer *scorer, const double *row) { return chosen(scorer, row); }
