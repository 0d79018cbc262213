/* Connected components, and leaders. */

#ifndef DEDUPE_CONNECT_H
#define DEDUPE_CONNECT_H

#include "kernel.h"

Trouble connect(const int64_t *left, const int64_t *right, ptrdiff_t pairs, int64_t *labels,
                ptrdiff_t nodes);

typedef struct {
    const int64_t *left, *right;
    const double *scores;
    ptrdiff_t count;
} ScoredEdges;

/* Give each node its leader; `ranks` are 0 to one less than there are nodes, the best first. */
Trouble lead(const ScoredEdges *edges, const int64_t *ranks, const uint8_t *pinned, ptrdiff_t nodes,
             int64_t *leaders);

#endif
