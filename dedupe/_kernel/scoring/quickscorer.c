/* A sum of small trees over rows of features: the twin of dedupe.scoring.model.Model.log_odds, by
 * the table of dedupe.scoring.quickscorer. */

#include <math.h>
#include <string.h>

#include "kernel.h"

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

/* The leaves that are the first left of their trees. They are whole numbers of one small unit, so
 * that no order of adding them matters. */
double sum_leaves(const QuickScorer *scorer, const uint8_t *left) {
    enum { SUMS = 4 };
    double sums[SUMS] = {0};
    for (ptrdiff_t tree = 0; tree < scorer->trees; tree += SUMS)
        for (int i = 0; i < SUMS; i++)
            sums[i] += scorer->leaves[(tree + i) * MOST_LEAVES + first_bit(left[tree + i])];
    return sums[0] + sums[1] + sums[2] + sums[3];
}

INLINE void rule_out(const QuickScorer* scorer, const uint8_t* restrict stays,
                     uint8_t* restrict left) {
    for (ptrdiff_t tree = 0; tree < scorer->trees; tree += TREES_AT_ONCE)
        for (int lane = 0; lane < TREES_AT_ONCE; lane++) left[tree + lane] &= stays[tree + lane];
}

/* Rule out of `left` what the features from `first` up to `last` rule out. */
INLINE void ask_body(const QuickScorer *scorer, const double *row, ptrdiff_t first, ptrdiff_t last,
                     uint8_t *left) {
    for (ptrdiff_t f = first; f < last; f++)
        if (scorer->firsts[f] < scorer->firsts[f + 1])
            rule_out(scorer, answer(scorer, f, row[f]), left);
}

static void ask_plain(const QuickScorer *scorer, const double *row, ptrdiff_t first, ptrdiff_t last,
                      uint8_t *left) {
    ask_body(scorer, row, first, last, left);
}

WIDE static void ask_wide(const QuickScorer* scorer, const double* row, ptrdiff_t first,
                          ptrdiff_t last, uint8_t* left) {
    ask_body(scorer, row, first, last, left);
}

static void (*chosen)(const QuickScorer*, const double*, ptrdiff_t, ptrdiff_t,
                      uint8_t*) = ask_plain;

void choose_scorer(int wide) { chosen = wide ? ask_wide : ask_plain; }

void ask(const QuickScorer* scorer, const double* row, ptrdiff_t first, ptrdiff_t last,
         uint8_t* left) {
    chosen(scorer, row, first, last, left);
}

/* Add to each row's total its leaves. */
Trouble log_odds(const QuickScorer *scorer, const double *rows, ptrdiff_t count, ptrdiff_t columns,
                 double *totals) {
    if (!is_scorer(scorer, columns)) return BAD_ARRAY;
    uint8_t left[MOST_TREES];
    for (ptrdiff_t row = 0; row < count; row++) {
        memset(left, ALL_LEAVES, (size_t)scorer->trees);
        ask(scorer, rows + row * columns, 0, columns, left);
        totals[row] += sum_leaves(scorer, left);
    }
    return FINE;
}
