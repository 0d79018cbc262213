/* Texts that share a key, and the pairs of them: the twin of dedupe/blocking/lsh.py.
 *
 * Most keys come once. So all are marked in a small sieve first, and only those that seem to
 * come again are grouped, by a hash table. */

#include <stdlib.h>

#include "blocking/lsh.h"

enum { HOT = 64, NEIGHBOURS = 8, MARKS_A_KEY = 8 };

/* A key, whose it is, and where the first of its like stands. */
typedef struct {
    uint64_t key;
    uint32_t name, first;
} Held;

/* Two bits a hash: the lower once it has been seen, the upper once it has again. */
typedef struct {
    uint8_t *marks;
    uint64_t mask;
} Sieve;

INLINE void mark(Sieve *sieve, uint64_t key) {
    uint64_t at = key & sieve->mask;
    unsigned shift = at % 4 * 2;
    uint8_t *marks = &sieve->marks[at / 4];
    *marks |= (uint8_t)(1 << (shift + (*marks >> shift & 1)));
}

INLINE int is_again(const Sieve *sieve, uint64_t key) {
    uint64_t at = key & sieve->mask;
    return sieve->marks[at / 4] >> (at % 4 * 2 + 1) & 1;
}

static int is_sound(const BlockingTable *table) {
    if (table->parts < 1 || table->parts > UINT32_MAX || table->part >= table->parts) return 0;
    for (ptrdiff_t i = 0; i < table->texts; i++) {
        if (table->rows[i] < 0 || table->rows[i] >= table->height) return 0;
        if (table->names[i] < 0 || table->names[i] > INT32_MAX) return 0;
    }
    return 1;
}

/* The keys that count, text by text: 0 is no key; the upper half of any other tells its part. */
static ptrdiff_t collect(const BlockingTable *table, Held *held) {
    const uint64_t part = table->part, parts = table->parts;
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0; i < table->texts; i++) {
        const uint64_t *key = table->keys + table->rows[i] * table->width;
        const uint64_t *stop = key + table->width;
        const uint32_t name = (uint32_t)table->names[i];
        for (; key < stop; key++) {
            held[count] = (Held){*key, name, 0};
            count += *key && (*key >> 32) * parts >> 32 == part;
        }
    }
    return count;
}

/* Drop most of the keys that come once. */
static Trouble sift(Held *held, ptrdiff_t *count) {
    size_t size = 64;
    while (size < (size_t)*count * MARKS_A_KEY) size *= 2;
    Sieve sieve = {calloc(size / 4, 1), size - 1};
    if (!sieve.marks) return NO_MEMORY;
    for (ptrdiff_t i = 0; i < *count; i++) mark(&sieve, held[i].key);
    ptrdiff_t kept = 0;
    for (ptrdiff_t i = 0; i < *count; i++) {
        Held one = held[i];
        held[kept] = one;
        kept += is_again(&sieve, one.key);
    }
    free(sieve.marks);
    *count = kept;
    return FINE;
}

/* Find the first of each key's like, and how many they are. */
static Trouble group(Held *held, ptrdiff_t count, uint32_t *sizes) {
    size_t slots = 16;
    while (slots < 2 * (size_t)count) slots *= 2;
    uint32_t *table = calloc(slots, sizeof *table);
    if (!table) return NO_MEMORY;
    for (ptrdiff_t i = 0; i < count; i++) {
        size_t slot = (size_t)held[i].key & (slots - 1);
        while (table[slot] && held[table[slot] - 1].key != held[i].key)
            slot = (slot + 1) & (slots - 1);
        if (!table[slot]) table[slot] = (uint32_t)i + 1;
        held[i].first = table[slot] - 1;
        sizes[held[i].first]++;
    }
    free(table);
    return FINE;
}

/* Lay the members of each bucket of two or more end to end, in their order; spends the sizes. */
static Trouble lay_out(const Held *held, ptrdiff_t count, uint32_t *sizes, Buckets *out) {
    uint32_t *places = sizes, place = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        uint32_t size = sizes[i];
        places[i] = size < 2 ? UINT32_MAX : place;
        if (size < 2) continue;
        if (out->count == out->most || size > out->room - (ptrdiff_t)place) return BAD_ARRAY;
        out->shared[out->count] = held[i].key;
        out->sizes[out->count++] = size;
        place += size;
    }
    for (ptrdiff_t i = 0; i < count; i++)
        if (places[held[i].first] != UINT32_MAX)
            out->members[places[held[i].first]++] = held[i].name;
    return FINE;
}

static Trouble group_held(Held *held, ptrdiff_t count, Buckets *out) {
    if ((size_t)count >= UINT32_MAX) return NO_MEMORY;
    Trouble trouble = sift(held, &count);
    if (trouble != FINE) return trouble;
    uint32_t *sizes = calloc((size_t)count + 1, sizeof *sizes);
    trouble = sizes ? group(held, count, sizes) : NO_MEMORY;
    if (trouble == FINE) trouble = lay_out(held, count, sizes, out);
    free(sizes);
    return trouble;
}

/* The texts of each key that two or more keys of the table equal, by where it first comes. */
Trouble group_keys(const BlockingTable *table, Buckets *out) {
    if (!is_sound(table)) return BAD_ARRAY;
    Held *held = malloc(((size_t)(table->texts * table->width) + 1) * sizeof *held);
    if (!held) return NO_MEMORY;
    Trouble trouble = group_held(held, collect(table, held), out);
    free(held);
    return trouble;
}

/* Pair each member with those before it, in a hot bucket with the nearest of them, and never
 * with itself; coded. */
Trouble pair_members(const Buckets *buckets, int64_t *out, ptrdiff_t room, ptrdiff_t *found) {
    const uint32_t *members = buckets->members;
    ptrdiff_t left = buckets->room, count = 0;
    for (ptrdiff_t b = 0; b < buckets->count; b++) {
        ptrdiff_t size = buckets->sizes[b], reach = size > HOT ? NEIGHBOURS : size;
        if (size > left) return BAD_ARRAY;
        for (ptrdiff_t i = 1; i < size; i++) {
            ptrdiff_t first = i > reach ? i - reach : 0;
            if (i - first > room - count) return BAD_ARRAY;
            for (ptrdiff_t j = first; j < i; j++) {
                uint32_t one = members[j], other = members[i];
                uint32_t low = one < other ? one : other, high = one < other ? other : one;
                out[count] = (int64_t)((uint64_t)low << 32 | high);
                count += one != other;
            }
        }
        members += size;
        left -= size;
    }
    *found = count;
    return FINE;
}
