/* The integer hashes of dedupe/hashing.py, and a sorted table of them to read_pair in. */

#ifndef DEDUPE_HASH_H
#define DEDUPE_HASH_H

#include "kernel.h"

#define BASE UINT64_C(0x9E3779B97F4A7C15)

/* The finalizers of MurmurHash3 (Appleby, public domain). */
INLINE uint64_t mix64(uint64_t value) {
    value = (value ^ (value >> 33)) * UINT64_C(0xFF51AFD7ED558CCD);
    value = (value ^ (value >> 33)) * UINT64_C(0xC4CEB9FE1A85EC53);
    return value ^ (value >> 33);
}

INLINE uint32_t mix32(uint32_t value) {
    value = (value ^ (value >> 16)) * UINT32_C(0x85EBCA6B);
    value = (value ^ (value >> 13)) * UINT32_C(0xC2B2AE35);
    return value ^ (value >> 16);
}

/* hashing.hash_spans of one run of code points, and of one run of token hashes. */
INLINE uint64_t hash_codes(const uint32_t *codes, int64_t start, int64_t stop) {
    uint64_t value = 0;
    for (int64_t i = start; i < stop; i++) value = value * BASE + codes[i] + 1;
    return mix64(value);
}

INLINE uint64_t hash_words(const uint64_t *words, int64_t start, int64_t stop) {
    uint64_t value = 0;
    for (int64_t i = start; i < stop; i++) value = value * BASE + words[i] + 1;
    return mix64(value);
}

/* The same without an index, by halves. */
INLINE ptrdiff_t find_by_halves(const Table *table, uint64_t wanted) {
    ptrdiff_t low = 0, high = table->count;
    while (low < high) {
        ptrdiff_t middle = low + (high - low) / 2;
        if (table->keys[middle] < wanted) low = middle + 1;
        else high = middle;
    }
    return low < table->count && table->keys[low] == wanted ? low : -1;
}

/* Where a hash stands among the sorted ones, or -1: its upper bits name a bucket of about one. */
INLINE ptrdiff_t find(const Table *table, uint64_t wanted) {
    if (!table->firsts) return find_by_halves(table, wanted);
    uint64_t bucket = wanted >> table->shift;
    for (uint32_t i = table->firsts[bucket]; i < table->firsts[bucket + 1]; i++)
        if (table->keys[i] == wanted) return i;
    return -1;
}

#endif
