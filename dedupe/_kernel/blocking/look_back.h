/* Group records by blocking keys, and pair each with the few before it. */

#ifndef DEDUPE_LOOK_BACK_H
#define DEDUPE_LOOK_BACK_H

#include "kernel.h"

/* Records in buckets of one key each: those of bucket `b` are `members[starts[b]]` up to
 * `members[starts[b + 1]]`, rising. `of` has the bucket of each key of each record, from 1 on, 0
 * for a key that no other record has. */
typedef struct {
    uint32_t *members, *of;
    int64_t *starts;
    ptrdiff_t count, member_count;
} NewBuckets;

/* Keys by record, 0 for none. */
typedef struct {
    const uint32_t *keys;
    ptrdiff_t records, width;
} RecordKeys;

Trouble group_keys(const RecordKeys *keys, NewBuckets *out);
void free_buckets(NewBuckets *buckets);

typedef struct {
    const uint32_t *members;
    const int64_t *starts;
    ptrdiff_t count, member_count;
} Buckets;

/* What decides how far a record looks back, among those that are in play (`in_play`; `before` in the
 * pass before): dated ones at the last `reach` records within `window`
 * seconds, undated ones at the last `undated_reach`. A window below 0 is none. */
typedef struct {
    const uint8_t *in_play, *before;
    const int64_t *times;
    ptrdiff_t records;
    int64_t window, reach, undated_reach;
} LookBack;

/* Partners by record: those of record `i` are `partners[starts[i]]` up to `partners[starts[i + 1]]`,
 * rising, each once and before `i`. */
typedef struct {
    uint32_t *partners;
    int64_t *starts;
} Candidates;

Trouble find_candidates(const Buckets *buckets, const LookBack *look, ptrdiff_t kinds,
                        Candidates *out);

Trouble number_pairs(const uint64_t *pairs, ptrdiff_t count, int64_t *out, ptrdiff_t *numbers);

#endif
