/* A sum of small trees over rows of features: the twin of dedupe.verify.model.Model.log_odds. */

#include "kernel.h"

enum { BLOCK = 32 }; /* rows that go down a tree side by side, to hide each step's latency */

/* A node as it is walked: a leaf asks any question and stays. */
struct Node {
    double threshold, value;
    int32_t feature, missing;
    int32_t next[2]; /* where to go on no, on yes */
};

size_t forest_size(const Forest *forest) { return (size_t)forest->nodes * sizeof(Node); }

static int inside(int64_t place, ptrdiff_t count) { return place >= 0 && place < count; }

/* Lay the nodes out for the walk. Returns the first one (or root) that points outside of the
 * arrays or of a row, or ALL_GOOD. */
ptrdiff_t pack_forest(const Forest *forest, ptrdiff_t columns, Node *out) {
    for (ptrdiff_t tree = 0; tree < forest->trees; tree++)
        if (!inside(forest->roots[tree], forest->nodes)) return tree;
    for (ptrdiff_t i = 0; i < forest->nodes; i++) {
        int64_t feature = forest->features[i], yes = forest->yes[i], no = forest->no[i];
        if (feature < 0) feature = 0, yes = no = i;
        if (!inside(feature, columns)) return i;
        if (!inside(yes, forest->nodes) || !inside(no, forest->nodes)) return i;
        out[i] = (Node){forest->thresholds[i], forest->values[i], (int32_t)feature,
                        forest->missing[i], {(int32_t)no, (int32_t)yes}};
    }
    return ALL_GOOD;
}

INLINE int32_t step(const Node *node, const double *row) {
    double value = row[node->feature];
    return node->next[(value <= node->threshold) | ((value != value) & (node->missing != 0))];
}

/* The log-odds of each row; every row adds up its trees in their order. */
void log_odds(const Forest *forest, const Node *nodes, const double *rows, ptrdiff_t count,
              ptrdiff_t columns, double *out) {
    for (ptrdiff_t first = 0; first < count; first += BLOCK) {
        ptrdiff_t size = count - first < BLOCK ? count - first : BLOCK;
        const double *block = rows + first * columns;
        for (ptrdiff_t i = 0; i < size; i++) out[first + i] = forest->base;
        for (ptrdiff_t tree = 0; tree < forest->trees; tree++) {
            int32_t at[BLOCK];
            for (ptrdiff_t i = 0; i < size; i++) at[i] = (int32_t)forest->roots[tree];
            for (long level = 0; level < forest->depth; level++)
                for (ptrdiff_t i = 0; i < size; i++)
                    at[i] = step(nodes + at[i], block + i * columns);
            for (ptrdiff_t i = 0; i < size; i++) out[first + i] += nodes[at[i]].value;
        }
    }
}
