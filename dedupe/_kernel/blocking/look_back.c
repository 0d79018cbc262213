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

/* Mark a key; returns how many more keys are known to come more than once. */
INLINE int mark(Sieve *sieve, uint32_t key) {
    static const int8_t more[] = {0, 2, 0, 1}; /* by what was marked before */
    uint64_t at = sieve_hash(key) & sieve->mask;
    unsigned shift = at % 4 * 2;
    uint8_t *marks = &sieve->marks[at / 4];
    int before = *marks >> shift & 3;
    *marks |= (uint8_t)(1 << (shift + (before & 1)));
    return more[before];
}

INLINE int is_again(const Sieve *sieve, uint32_t key) {
    uint64_t at = sieve_hash(key) & sieve->mask;
    return sieve->marks[at / 4] >> (at % 4 * 2 + 1) & 1;
}

/* The keys of a record in one field, NULL for none. */
INLINE const uint32_t *keys_of(const RecordKeys *keys, ptrdiff_t record, ptrdiff_t field) {
    int32_t text = keys->rows[field * keys->records + record];
    return text < 0 ? NULL : keys->keys + text * keys->text_width;
}

INLINE uint32_t salted(uint32_t key, uint32_t salt) { return key ? key ^ salt : 0; }

/* Mark all keys; returns how many seem to come more than once. */
static ptrdiff_t mark_all(const RecordKeys *keys, Sieve *sieve) {
    ptrdiff_t again = 0;
    for (ptrdiff_t record = 0; record < keys->records; record++)
        for (ptrdiff_t field = 0; field < keys->fields; field++) {
            const uint32_t *own = keys_of(keys, record, field);
            for (ptrdiff_t k = 0; own && k < keys->text_width; k++) {
                uint32_t key = salted(own[k], keys->salts[field]);
                if (key) again += mark(sieve, key);
            }
        }
    return again;
}

/* Take the keys that seem to come more than once, in the order of records. */
static void take_again(const RecordKeys *keys, const Sieve *sieve, Entry *entries) {
    uint32_t place = 0;
    for (ptrdiff_t record = 0; record < keys->records; record++)
        for (ptrdiff_t field = 0; field < keys->fields; field++, place += keys->text_width) {
            const uint32_t *own = keys_of(keys, record, field);
            for (ptrdiff_t k = 0; own && k < keys->text_width; k++) {
                uint32_t key = salted(own[k], keys->salts[field]);
                if (key && is_again(sieve, key)) *entries++ = (Entry){key, place + (uint32_t)k};
            }
        }
}

