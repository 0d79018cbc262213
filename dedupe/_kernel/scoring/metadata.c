/* Count what recurs, and adjust scores by it: the twin of dedupe/scoring/metadata.py. */

#include <math.h>

#include "scoring/metadata.h"

enum { DAYS_A_WEEK = 7, COUNTS = 3, TITLE_COUNTS = 2, HALF_DAY = 12 * 3600, FEW_DAYS = 2 };

#define NO_TIME INT64_MIN

/* dedupe.scoring.model.METADATA */
enum { GAP, OTHER_OUTLET, DAYS, WEEKS, TITLE_DAYS, TITLE_WEEKS, HEADLINES, METADATA };

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
static Trouble find_minima(const SharedBuckets *shared, int64_t left, int64_t right, int64_t *out) {
    const uint32_t *one = shared->of + left * shared->width;
    const uint32_t *other = shared->of + right * shared->width;
    int found = 0;
    out[0] = out[1] = out[2] = 0;
    for (ptrdiff_t a = 0; a < shared->width; a++) {
        int same = 0;
        for (ptrdiff_t b = 0; b < shared->width; b++) same |= one[a] == other[b];
        if (!same || !one[a]) continue;
        if ((ptrdiff_t)one[a] > shared->buckets) return BAD_ARRAY;
        const int64_t *counts = shared->counts + COUNTS * (int64_t)(one[a] - 1);
        for (int k = 0; k < COUNTS; k++)
            if (!found || counts[k] < out[k]) out[k] = counts[k];
        found = 1;
    }
    return FINE;
}

Trouble shared_minima(const SharedBuckets *shared, const int64_t *left, const int64_t *right,
                      ptrdiff_t pairs, int64_t *out) {
    Trouble trouble = FINE;
    for (ptrdiff_t i = 0; i < pairs && trouble == FINE; i++, out += COUNTS) {
        if (left[i] < 0 || right[i] < 0 || left[i] >= shared->records || right[i] >= shared->records)
            return BAD_ARRAY;
        trouble = find_minima(shared, left[i], right[i], out);
    }
    return trouble;
}

INLINE double greater_count(const int64_t *titles, int64_t left, int64_t right, int column) {
    int64_t a = titles[TITLE_COUNTS * left + column], b = titles[TITLE_COUNTS * right + column];
    return (double)(a > b ? a : b);
}

/* metadata.metadata_rows in seconds and counts; `minima` are those of the buckets they share. */
static void fill_row(const RecordFacts *facts, int64_t left, int64_t right, int equal,
                     const int64_t *minima, double *row) {
    int64_t one = facts->times[left], other = facts->times[right];
    int dated = one != NO_TIME && other != NO_TIME;
    int outlets = facts->outlets[left] >= 0 && facts->outlets[right] >= 0 &&
                  facts->outlets[left] != facts->outlets[right] && !equal;
    for (int i = 0; i < METADATA; i++) row[i] = NAN;
    if (outlets) row[OTHER_OUTLET] = 1;
    row[HEADLINES] = minima[2] > FEW_DAYS ? (double)minima[2] : FEW_DAYS;
    if (!dated) return;
    uint64_t gap = one > other ? (uint64_t)one - (uint64_t)other : (uint64_t)other - (uint64_t)one;
    int coarse = facts->days_only[left] || facts->days_only[right];
    row[GAP] = coarse && gap < HALF_DAY ? HALF_DAY : (double)gap;
    row[TITLE_DAYS] = greater_count(facts->titles, left, right, 0);
    row[TITLE_WEEKS] = greater_count(facts->titles, left, right, 1);
    if (!minima[0]) return;
    row[DAYS] = (double)minima[0];
    row[WEEKS] = (double)minima[1];
}

/* Ask memory for what is known of a record that is looked at soon. */
INLINE void fetch_record(const RecordFacts *facts, const SharedBuckets *shared, int64_t record) {
    if (record < 0 || record >= facts->count) return;
    FETCH(shared->of + record * shared->width);
    FETCH(shared->of + (record + 1) * shared->width - 1);
    FETCH(facts->times + record);
    FETCH(facts->outlets + record);
    FETCH(facts->titles + TITLE_COUNTS * record);
}

/* metadata.adjustments */
Trouble adjust_pairs(const MetadataModel *model, const RecordFacts *facts,
                     const SharedBuckets *shared, const MetadataPairs *pairs, double *out) {
    enum { AHEAD = 8 };
    if (!is_scorer(&model->scorer, METADATA)) return BAD_ARRAY;
    for (ptrdiff_t i = 0; i < pairs->count; i++) {
        if (i + AHEAD < pairs->count) fetch_record(facts, shared, pairs->right[i + AHEAD]);
        int64_t left = pairs->left[i], right = pairs->right[i], minima[COUNTS];
        double row[METADATA];
        if (left < 0 || right < 0 || left >= facts->count || right >= facts->count) return BAD_ARRAY;
        if (find_minima(shared, left, right, minima) != FINE) return BAD_ARRAY;
        fill_row(facts, left, right, pairs->equal[i], minima, row);
        double odds = sum_trees(&model->scorer, row);
        int series = row[DAYS] > FEW_DAYS || row[TITLE_DAYS] > FEW_DAYS;
        if (!series && odds < -model->most_objection) odds = -model->most_objection;
        out[i] = odds < model->most_support ? odds : model->most_support;
    }
    return FINE;
}
