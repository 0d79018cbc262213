/* The integer hashes of dedupe/hashing.py. */

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

#endif
