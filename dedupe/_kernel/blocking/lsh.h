/* What blocking/lsh.c takes and gives. */

#ifndef DEDUPE_CANDIDATES_H
#define DEDUPE_CANDIDATES_H

#include "kernel.h"

/* The keys of texts, dedupe.blocking.lsh.BlockingTable: text names[i] has those of row rows[i]. Of
 * these the ones of one part of the key space count. */
typedef struct {
    const uint64_t *keys;
    ptrdiff_t height, width;
    const int64_t *rows, *names;
    ptrdiff_t texts;
    uint64_t part, parts;
} BlockingTable;

/* The texts of buckets end to end, with room for so many, and the size and key of each bucket. */
typedef struct {
    uint32_t *members, *sizes;
    uint64_t *shared;
    ptrdiff_t room, most, count;
} Buckets;

Trouble group_keys(const BlockingTable *table, Buckets *out);
Trouble pair_members(const Buckets *buckets, int64_t *out, ptrdiff_t room, ptrdiff_t *found);

#endif
