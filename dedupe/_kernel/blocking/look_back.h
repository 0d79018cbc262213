/* Group records by blocking keys, and pair each with the few before it. */

#ifndef DEDUPE_LOOK_BACK_H
#define DEDUPE_LOOK_BACK_H

#include "kernel.h"

/* Records in buckets of one key each: those of bucket `b` are `members[starts[b]]` up to
 * `members[starts[b + 1]]`, rising. `of` has the bucket of each key of each record, from 1 on, 0
 * for a key that no other record has. `previous` has the place of the key of the last record before
 * that is in the same bucket, `record * width + key`, from 1 on, 0 for none. */
typedef struct {
    uint32_t *members, *of, *previous;
    int64_t *starts;
    ptrdiff_t count, member_count;
} NewBuckets;

/* Keys by text, 0 for none, and the text of each record in each field, -1 for none. A record has
 * `width` keys, those of its fields side by side; the salt of a field sets its keys apart. */
typedef struct {
    const uint32_t *keys, *salts;
    const int32_t *rows;
    ptrdiff_t texts, text_width, records, fields, width;
} RecordKeys;

/* Group records by their keys; with `chains_only` no more than `previous` is laid out. */
Trouble group_keys(const RecordKeys *keys, int chains_only, NewBuckets *out);
void free_buckets(NewBuckets *buckets);

/* Buckets as chains from each record to the one before it, and how far a record looks back: at the
 * last `reach` in play within `window` seconds, an undated one at the last `undated_reach`. A window
 * below 0 is none. `changed` has a bit for each place whose chain has a record that was in play in one
 * of this pass and the one before; others hold no new pair. */
typedef struct {
    const uint32_t *previous;
    const uint8_t *changed;
    ptrdiff_t width;
    int64_t window, reach, undated_reach;
} Chains;

/* Records in order of time, undated ones first: which are in play, and were in the pass before. */
typedef struct {
    const uint8_t *in_play, *before;
    const int64_t *times;
    ptrdiff_t records;
} Playing;

/* Partners by record: those of record `first + i` are `partners[starts[i]]` up to
 * `partners[starts[i + 1]]`, rising, each once and before their record. */
typedef struct {
    uint32_t *partners;
    int64_t *starts;
    size_t size, room;
} Candidates;

Trouble find_candidates(const Chains *chains, ptrdiff_t kinds, const Playing *playing,
                        ptrdiff_t first, ptrdiff_t last, Candidates *out);

/* Mark the places of chains that changed. */
Trouble mark_changed(const uint32_t *previous, ptrdiff_t records, ptrdiff_t width,
                     const uint8_t *changed, uint8_t *out);

Trouble number_pairs(const uint64_t *pairs, ptrdiff_t count, int64_t *out, ptrdiff_t *numbers);

#endif