static Trouble collect(const RecordKeys *keys, Entry **out, ptrdiff_t *count) {
    ptrdiff_t total = keys->records * keys->width;
    size_t size = 64;
    for (ptrdiff_t i = 0; i < keys->fields * keys->records; i++)
        if (keys->rows[i] >= keys->texts) return BAD_ARRAY;
    while (size < (size_t)total * MARKS_A_KEY / 4) size *= 2;
    Sieve sieve = {take_zeros(size / 4, 1), size - 1};
    if (!sieve.marks) return NO_MEMORY;
    *count = mark_all(keys, &sieve);
    *out = take_room(((size_t)*count + 1) * sizeof **out);
    if (*out) take_again(keys, &sieve, *out);
    free_room(sieve.marks);
    return *out ? FINE : NO_MEMORY;
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

/* Link the entries of one key, each with the last record before its own. */
static void link_entries(const Entry *entries, ptrdiff_t count, ptrdiff_t width, uint32_t *previous) {
    for (ptrdiff_t i = 1; i < count; i++) {
        uint32_t place = entries[i].place, last = entries[i - 1].place;
        int again = place / (size_t)width == last / (size_t)width;
        previous[place] = again ? previous[last] : last + 1;
    }
}

/* Take the members of one bucket. A record that has a key twice counts once. */
static void fill_bucket(const Entry *entries, ptrdiff_t count, ptrdiff_t width, NewBuckets *out) {
    ptrdiff_t first = out->member_count;
    for (ptrdiff_t i = 0; i < count; i++) {
        uint32_t record = (uint32_t)(entries[i].place / (size_t)width);
        if (out->member_count > first && out->members[out->member_count - 1] == record) continue;
        out->members[out->member_count++] = record;
    }
    if (out->member_count - first < 2) {
        out->member_count = first;
        return;
    }
    out->starts[out->count++] = first;
    for (ptrdiff_t i = 0; i < count; i++) out->of[entries[i].place] = (uint32_t)out->count;
}

/* Lay out the buckets of sorted entries. */
static Trouble lay_out(const RecordKeys *keys, const Entry *entries, ptrdiff_t count,
                       int chains_only, NewBuckets *out) {
    size_t places = (size_t)(keys->records * keys->width) + 1;
    out->previous = take_zeros(places, sizeof *out->previous);
    if (!out->previous) return NO_MEMORY;
    if (!chains_only) {
        out->members = take_room(((size_t)count + 1) * sizeof *out->members);
        out->starts = take_room(((size_t)count / 2 + 2) * sizeof *out->starts);
        out->of = take_zeros(places, sizeof *out->of);
        if (!out->members || !out->starts || !out->of) return NO_MEMORY;
    }
    for (ptrdiff_t i = 0, end; i < count; i = end) {
        for (end = i; end < count && entries[end].key == entries[i].key;) end++;
        link_entries(entries + i, end - i, keys->width, out->previous);
        if (!chains_only) fill_bucket(entries + i, end - i, keys->width, out);
    }
    if (!chains_only) out->starts[out->count] = out->member_count;
    return FINE;
}

void free_buckets(NewBuckets *buckets) {
    free_room(buckets->members);
    free_room(buckets->starts);
    free_room(buckets->of);
    free_room(buckets->previous);
}

/* look_back.group_keys */
Trouble group_keys(const RecordKeys *keys, int chains_only, NewBuckets *out) {
    Entry *entries = NULL;
    ptrdiff_t count = 0;
    memset(out, 0, sizeof *out);
    if ((uint64_t)keys->records * (uint64_t)keys->width >= UINT32_MAX) return NO_MEMORY;
    Trouble trouble = collect(keys, &entries, &count);
    if (trouble == FINE) trouble = sort_entries(&entries, count);
    if (trouble == FINE) trouble = lay_out(keys, entries, count, chains_only, out);
    free_room(entries);
    return trouble;
}

static Trouble make_room(Candidates *out, size_t more) {
    if (out->room - out->size >= more) return FINE;
    size_t room = 2 * out->room + more;
    uint32_t *partners = change_room(out->partners, out->size * sizeof *partners,
                                     room * sizeof *partners);
    if (!partners) return NO_MEMORY;
    out->partners = partners;
    out->room = room;
    return FINE;
}

INLINE int is_far(int64_t then, int64_t time, int64_t window) {
    return then != UNDATED && time > then && (uint64_t)time - (uint64_t)then > (uint64_t)window;
}

INLINE int bit_at(const uint8_t *bits, size_t place) { return bits[place / 8] >> place % 8 & 1; }

/* Append the new partners of a record along one chain. A pair is known, and not new, if it stood as
 * close in the pass before: `rank` counts the records of that pass from the partner on. */
static Trouble look_back(const Chains *chains, const Playing *playing, size_t place,
                         uint32_t record, Candidates *out) {
    int64_t time = playing->times[record], rank = 0, seen = 0;
    int64_t reach = time == UNDATED ? chains->undated_reach : chains->reach;
    int known = playing->before[record], some_undated = playing->times[0] == UNDATED;
    uint32_t last = record;
    for (uint32_t at = chains->previous[place]; at && seen < reach; at = chains->previous[at - 1]) {
        uint32_t partner = (at - 1) / (uint32_t)chains->width;
        if (partner >= last) return BAD_ARRAY;
        last = partner;
        rank += playing->before[partner];
        if (!playing->in_play[partner]) continue;
        seen++;
        if (chains->window >= 0 && is_far(playing->times[partner], time, chains->window)) {
            if (!some_undated) break;
            continue;
        }
        if (known && playing->before[partner] && rank <= reach) continue;
        if (make_room(out, 1) != FINE) return NO_MEMORY;
        out->partners[out->size++] = partner;
    }
    return FINE;
}

/* Sort a record's partners and drop those that come again; returns how many are left. */
static size_t sort_unique(uint32_t *values, size_t count) {
    size_t kept = 0;
    for (size_t i = 1; i < count; i++) {
        uint32_t value = values[i];
        size_t at = i;
        for (; at && values[at - 1] > value; at--) values[at] = values[at - 1];
        values[at] = value;
    }
    for (size_t i = 0; i < count; i++)
        if (!i || values[i] != values[kept - 1]) values[kept++] = values[i];
    return kept;
}

/* The new candidates of records `first` up to `last`: LookBack.candidates. */
Trouble find_candidates(const Chains *chains, ptrdiff_t kinds, const Playing *playing,
                        ptrdiff_t first, ptrdiff_t last, Candidates *out) {
    if (first < 0 || last < first || last > playing->records) return BAD_ARRAY;
    for (ptrdiff_t record = first; record < last; record++) {
        size_t start = out->size;
        out->starts[record - first] = (int64_t)start;
        if (!playing->in_play[record]) continue;
        for (ptrdiff_t kind = 0; kind < kinds; kind++) {
            size_t width = (size_t)chains[kind].width, place = (size_t)record * width;
            for (size_t end = place + width; place < end; place++) {
                if (!chains[kind].previous[place] || !bit_at(chains[kind].changed, place)) continue;
                Trouble trouble = look_back(&chains[kind], playing, place, (uint32_t)record, out);
                if (trouble != FINE) return trouble;
            }
        }
        if (out->size > start)
            out->size = start + sort_unique(out->partners + start, out->size - start);
    }
    out->starts[last - first] = (int64_t)out->size;
    return FINE;
}

Trouble mark_changed(const uint32_t *previous, ptrdiff_t records, ptrdiff_t width,
                     const uint8_t *changed, uint8_t *out) {
    size_t place = 0;
    for (ptrdiff_t record = 0; record < records; record++)
        for (ptrdiff_t k = 0; k < width; k++, place++) {
            uint32_t before = previous[place];
            if (before > place) return BAD_ARRAY;
            int marked = changed[record] || (before && bit_at(out, before - 1));
            out[place / 8] |= (uint8_t)(marked << place % 8);
        }
    return FINE;
}
