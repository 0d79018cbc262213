/* Pairs of records to score. */

#ifndef DEDUPE_PAIRS_H
#define DEDUPE_PAIRS_H

#include "scoring/score.h"

enum { MOST_FIELDS = 8, WEIGH = 0, STRICT = 1, IGNORE = 2 };

/* Records as they are scored: `rows[field * records + record]` is the text of a record in a field,
 * -1 for none. */
typedef struct {
    const Contents *contents;
    const QuickScorer *scorer;
    const int32_t *rows;
    const double *weights;
    ptrdiff_t fields, records;
    int numbers;
} Scoring;

/* A scored pair, `left` after `right` in the order of records. */
typedef struct {
    uint32_t left, right;
    double log_odds;
} ScoredPair;

/* Score pairs of records one by one; `rows`, where it is given, gets the features of each field,
 * and then nothing is pruned. */
Trouble score_pairs(const Scoring *scoring, const int64_t *left, const int64_t *right,
                    ptrdiff_t count, double *features, double *out);

/* Find the dice of each field of pairs of records; that of a field that one lacks is left as it is. */
Trouble find_similarities(const Scoring *scoring, const int64_t *left, const int64_t *right,
                          ptrdiff_t count, double *out);

/* Score the candidates of records `first` up to `last`, and append those of at least `least`. Those of
 * record `first + i` are `partners[starts[i]]` up to `partners[starts[i + 1]]`. */
Trouble score_candidates(const Scoring *scoring, const int64_t *starts, const uint32_t *partners,
                         ptrdiff_t partner_count, ptrdiff_t first, ptrdiff_t last, double least,
                         Bytes *out);

#endif
