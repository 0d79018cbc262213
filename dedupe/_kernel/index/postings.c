/* Postings as the file keeps them: the twin of dedupe/index/postings.py. */

#include "index/postings.h"

#include <string.h>

enum {
    GROUP = 4,
    SHORT_HEAD = GROUP / 2,
    MOST_SHORT = 0xFFFF,
    LEAST_BITS = 4,
    MOST_BITS = 20,
    MOST_SOURCES = 16,
};

/* Where the buckets of a part begin, and where the last one ends; 0 if it is no part. */
static int open_part(const Parts *parts, ptrdiff_t part, int64_t *starts) {
    int64_t first = parts->bounds[part], past = parts->bounds[part + 1];
    if (first < 0 || first > parts->size || past > parts->size || past < first + SHORT_HEAD)
        return 0;
    const uint32_t *words = parts->data + first;
    int is_long = past - first > SHORT_HEAD + MOST_SHORT;
    uint16_t sizes[GROUP];
    memcpy(sizes, words, sizeof sizes);
    starts[0] = first + (is_long ? GROUP : SHORT_HEAD);
    for (int i = 0; i < GROUP; i++) starts[i + 1] = starts[i] + (is_long ? words[i] : sizes[i]);
    return starts[GROUP] == past;
}

/* The first place in a sorted span that a value may be put before without being below it. */
static int64_t not_below(const uint32_t *data, int64_t low, int64_t high, uint64_t value) {
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (data[middle] < value) low = middle + 1;
        else high = middle;
    }
    return low;
}

/* postings.spans: where the entries of each key begin, and how many they are. */
Trouble find_postings(const Parts* parts, const WantedKeys* wanted_count, int64_t* firsts,
                      int64_t* sizes) {
    int64_t starts[GROUP + 1], opened = -1;
    for (ptrdiff_t i = 0; i < wanted_count->count; i++) {
        int64_t part = wanted_count->parts[i], bits = wanted_count->bits[i];
        if (part < 0 || part >= parts->count || bits < LEAST_BITS || bits > MOST_BITS)
            return BAD_ARRAY;
        if (part != opened && !open_part(parts, part, starts)) return BAD_ARRAY;
        opened = part;
        uint32_t bucket = wanted_count->keys[i] >> (32 - bits) & (GROUP - 1);
        uint32_t low = wanted_count->keys[i] << bits;
        uint64_t past = (uint64_t)low + ((uint64_t)1 << bits);
        int64_t stop = starts[bucket + 1];
        firsts[i] = not_below(parts->data, starts[bucket], stop, low);
        sizes[i] = firsts[i];
        while (sizes[i] < stop && parts->data[sizes[i]] < past && sizes[i] < firsts[i] + GROUP)
            sizes[i]++;
        if (sizes[i] == firsts[i] + GROUP) sizes[i] = not_below(parts->data, sizes[i], stop, past);
        sizes[i] -= firsts[i];
    }
    return FINE;
}

/* postings.chosen: which of a key's entries is read at one step. */
static int64_t chosen(int64_t step, int64_t size, int64_t most, int64_t late) {
    int64_t back = most - 1 - step;
    if (size <= most) return step;
    return size - 1 - (back < late || most < 2 ? back : back * (size - 1) / (most - 1));
}

/* postings.rows_of: the number of each key, once for each of its rows that is read, and the row. */
Trouble take_postings(const Entries *entries, int64_t *numbers, int64_t *rows, ptrdiff_t room) {
    ptrdiff_t at = 0;
    for (ptrdiff_t i = 0; i < entries->count; i++) {
        int64_t first = entries->firsts[i], size = entries->sizes[i], bits = entries->bits[i];
        int64_t kept = size < entries->most ? size : entries->most;
        if (first < 0 || size < 0 || first > entries->size - size || kept < 0 ||
            kept > room - at || bits < LEAST_BITS || bits > MOST_BITS)
            return BAD_ARRAY;
        for (int64_t step = 0; step < kept; step++, at++) {
            uint32_t entry =
                entries->data[first + chosen(step, size, entries->most, entries->late)];
            numbers[at] = entries->numbers[i];
            rows[at] =
                (int64_t)((entry & ((UINT32_C(1) << bits) - 1)) + (uint64_t)entries->rows[i]);
        }
    }
    return at == room ? FINE : BAD_ARRAY;
}

/* A segment as its entries come. */
typedef struct {
    ptrdiff_t part, last;
    int64_t starts[GROUP + 1], at, bucket, offset;
    int bits, within;
} Source;

enum { NO_MORE = -1 };

