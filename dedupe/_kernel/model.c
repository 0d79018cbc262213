/* A sum of small trees over rows of features: the twin of dedupe.verify.model.Model.log_odds. */

#include <math.h>
#include <stdlib.h>

#include "kernel.h"

enum {
    BLOCK = 64,      /* rows that are judged side by side */
    MOST_NODES = 64, /* of one tree */
};

/* Whether the nodes from `first` are a tree, each before those that it leads to. */
static int is_tree(const Forest *forest, int64_t first, int64_t last, ptrdiff_t columns) {
    if (last <= first || last - first > MOST_NODES || last > forest->nodes) return 0;
    for (int64_t at = first; at < last; at++) {
        if (forest->features[at] < 0) continue;
        if (forest->features[at] >= columns || isnan(forest->thresholds[at])) return 0;
        if (forest->yes[at] <= at || forest->yes[at] >= last) return 0;
        if (forest->no[at] <= at || forest->no[at] >= last) return 0;
    }
    return 1;
}

static int64_t last_of(const Forest *forest, ptrdiff_t tree) {
    return tree + 1 < forest->trees ? forest->roots[tree + 1] : forest->nodes;
}

static int is_forest(const Forest *forest, ptrdiff_t columns) {
    for (ptrdiff_t tree = 0; tree < forest->trees; tree++) {
        if (forest->roots[tree] < 0) return 0;
        if (!is_tree(forest, forest->roots[tree], last_of(forest, tree), columns)) return 0;
    }
    return 1;
}

/* One question, asked of a block of rows: each takes the value of the branch that it goes. A
 * missing value, NaN, is on neither side of a threshold. */
INLINE void ask_body(const double *restrict asked, double threshold, int missing,
                     const double *restrict yes, const double *restrict no,
                     double *restrict out) {
    if (missing)
        for (int i = 0; i < BLOCK; i++) out[i] = asked[i] > threshold ? no[i] : yes[i];
    else
        for (int i = 0; i < BLOCK; i++) out[i] = asked[i] <= threshold ? yes[i] : no[i];
}

static void ask_plain(const double *asked, double threshold, int missing, const double *yes,
                      const double *no, double *out) {
    ask_body(asked, threshold, missing, yes, no, out);
}

WIDE static void ask_wide(const double *asked, double threshold, int missing, const double *yes,
                          const double *no, double *out) {
    ask_body(asked, threshold, missing, yes, no, out);
}

static void (*ask)(const double *, double, int, const double *, const double *, double *) =
    ask_plain;

void choose_model(int wide) { ask = wide ? ask_wide : ask_plain; }

/* Add a tree's leaf to each row's total: its nodes are worked out from the last to the root. */
static void add_tree(const Forest *forest, int64_t first, int64_t last, const double *block,
                     double *total) {
    double values[MOST_NODES][BLOCK];
    for (int64_t at = last - 1; at >= first; at--) {
        double *own = values[at - first];
        if (forest->features[at] < 0)
            for (int i = 0; i < BLOCK; i++) own[i] = forest->values[at];
        else
            ask(block + forest->features[at] * BLOCK, forest->thresholds[at],
                forest->missing[at] != 0, values[forest->yes[at] - first],
                values[forest->no[at] - first], own);
    }
    for (int i = 0; i < BLOCK; i++) total[i] += values[0][i];
}

/* Lay out a block of rows column by column. */
static void turn(const double *rows, ptrdiff_t size, ptrdiff_t columns, double *block) {
    for (ptrdiff_t row = 0; row < size; row++)
        for (ptrdiff_t column = 0; column < columns; column++)
            block[column * BLOCK + row] = rows[row * columns + column];
}

/* Add to each row's total its leaves, in the order of the trees. */
Trouble log_odds(const Forest *forest, const double *rows, ptrdiff_t count, ptrdiff_t columns,
                 double *totals) {
    if (!is_forest(forest, columns)) return BAD_ARRAY;
    double *block = calloc((size_t)columns * BLOCK + 1, sizeof *block);
    if (!block) return NO_MEMORY;
    for (ptrdiff_t first = 0; first < count; first += BLOCK) {
        ptrdiff_t size = count - first < BLOCK ? count - first : BLOCK;
        double total[BLOCK] = {0};
        turn(rows + first * columns, size, columns, block);
        for (ptrdiff_t i = 0; i < size; i++) total[i] = totals[first + i];
        for (ptrdiff_t tree = 0; tree < forest->trees; tree++)
            add_tree(forest, forest->roots[tree], last_of(forest, tree), block, total);
        for (ptrdiff_t i = 0; i < size; i++) totals[first + i] = total[i];
    }
    free(block);
    return FINE;
}
