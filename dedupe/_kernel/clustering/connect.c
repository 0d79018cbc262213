/* Connected components by disjoint sets with path halving (Tarjan and van Leeuwen 1984): the twin of
 * components in dedupe/arrays.py. */

#include "clustering/connect.h"

static int64_t top_of(int64_t *labels, int64_t node) {
    while (labels[node] != node) {
        labels[node] = labels[labels[node]];
        node = labels[node];
    }
    return node;
}

/* Lower each node's label, at first the node itself, to the lowest node that it is connected to. */
Trouble connect(const int64_t *left, const int64_t *right, ptrdiff_t pairs, int64_t *labels,
                ptrdiff_t nodes) {
    for (ptrdiff_t i = 0; i < nodes; i++)
        if (labels[i] < 0 || labels[i] > i) return BAD_ARRAY;
    for (ptrdiff_t i = 0; i < pairs; i++) {
        if (left[i] < 0 || right[i] < 0 || left[i] >= nodes || right[i] >= nodes) return BAD_ARRAY;
        int64_t one = top_of(labels, left[i]), other = top_of(labels, right[i]);
        if (one < other) labels[other] = one;
        else labels[one] = other;
    }
    for (ptrdiff_t i = 0; i < nodes; i++) labels[i] = top_of(labels, i);
    return FINE;
}
