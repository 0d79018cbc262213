/* What recurs among records. */

#ifndef DEDUPE_METADATA_H
#define DEDUPE_METADATA_H

#include "scoring/score.h"

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

/* What is known of records beside their texts, -1 for an outlet that is not known. `titles` has two
 * counts a record. */
typedef struct {
    const int64_t *times, *outlets, *titles;
    const uint8_t *days_only;
    ptrdiff_t count;
} RecordFacts;

/* The trees over metadata, whose cuts are seconds and counts, and the bounds of what they add. */
typedef struct {
    QuickScorer scorer;
    double most_objection, most_support;
} MetadataModel;

/* Pairs of records, and whether each is of equal content. */
typedef struct {
    const int64_t *left, *right;
    const uint8_t *equal;
    ptrdiff_t count;
} MetadataPairs;

Trouble adjust_pairs(const MetadataModel *model, const RecordFacts *facts,
                     const SharedBuckets *shared, const MetadataPairs *pairs, double *out);
Trouble count_stems(const StemBuckets *buckets, const StemRecords *records, int64_t *out);
Trouble shared_minima(const SharedBuckets *shared, const int64_t *left, const int64_t *right,
                      ptrdiff_t pairs, int64_t *out);

#endif
