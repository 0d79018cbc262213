/* What pairs come to, and may come to at the most: the twins of dedupe.scoring.log_odds and of
 * dedupe.scoring.prefilter. */

#include <math.h>
#include <string.h>

#include "kernel.h"

/* What the features that do not hang on a pair's words leave of all trees: with a backing field or
 * without, where rare words are shared or not. */
typedef struct {
    uint8_t left[2][2][MOST_TREES];
} Openings;

static void open_scorer(const QuickScorer *scorer, Openings *openings) {
    double row[FEATURES] = {0};
    for (int backed = 0; backed < 2; backed++)
        for (int shared = 0; shared < 2; shared++) {
            uint8_t *left = openings->left[backed][shared];
            memset(left, ALL_LEAVES, (size_t)scorer->trees);
            for (int f = VIEW; f < GAP; f++) row[f] = NAN;
            row[VIEW - 1] = row[GAP - 1] = 1;
            row[RETURNS] = row[RETURNS_WEEKS] = row[BUCKET_SIZE] = shared ? 0 : NAN;
            ask(scorer, row, VIEW - 1, VIEW, left);
            if (backed) ask(scorer, row, GAP - 1, GAP, left);
            else row[GAP - 1] = NAN, ask(scorer, row, VIEW, GAP, left);
            ask(scorer, row, RECURRENCE, SAME_SOURCE, left);
            ask(scorer, row, RETURNS, FEATURES, left);
        }
}

/* The features of each field that both texts have, the one that leads first; tells how many. */
static Trouble read_pair(const PairFields *pairs, Side sides[][2], ptrdiff_t pair, double *row,
                    int *views) {
    *views = 0;
    for (int f = 0; f < pairs->fields; f++) {
        const Column *column = &pairs->columns[f];
        Side *ours = &sides[f][0], *theirs = &sides[f][1];
        fetch_side(column, pairs->right + pair, pairs->pairs - pair);
        int is_new = pair == 0 || pairs->left[pair] != pairs->left[pair - 1];
        if (is_new && !take_side(column, pairs->left[pair], ours)) return BAD_ARRAY;
        if (!take_side(column, pairs->right[pair], theirs)) return BAD_ARRAY;
        if (!ours->count || !theirs->count) continue;
        double *view = row + (*views)++ * VIEW;
        align(ours, theirs);
        features_of(ours, theirs, view);
    }
    return FINE;
}

static double upper_bound(const PairFields* pairs, const Openings* openings, ptrdiff_t pair,
                          int backed, double* row) {
    const QuickScorer *scorer = pairs->scorer;
    const int32_t *ours = pairs->keys + pairs->left[pair] * RARE_PAIRS;
    const int32_t *theirs = pairs->keys + pairs->right[pair] * RARE_PAIRS;
    uint8_t left[MOST_TREES];
    memcpy(left, openings->left[backed][share_key(ours, theirs)], (size_t)scorer->trees);
    row[GAP] = pairs->gaps[pair];
    row[SAME_SOURCE] = pairs->same_source[pair];
    ask(scorer, row, 0, VIEW - 1, left);
    if (backed) ask(scorer, row, VIEW, GAP - 1, left);
    ask(scorer, row, GAP, GAP + 1, left);
    ask(scorer, row, SAME_SOURCE, SAME_SOURCE + 1, left);
    return sum_leaves(scorer, left);
}

Trouble bound_pairs(const PairFields *pairs, double *odds) {
    Side sides[2][2];
    Openings openings;
    double row[FEATURES];
    if (!is_scorer(pairs->scorer, FEATURES)) return BAD_ARRAY;
    open_scorer(pairs->scorer, &openings);
    for (ptrdiff_t pair = 0; pair < pairs->pairs; pair++) {
        int views;
        Trouble trouble = read_pair(pairs, sides, pair, row, &views);
        if (trouble != FINE) return trouble;
        if (views) odds[pair] += upper_bound(pairs, &openings, pair, views > 1, row);
        else odds[pair] = -INFINITY;
    }
    return FINE;
}

/* The answers that tell what recurs. */
static double finish(const QuickScorer *scorer, const double *row, const uint8_t *told) {
    uint8_t left[MOST_TREES];
    memcpy(left, told, (size_t)scorer->trees);
    ask(scorer, row, RECURRENCE, SAME_SOURCE, left);
    ask(scorer, row, RETURNS, FEATURES, left);
    return sum_leaves(scorer, left);
}

/* Add to each pair's odds its leaves, and to its upper_bounds those if nothing recurred. */
Trouble score_features(const QuickScorer* scorer, const FeatureRows* rows, double* odds,
                       double* upper_bounds) {
    static const int RECURRING[] = {RECURRENCE, RECURRENCE_WEEKS, RETURNS, RETURNS_WEEKS,
                                    BUCKET_SIZE};
    if (!is_scorer(scorer, FEATURES)) return BAD_ARRAY;
    for (ptrdiff_t pair = 0; pair < rows->pairs; pair++) {
        double row[FEATURES];
        uint8_t left[MOST_TREES];
        memcpy(row, rows->primary + pair * VIEW, VIEW * sizeof *row);
        memcpy(row + VIEW, rows->back + pair * VIEW, VIEW * sizeof *row);
        memcpy(row + GAP, rows->context + pair * CONTEXT, CONTEXT * sizeof *row);
        memset(left, ALL_LEAVES, (size_t)scorer->trees);
        ask(scorer, row, 0, RECURRENCE, left);
        ask(scorer, row, SAME_SOURCE, RETURNS, left);
        odds[pair] += finish(scorer, row, left);
        for (int i = 0; i < 5; i++) row[RECURRING[i]] *= 0;
        upper_bounds[pair] += finish(scorer, row, left);
    }
    return FINE;
}
