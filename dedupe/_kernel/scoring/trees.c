/* A sum of small trees over rows of features: the twin of dedupe.scoring.model.Model.log_odds, by
 * the table of dedupe.scoring.quickscorer. */

#include <math.h>
#include <string.h>

#include "scoring/score.h"

enum { ANSWERS_AT_ONCE = 4 };

/* Whether no answer can lead out of the table. */
int is_scorer(const QuickScorer *scorer, ptrdiff_t columns) {
    if (scorer->features != columns || columns > MOST_FEATURES || scorer->firsts[0] != 0) return 0;
    for (ptrdiff_t f = 0; f < columns; f++) {
        if (scorer->firsts[f + 1] < scorer->firsts[f]) return 0;
        if (scorer->firsts[f + 1] > scorer->questions) return 0;
    }
    return scorer->firsts[columns] == scorer->questions && scorer->trees % TREES_AT_ONCE == 0 &&
           scorer->trees <= MOST_TREES && scorer->rows == scorer->questions + 2 * columns &&
           scorer->room == (scorer->trees + 1) * MOST_LEAVES;
}

/* How many cuts are less than the value; they are few, and a loop without branches finds it soonest. */
INLINE ptrdiff_t cuts_below(const double *cuts, ptrdiff_t count, double value) {
    ptrdiff_t below = 0;
    for (ptrdiff_t i = 0; i < count; i++) below += cuts[i] < value;
    return below;
}

/* The answers of some features that rule out any leaf, the last one again up to a full step; returns
 * how many there are. */
INLINE int answers(const QuickScorer *scorer, const double *row, uint32_t features,
                   const uint8_t **out) {
    int count = 0;
    for (ptrdiff_t f = 0; f < scorer->features; f++) {
        ptrdiff_t first = scorer->firsts[f], cuts = scorer->firsts[f + 1] - first;
        if (!cuts || !(features >> f & 1)) continue;
        ptrdiff_t above = isnan(row[f]) ? cuts + 1 : cuts_below(scorer->cuts + first, cuts, row[f]);
        out[count] = scorer->left + (first + 2 * f + above) * scorer->trees;
        count += above > 0;
    }
    for (; count % ANSWERS_AT_ONCE; count++) out[count] = out[count - 1];
    return count;
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

INLINE void rule_out_body(const QuickScorer *scorer, const double *row, uint32_t features,
                          uint8_t *restrict left) {
    const uint8_t *rows[MOST_FEATURES];
    int count = answers(scorer, row, features, rows);
    for (int i = 0; i < count; i += ANSWERS_AT_ONCE) {
        const uint8_t *a = rows[i], *b = rows[i + 1], *c = rows[i + 2], *d = rows[i + 3];
        for (ptrdiff_t start = 0; start < scorer->trees; start += TREES_AT_ONCE)
            for (ptrdiff_t tree = start; tree < start + TREES_AT_ONCE; tree++)
                left[tree] &= a[tree] & b[tree] & c[tree] & d[tree];
    }
}

static void rule_out_plain(const QuickScorer *scorer, const double *row, uint32_t features,
                           uint8_t *left) {
    rule_out_body(scorer, row, features, left);
}

WIDE static void rule_out_wide(const QuickScorer *scorer, const double *row, uint32_t features,
                               uint8_t *left) {
    rule_out_body(scorer, row, features, left);
}

static void (*chosen)(const QuickScorer *, const double *, uint32_t, uint8_t *) = rule_out_plain;

void choose_scorer(int wide) { chosen = wide ? rule_out_wide : rule_out_plain; }

void all_leaves(const QuickScorer *scorer, uint8_t *left) {
    memset(left, 0xFF, (size_t)scorer->trees);
}

/* Rule out leaves by some features, a bit each. */
void rule_out(const QuickScorer *scorer, const double *row, uint32_t features, uint8_t *left) {
    chosen(scorer, row, features, left);
}

/* The sum of the first leaf that is left of each tree. Leaves are whole numbers of one small unit,
 * so that no order of adding them matters. */
double sum_leaves(const QuickScorer *scorer, const uint8_t *left) {
    enum { SUMS = 4 };
    double sums[SUMS] = {0};
    for (ptrdiff_t tree = 0; tree < scorer->trees; tree += SUMS)
        for (int i = 0; i < SUMS; i++)
            sums[i] += scorer->leaves[(tree + i) * MOST_LEAVES + first_bit(left[tree + i])];
    return scorer->base + (sums[0] + sums[1] + sums[2] + sums[3]);
}

/* The log-odds of a row. */
double sum_trees(const QuickScorer *scorer, const double *row) {
    uint8_t left[MOST_TREES];
    all_leaves(scorer, left);
    rule_out(scorer, row, ~UINT32_C(0), left);
    return sum_leaves(scorer, left);
}
