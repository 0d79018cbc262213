/* Candidate pairs with a budget: the twin of dedupe/blocking/look_back.py. */

#include <string.h>

#include "blocking/look_back.h"

enum { RADIX = 11, DIGITS = 1 << RADIX, KEY_BITS = 32, MARKS_A_KEY = 8 };

#define UNDATED INT64_MIN

/* A key and whose it is. */
typedef struct {
    uint32_t key, place;
} Entry;

/* Two bits a hash: the lower once it has been seen, the upper once it has again. */
typedef struct {
    uint8_t *marks;
    uint64_t mask;
} Sieve;

INLINE uint64_t sieve_hash(uint32_t key) { return key * UINT64_C(0x9E3779B97F4A7C15) >> 20; }

INLINE void mark(Sieve *sieve, uint32_t key) {
    uint64_t at = sieve_hash(key) & sieve->mask;
    unsigned shift = at % 4 * 2;
    uint8_t *marks = &sieve->marks[at / 4];
    *marks |= (uint8_t)(1 << (shift + (*marks >> shift & 1)));
}

INLINE int is_again(const Sieve *sieve, uint32_t key) {
    uint64_t at = sieve_hash(key) & sieve->mask;
    return sieve->marks[at / 4] >> (at % 4 * 2 + 1) & 1;
}

/* Collect the keys that seem to come more than once, in the order of records. */
static Trouble collect(const RecordKeys *keys, Entry **out, ptrdiff_t *count) {
    ptrdiff_t total = keys->records * keys->width;
    size_t size = 64;
    while (size < (size_t)total * MARKS_A_KEY / 4) size *= 2;
    Sieve sieve = {take_zeros(size / 4, 1), size - 1};
    if (!sieve.marks) return NO_MEMORY;
    for (ptrdiff_t i = 0; i < total; i++)
        if (keys->keys[i]) mark(&sieve, keys->keys[i]);
    ptrdiff_t kept = 0;
    for (ptrdiff_t i = 0; i < total; i++) kept += keys->keys[i] && is_again(&sieve, keys->keys[i]);
    Entry *entries = take_room(((size_t)kept + 1) * sizeof *entries);
    if (entries) {
        *count = 0;
        for (ptrdiff_t i = 0; i < total; i++)
            if (keys->keys[i] && is_again(&sieve, keys->keys[i]))
                entries[(*count)++] = (Entry){keys->keys[i], (uint32_t)i};
    }
    free_room(sieve.marks);
    *out = entries;
    return entries ? FINE : NO_MEMORY;
}

/* Sort entries by key; those of one key keep their order. */
static Trouble sort_entries(Entry **entries, ptrdiff_t count) {
    Entry *from = *entries, *to = take_room(((size_t)count + 1) * sizeof *to);
    uint32_t *places = take_room(DIGITS * sizeof *places);
    Trouble trouble = to && places ? FINE : NO_MEMORY;
    for (int shift = 0; shift < KEY_BITS && trouble == FINE; shift += RADIX) {
        uint32_t place = 0;
        memset(places, 0, DIGITS * sizeof *places);
        for (ptrdiff_t i = 0; i < count; i++) places[from[i].key >> shift & (DIGITS - 1)]++;
        for (int digit = 0; digit < DIGITS; digit++) {
            uint32_t size = places[digit];
            places[digit] = place;
            place += size;
        }
        for (ptrdiff_t i = 0; i < count; i++)
            to[places[from[i].key >> shift & (DIGITS - 1)]++] = from[i];
        Entry *kept = from;
        from = to;
        to = kept;
    }
    free_room(places);
    free_room(to);
    *entries = from;
    return trouble;
}

/* Lay out the buckets of sorted entries. A record that has a key twice counts once. */
static Trouble lay_out(const RecordKeys *keys, const Entry *entries, ptrdiff_t count,
                       NewBuckets *out) {
    out->members = take_room(((size_t)count + 1) * sizeof *out->members);
    out->starts = take_room(((size_t)count / 2 + 2) * sizeof *out->starts);
    out->of = take_zeros((size_t)(keys->records * keys->width) + 1, sizeof *out->of);
    if (!out->members || !out->starts || !out->of) return NO_MEMORY;
    for (ptrdiff_t i = 0, end; i < count; i = end) {
        ptrdiff_t first = out->member_count;
        for (end = i; end < count && entries[end].key == entries[i].key; end++) {
            uint32_t record = (uint32_t)(entries[end].place / keys->width);
            if (out->member_count > first && out->members[out->member_count - 1] == record) continue;
            out->members[out->member_count++] = record;
        }
        if (out->member_count - first < 2) {
            out->member_count = first;
            continue;
        }
        out->starts[out->count++] = first;
        for (ptrdiff_t k = i; k < end; k++) out->of[entries[k].place] = (uint32_t)out->count;
    }
    out->starts[out->count] = out->member_count;
    return FINE;
}

void free_buckets(NewBuckets *buckets) {
    free_room(buckets->members);
    free_room(buckets->starts);
    free_room(buckets->of);
}

/* look_back.group_keys */
Trouble group_keys(const RecordKeys *keys, NewBuckets *out) {
    Entry *entries = NULL;
    ptrdiff_t count = 0;
    memset(out, 0, sizeof *out);
    if ((uint64_t)keys->records * (uint64_t)keys->width >= UINT32_MAX) return NO_MEMORY;
    Trouble trouble = collect(keys, &entries, &count);
    if (trouble == FINE) trouble = sort_entries(&entries, count);
    if (trouble == FINE) trouble = lay_out(keys, entries, count, out);
    free_room(entries);
    return trouble;
}

