/* Which texts are equal: the twin of distinct_texts in dedupe/preprocess.py. */

#include <string.h>

#include "text/prepare.h"

/* How many bytes of well-formed UTF-8 the first characters take. */
static ptrdiff_t size_of_first(const uint8_t *data, ptrdiff_t size, ptrdiff_t characters) {
    ptrdiff_t at = 0;
    if (!characters || size <= characters) return size;
    for (; at < size; at++)
        if ((data[at] & 0xC0) != 0x80 && !characters--) break;
    return at;
}

/* Set the bytes of a text; 0 where they are not all there. */
int span_of(const RawTexts *raw, ptrdiff_t i, Span *span) {
    int64_t start = raw->starts[i], end = raw->ends[i];
    if (start < 0 || end < start || end > raw->size) return 0;
    span->data = raw->data + start;
    span->size = size_of_first(span->data, (ptrdiff_t)(end - start), raw->longest);
    return 1;
}

static uint64_t hash_bytes(const uint8_t *data, ptrdiff_t size, uint64_t hash) {
    for (; size > 0; data += 8, size -= 8) {
        uint64_t word = 0;
        memcpy(&word, data, size < 8 ? (size_t)size : 8);
        hash = (hash ^ word) * BASE;
        hash ^= hash >> 29;
    }
    return mix64(hash);
}

static int same_text(const RawTexts *raw, ptrdiff_t left, ptrdiff_t right) {
    Span one, other;
    return raw->sources[left] == raw->sources[right] && raw->cleaned[left] == raw->cleaned[right] &&
           span_of(raw, left, &one) && span_of(raw, right, &other) && one.size == other.size &&
           !memcmp(one.data, other.data, (size_t)one.size);
}

/* Give each text that comes for the first time from its outlet the next number, and a text that
 * came before the number that it had. */
Trouble number_spans(const RawTexts *raw, int32_t *places) {
    size_t slots = 64;
    int32_t numbers = 0;
    Trouble trouble = FINE;
    while (slots < 2 * (size_t)raw->texts) slots *= 2;
    uint32_t *table = take_zeros(slots, sizeof *table);
    if (!table) return NO_MEMORY;
    for (ptrdiff_t i = 0; i < raw->texts && trouble == FINE; i++) {
        Span span;
        if (!span_of(raw, i, &span)) {
            trouble = BAD_ARRAY;
            break;
        }
        uint64_t seed = (uint64_t)(uint32_t)raw->sources[i] << 32 | (uint64_t)span.size;
        size_t slot = (size_t)hash_bytes(span.data, span.size, seed) & (slots - 1);
        while (table[slot] && !same_text(raw, (ptrdiff_t)table[slot] - 1, i))
            slot = (slot + 1) & (slots - 1);
        if (!table[slot]) table[slot] = (uint32_t)i + 1;
        ptrdiff_t first = (ptrdiff_t)table[slot] - 1;
        places[i] = first == i ? numbers++ : places[first];
    }
    free_room(table);
    return trouble;
}
