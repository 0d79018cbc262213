/* Connected components. */

#ifndef DEDUPE_CONNECT_H
#define DEDUPE_CONNECT_H

#include "kernel.h"

Trouble connect(const int64_t *left, const int64_t *right, ptrdiff_t pairs, int64_t *labels,
                ptrdiff_t nodes);

#endif