/* Go to the next entry; 0 if that needs a part that is none. */
static int advance(const Parts *parts, Source *source) {
    while (source->within < 0 || source->at == source->starts[source->within + 1]) {
        if (source->within < 0 || source->within == GROUP - 1) {
            if (source->within >= 0) source->part++;
            if (source->part == source->last) {
                source->part = NO_MORE;
                return 1;
            }
            if (!open_part(parts, source->part, source->starts)) return 0;
            source->at = source->starts[0];
            source->within = -1;
        }
        source->within++;
        source->bucket++;
    }
    return 1;
}

/* The key and the place of a source's entry, as one number for a segment of so many bits. */
static uint64_t code_of(const Parts *parts, const Source *source, int bits) {
    uint32_t entry = parts->data[source->at], mask = (UINT32_C(1) << source->bits) - 1;
    uint64_t key = (uint64_t)source->bucket << (32 - source->bits) | entry >> source->bits;
    return key << bits | ((entry & mask) + (uint64_t)source->offset);
}

static Trouble open_sources(const Parts *parts, const Sources *given, int bits, Source *sources) {
    ptrdiff_t part = 0;
    if (given->count > MOST_SOURCES || bits > MOST_BITS) return BAD_ARRAY;
    for (ptrdiff_t i = 0; i < given->count; i++) {
        int64_t count = given->parts[i], held = given->bits[i], offset = given->offsets[i];
        if (count < 0 || count > parts->count - part || held < LEAST_BITS || held > bits)
            return BAD_ARRAY;
        if (offset < 0 || offset > ((int64_t)1 << bits) - 1) return BAD_ARRAY;
        Source source = {.part = part, .last = part += count, .bucket = -1, .offset = offset,
                         .bits = (int)held, .within = -1};
        sources[i] = source;
        if (!advance(parts, &sources[i])) return BAD_ARRAY;
    }
    return part == parts->count ? FINE : BAD_ARRAY;
}

/* Note the sizes of a part whose entries stand behind a short header, moved if it needs a long one.
 */
static int close_part(NewParts *out, ptrdiff_t part, const uint32_t *sizes) {
    uint32_t *words = out->data + out->bounds[part];
    ptrdiff_t entries = out->used - out->bounds[part] - SHORT_HEAD;
    uint16_t shorts[GROUP];
    if (entries <= MOST_SHORT) {
        for (int i = 0; i < GROUP; i++) shorts[i] = (uint16_t)sizes[i];
        memcpy(words, shorts, sizeof shorts);
    } else {
        if (out->room - out->used < GROUP - SHORT_HEAD) return 0;
        memmove(words + GROUP, words + SHORT_HEAD, (size_t)entries * sizeof *words);
        memcpy(words, sizes, GROUP * sizeof *words);
        out->used += GROUP - SHORT_HEAD;
    }
    out->bounds[part + 1] = out->used;
    return 1;
}

/* The least of the codes that are next, and whose it is; NO_MORE where none is left. */
static ptrdiff_t least_of(const uint64_t *codes, const Source *sources, ptrdiff_t count) {
    ptrdiff_t found = NO_MORE;
    for (ptrdiff_t i = 0; i < count; i++)
        if (sources[i].part != NO_MORE && (found == NO_MORE || codes[i] < codes[found])) found = i;
    return found;
}

/* postings.merged: one segment's parts from those of several. */
Trouble merge_postings(const Parts *parts, const Sources *given, NewParts *out) {
    Source sources[MOST_SOURCES];
    uint64_t codes[MOST_SOURCES];
    Trouble trouble = open_sources(parts, given, out->bits, sources);
    if (trouble != FINE) return trouble;
    for (ptrdiff_t i = 0; i < given->count; i++)
        if (sources[i].part != NO_MORE) codes[i] = code_of(parts, &sources[i], out->bits);
    ptrdiff_t next = least_of(codes, sources, given->count);
    out->used = out->bounds[0] = 0;
    for (ptrdiff_t part = 0; part < out->count; part++) {
        uint32_t sizes[GROUP] = {0};
        if (out->room - out->used < SHORT_HEAD) return BAD_ARRAY;
        out->used += SHORT_HEAD;
        while (next != NO_MORE && codes[next] >> 32 < (uint64_t)(part + 1) * GROUP) {
            if (codes[next] >> 32 < (uint64_t)part * GROUP || out->used == out->room)
                return BAD_ARRAY;
            out->data[out->used++] = (uint32_t)codes[next];
            sizes[codes[next] >> 32 & (GROUP - 1)]++;
            sources[next].at++;
            if (!advance(parts, &sources[next])) return BAD_ARRAY;
            if (sources[next].part != NO_MORE)
                codes[next] = code_of(parts, &sources[next], out->bits);
            next = least_of(codes, sources, given->count);
        }
        if (!close_part(out, part, sizes)) return BAD_ARRAY;
    }
    return next == NO_MORE ? FINE : BAD_ARRAY;
}
