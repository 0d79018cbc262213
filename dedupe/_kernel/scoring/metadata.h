/* What recurs among records. */

#ifndef DEDUPE_METADATA_H
#define DEDUPE_METADATA_H

#include "kernel.h"

/* Buckets of rare stems: see blocking/look_back.h. */
typedef struct {
    const uint32_t *members;
    const int64_t *starts;
    const uint8_t *wanted;
    ptrdiff_t count, member_count;
} StemBuckets;

/* Records in order of time: which are in play, their days (-1 for none), and which are the first
 * in play of their content. */
typedef struct {
    const uint8_t *in_play, *first;
    const int64_t *days;
    ptrdiff_t count;
} StemRecords;

/* The buckets of each record, and three counts a bucket. */
typedef struct {
    const uint32_t *of;
    const int64_t *counts;
    ptrdiff_t records, width, buckets;
} SharedBuckets;

Trouble count_stems(const StemBuckets *buckets, const StemRecords *records, int64_t *out);
Trouble shared_minima(const SharedBuckets *shared, const int64_t *left, const int64_t *right,
                      ptrdiff_t pairs, int64_t *out);

#endif
