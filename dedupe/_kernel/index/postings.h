/* What index/postings.c takes and gives. */

#ifndef DEDUPE_POSTINGS_H
#define DEDUPE_POSTINGS_H

#include "kernel.h"

/* Parts end to end: dedupe.index.postings.Parts. */
typedef struct {
    const uint32_t *data;
    const int64_t *bounds;
    ptrdiff_t size, count;
} Parts;

/* Keys that are looked for, each in one of the parts, in a segment of so many bits. */
typedef struct {
    const int64_t *parts, *bits;
    const uint32_t *keys;
    ptrdiff_t count;
} WantedKeys;

/* Entries of keys, each key in a segment of so many bits whose rows begin with `rows`. Of those of
 * one key `most` are read, the last `late` of them one by one. */
typedef struct {
    const uint32_t *data;
    const int64_t *firsts, *sizes, *numbers, *bits, *rows;
    ptrdiff_t size, count;
    int64_t most, late;
} Entries;

/* Parts of some segments, so many of each, and what its places become greater by. */
typedef struct {
    const int64_t *parts, *bits, *offsets;
    ptrdiff_t count;
} Sources;

/* The parts of one segment in their place, `used` words of the room for them. */
typedef struct {
    uint32_t *data;
    int64_t *bounds;
    ptrdiff_t room, count, used;
    int bits;
} NewParts;

Trouble find_postings(const Parts* parts, const WantedKeys* wanted_count, int64_t* firsts,
                      int64_t* sizes);
Trouble take_postings(const Entries *entries, int64_t *numbers, int64_t *rows, ptrdiff_t room);
Trouble merge_postings(const Parts *parts, const Sources *sources, NewParts *out);

#endif
