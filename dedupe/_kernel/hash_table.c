/* Sorted hashes with an index over their upper bits. */

#include <stdlib.h>
#include <string.h>

#include "hash.h"

/* An index is made for at least one read_pair-up in so many keys. */
enum { WORTHWHILE = 32 };

static int is_sorted(const uint64_t *keys, ptrdiff_t count) {
    for (ptrdiff_t i = 1; i < count; i++)
        if (keys[i] < keys[i - 1]) return 0;
    return 1;
}

/* For few hashes among many neither order nor index is worth a pass over all keys. */
Trouble open_table(Table *table, const uint64_t *keys, ptrdiff_t count, ptrdiff_t wanted_count) {
    table->firsts = NULL;
    table->keys = keys;
    table->count = count;
    if (count >= INT32_MAX) return BAD_ARRAY;
    if (wanted_count < count / WORTHWHILE) return FINE;
    if (!is_sorted(keys, count)) return BAD_ARRAY;
    int bits = 1;
    while (bits < 30 && (ptrdiff_t)1 << bits < count) bits++;
    uint32_t buckets = UINT32_C(1) << bits, bucket = 0;
    table->shift = 64 - bits;
    table->firsts = malloc((buckets + 1) * sizeof *table->firsts);
    if (!table->firsts) return NO_MEMORY;
    for (uint32_t i = 0; i < (uint32_t)count; i++)
        while (bucket <= keys[i] >> table->shift) table->firsts[bucket++] = i;
    while (bucket <= buckets) table->firsts[bucket++] = (uint32_t)count;
    return FINE;
}

void close_table(Table *table) { free(table->firsts); }

/* hashing.find: where each wanted hash stands among sorted ones, or -1. */
Trouble find_hashes(const uint64_t *keys, ptrdiff_t count, const uint64_t *wanted,
                    ptrdiff_t wanted_count, int64_t *out) {
    Table table;
    Trouble trouble = open_table(&table, keys, count, wanted_count);
    for (ptrdiff_t i = 0; i < wanted_count && trouble == FINE; i++)
        out[i] = find(&table, wanted[i]);
    close_table(&table);
    return trouble;
}

static int are_alike(const Spans *words, const uint32_t *codes, ptrdiff_t one, ptrdiff_t other) {
    int64_t size = words->ends[one] - words->starts[one];
    return size == words->ends[other] - words->starts[other] &&
           !memcmp(codes + words->starts[one], codes + words->starts[other],
                   (size_t)size * sizeof *codes);
}

/* dedupe.text.preprocess.first_seen: the first place of each distinct word, in their order. */
Trouble first_seen(const uint64_t *hashes, const Spans *words, const uint32_t *codes,
                   ptrdiff_t letters, int64_t *out, ptrdiff_t *found) {
    size_t slots = 16, used = 0;
    while (slots < 2 * (size_t)words->count) slots *= 2;
    int64_t *held = malloc(slots * sizeof *held);
    if (!held) return NO_MEMORY;
    for (size_t i = 0; i < slots; i++) held[i] = -1;
    Trouble trouble = FINE;
    for (ptrdiff_t i = 0; i < words->count && trouble == FINE; i++) {
        size_t slot = (size_t)hashes[i] & (slots - 1);
        int64_t start = words->starts[i], stop = words->ends[i];
        if (start < 0 || stop < start || stop > letters) trouble = BAD_ARRAY;
        else while (held[slot] >= 0 && (hashes[held[slot]] != hashes[i] ||
                                        !are_alike(words, codes, held[slot], i)))
            slot = (slot + 1) & (slots - 1);
        if (trouble != FINE || held[slot] >= 0) continue;
        held[slot] = i;
        out[used++] = i;
    }
    free(held);
    *found = (ptrdiff_t)used;
    return trouble;
}

/* hashing.find_sorted: each is looked for from where the last one was. */
Trouble find_sorted(const int64_t* held, ptrdiff_t count, const int64_t* wanted,
                    ptrdiff_t wanted_count, int64_t* out) {
    ptrdiff_t at = 0;
    for (ptrdiff_t i = 0; i < wanted_count; i++) {
        if (i && wanted[i] < wanted[i - 1]) return BAD_ARRAY;
        ptrdiff_t step = 1;
        while (at + step < count && held[at + step] < wanted[i]) at += step, step *= 2;
        for (; step; step /= 2)
            if (at + step < count && held[at + step] < wanted[i]) at += step;
        while (at < count && held[at] < wanted[i]) at++;
        out[i] = at < count && held[at] == wanted[i] ? at : -1;
    }
    return FINE;
}