static int is_sound(const Buckets *buckets, const LookBack *look) {
    int64_t last = 0;
    for (ptrdiff_t b = 0; b <= buckets->count; b++) {
        if (buckets->starts[b] < last || buckets->starts[b] > buckets->member_count) return 0;
        last = buckets->starts[b];
    }
    for (ptrdiff_t i = 0; i < buckets->member_count; i++)
        if ((ptrdiff_t)buckets->members[i] >= look->records) return 0;
    return 1;
}

/* A member in play, and how many before it in its bucket were in play in the pass before. */
typedef struct {
    uint32_t record, rank;
} InPlay;

/* Visit the new pairs of one bucket: count them by their later record, or write them down. A pair
 * is not new if it stood as close in the pass before. */
static void pair_bucket(const uint32_t *members, ptrdiff_t size, const LookBack *look,
                        InPlay *remaining, int64_t *ends, uint32_t *partners) {
    ptrdiff_t count = 0;
    uint32_t rank = 0;
    int changed = 0;
    for (ptrdiff_t i = 0; i < size; i++) {
        uint32_t record = members[i];
        if (look->in_play[record]) remaining[count++] = (InPlay){record, rank};
        rank += look->before[record];
        changed |= look->in_play[record] != look->before[record];
    }
    if (!changed) return;
    int all_dated = count && look->times[remaining[0].record] != UNDATED;
    for (ptrdiff_t i = 1; i < count; i++) {
        uint32_t record = remaining[i].record;
        int64_t time = look->times[record];
        int64_t reach = time == UNDATED ? look->undated_reach : look->reach;
        for (ptrdiff_t j = i - 1; j >= 0 && i - j <= reach; j--) {
            uint32_t partner = remaining[j].record;
            int64_t then = look->times[partner];
            if (look->window >= 0 && then != UNDATED && then < time - look->window) {
                if (all_dated) break;
                continue;
            }
            int known = look->before[record] && look->before[partner] &&
                        remaining[i].rank - remaining[j].rank <= reach;
            if (known) continue;
            if (partners) partners[ends[record]] = partner;
            ends[record]++;
        }
    }
}

/* Sort a record's partners and drop those that come again; returns how many are left. */
static ptrdiff_t sort_unique(uint32_t *values, ptrdiff_t count) {
    for (ptrdiff_t i = 1; i < count; i++) {
        uint32_t value = values[i];
        ptrdiff_t at = i;
        for (; at && values[at - 1] > value; at--) values[at] = values[at - 1];
        values[at] = value;
    }
    ptrdiff_t kept = 0;
    for (ptrdiff_t i = 0; i < count; i++)
        if (!i || values[i] != values[kept - 1]) values[kept++] = values[i];
    return kept;
}

static Trouble visit_all(const Buckets *kinds, const LookBack *looks, ptrdiff_t count,
                         int64_t *ends, uint32_t *partners) {
    for (ptrdiff_t kind = 0; kind < count; kind++) {
        const Buckets *buckets = &kinds[kind];
        ptrdiff_t largest = 0;
        for (ptrdiff_t b = 0; b < buckets->count; b++) {
            ptrdiff_t size = buckets->starts[b + 1] - buckets->starts[b];
            if (size > largest) largest = size;
        }
        InPlay *remaining = take_room(((size_t)largest + 1) * sizeof *remaining);
        if (!remaining) return NO_MEMORY;
        for (ptrdiff_t b = 0; b < buckets->count; b++)
            pair_bucket(buckets->members + buckets->starts[b],
                        buckets->starts[b + 1] - buckets->starts[b], &looks[kind], remaining, ends,
                        partners);
        free_room(remaining);
    }
    return FINE;
}

/* look_back.find_candidates, over buckets of several kinds of keys. */
Trouble find_candidates(const Buckets *buckets, const LookBack *looks, ptrdiff_t kinds,
                        Candidates *out) {
    ptrdiff_t records = looks->records;
    for (ptrdiff_t kind = 0; kind < kinds; kind++)
        if (!is_sound(&buckets[kind], &looks[kind])) return BAD_ARRAY;
    int64_t *ends = take_zeros((size_t)records + 1, sizeof *ends), total = 0, kept = 0;
    if (!ends) return NO_MEMORY;
    Trouble trouble = visit_all(buckets, looks, kinds, ends, NULL);
    for (ptrdiff_t i = 0; i < records; i++) {
        int64_t size = ends[i];
        out->starts[i] = ends[i] = total;
        total += size;
    }
    out->partners = trouble == FINE ? take_room(((size_t)total + 1) * sizeof *out->partners) : NULL;
    if (!out->partners) trouble = NO_MEMORY;
    if (trouble == FINE) trouble = visit_all(buckets, looks, kinds, ends, out->partners);
    for (ptrdiff_t i = 0; i < records && trouble == FINE; i++) {
        uint32_t *own = out->partners + out->starts[i];
        ptrdiff_t count = sort_unique(own, ends[i] - out->starts[i]);
        memmove(out->partners + kept, own, (size_t)count * sizeof *own);
        out->starts[i] = kept;
        kept += count;
    }
    out->starts[records] = kept;
    free_room(ends);
    return trouble;
}
