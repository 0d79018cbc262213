/* Number equal rows: the twin of number_texts in dedupe/contents.py. */

#include <string.h>

#include "blocking/look_back.h"
#include "hash.h"

/* Give each pair of words that comes for the first time the next number; (0, 0) has none, -1. */
Trouble number_pairs(const uint64_t *pairs, ptrdiff_t count, int64_t *out, ptrdiff_t *numbers) {
    size_t slots = 64;
    while (slots < 2 * (size_t)count) slots *= 2;
    uint32_t *table = take_zeros(slots, sizeof *table);
    if (!table || (uint64_t)count >= UINT32_MAX) {
        free_room(table);
        return NO_MEMORY;
    }
    *numbers = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        const uint64_t *pair = pairs + 2 * i;
        out[i] = -1;
        if (!pair[0] && !pair[1]) continue;
        size_t slot = (size_t)mix64(pair[0] + pair[1] * BASE) & (slots - 1);
        while (table[slot] && memcmp(pairs + 2 * (size_t)(table[slot] - 1), pair, 2 * sizeof *pair))
            slot = (slot + 1) & (slots - 1);
        if (table[slot]) {
            out[i] = out[table[slot] - 1];
        } else {
            table[slot] = (uint32_t)i + 1;
            out[i] = (*numbers)++;
        }
    }
    free_room(table);
    return FINE;
}
