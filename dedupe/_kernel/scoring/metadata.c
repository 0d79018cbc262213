/* Count what recurs: the twin of count_stems and shared_minima in dedupe/scoring/metadata.py. */

#include "scoring/metadata.h"

enum { DAYS_A_WEEK = 7, COUNTS = 3 };

Trouble count_stems(const StemBuckets *buckets, const StemRecords *records, int64_t *out) {
    for (ptrdiff_t b = 0; b < buckets->count; b++) {
        if (!buckets->wanted[b]) continue;
        int64_t start = buckets->starts[b], end = buckets->starts[b + 1];
        int64_t day = -1, week = -1, days = 0, weeks = 0, firsts = 0;
        if (start < 0 || end < start || end > buckets->member_count) return BAD_ARRAY;
        for (int64_t i = start; i < end; i++) {
            uint32_t record = buckets->members[i];
            if ((ptrdiff_t)record >= records->count) return BAD_ARRAY;
            if (!records->in_play[record]) continue;
            int64_t own = records->days[record];
            firsts += records->first[record];
            if (own < 0) continue;
            days += own != day;
            weeks += own / DAYS_A_WEEK != week;
            day = own;
            week = own / DAYS_A_WEEK;
        }
        out[COUNTS * b] = days > 1 ? days : 1;
        out[COUNTS * b + 1] = weeks > 1 ? weeks : 1;
        out[COUNTS * b + 2] = firsts > 1 ? firsts : 1;
    }
    return FINE;
}

/* The least of each count over the buckets that two records share; 0 where they share none. */
Trouble shared_minima(const SharedBuckets *shared, const int64_t *left, const int64_t *right,
                      ptrdiff_t pairs, int64_t *out) {
    for (ptrdiff_t i = 0; i < pairs; i++, out += COUNTS) {
        if (left[i] < 0 || right[i] < 0 || left[i] >= shared->records || right[i] >= shared->records)
            return BAD_ARRAY;
        const uint32_t *one = shared->of + left[i] * shared->width;
        const uint32_t *other = shared->of + right[i] * shared->width;
        int found = 0;
        out[0] = out[1] = out[2] = 0;
        for (ptrdiff_t a = 0; a < shared->width; a++)
            for (ptrdiff_t b = 0; one[a] && b < shared->width; b++) {
                if (one[a] != other[b]) continue;
                if ((ptrdiff_t)one[a] > shared->buckets) return BAD_ARRAY;
                const int64_t *counts = shared->counts + COUNTS * (int64_t)(one[a] - 1);
                for (int k = 0; k < COUNTS; k++)
                    if (!found || counts[k] < out[k]) out[k] = counts[k];
                found = 1;
            }
    }
    return FINE;
}
