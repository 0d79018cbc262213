/* What pairs come to, and may come to at the most: the twins of dedupe.verify.odds and of
 * dedupe.verify.screen. */

#include <math.h>
#include <string.h>

#include "kernel.h"

/* What the features that do not hang on a pair's words leave of all trees: with a backing field or
 * without, where rare words are shared or not. */
typedef struct {
    uint8_t left[2][2][MOST_TREES];
} Openings;

static void open_screen(const Forest *forest, Openings *openings) {
    double row[FEATURES] = {0};
    for (int backed = 0; backed < 2; backed++)
        for (int shared = 0; shared < 2; shared++) {
            uint8_t *left = openings->left[backed][shared];
            memset(left, ALL_LEAVES, (size_t)forest->trees);
            for (int f = VIEW; f < GAP; f++) row[f] = NAN;
            row[VIEW - 1] = row[GAP - 1] = 1;
            row[RETURNS] = row[RETURNS_WEEKS] = row[CROWD] = shared ? 0 : NAN;
            ask(forest, row, VIEW - 1, VIEW, left);
            if (backed) ask(forest, row, GAP - 1, GAP, left);
            else row[GAP - 1] = NAN, ask(forest, row, VIEW, GAP, left);
            ask(forest, row, RECURRENCE, SAME_SOURCE, left);
            ask(forest, row, RETURNS, FEATURES, left);
        }
}

/* The features of each field that both texts have, the one that leads first; tells how many. */
static Trouble look(const Screen *screen, Side sides[][2], ptrdiff_t pair, double *row,
                    int *views) {
    *views = 0;
    for (int f = 0; f < screen->fields; f++) {
        const Column *column = &screen->columns[f];
        Side *ours = &sides[f][0], *theirs = &sides[f][1];
        fetch_side(column, screen->right + pair, screen->pairs - pair);
        int is_new = pair == 0 || screen->left[pair] != screen->left[pair - 1];
        if (is_new && !take_side(column, screen->left[pair], ours)) return BAD_ARRAY;
        if (!take_side(column, screen->right[pair], theirs)) return BAD_ARRAY;
        if (!ours->count || !theirs->count) continue;
        double *view = row + (*views)++ * VIEW;
        align(ours, theirs);
        features_of(ours, theirs, view);
    }
    return FINE;
}

static double hope(const Screen *screen, const Openings *openings, ptrdiff_t pair, int backed,
                   double *row) {
    const Forest *forest = screen->forest;
    const int32_t *ours = screen->keys + screen->left[pair] * ANCHOR_KEYS;
    const int32_t *theirs = screen->keys + screen->right[pair] * ANCHOR_KEYS;
    uint8_t left[MOST_TREES];
    memcpy(left, openings->left[backed][share_key(ours, theirs)], (size_t)forest->trees);
    row[GAP] = screen->gaps[pair];
    row[SAME_SOURCE] = screen->same_source[pair];
    ask(forest, row, 0, VIEW - 1, left);
    if (backed) ask(forest, row, VIEW, GAP - 1, left);
    ask(forest, row, GAP, GAP + 1, left);
    ask(forest, row, SAME_SOURCE, SAME_SOURCE + 1, left);
    return sum_leaves(forest, left);
}

Trouble screen_pairs(const Screen *screen, double *odds) {
    Side sides[2][2];
    Openings openings;
    double row[FEATURES];
    if (!is_forest(screen->forest, FEATURES)) return BAD_ARRAY;
    open_screen(screen->forest, &openings);
    for (ptrdiff_t pair = 0; pair < screen->pairs; pair++) {
        int views;
        Trouble trouble = look(screen, sides, pair, row, &views);
        if (trouble != FINE) return trouble;
        if (views) odds[pair] += hope(screen, &openings, pair, views > 1, row);
        else odds[pair] = -INFINITY;
    }
    return FINE;
}

/* The answers that tell what recurs. */
static double finish(const Forest *forest, const double *row, const uint8_t *told) {
    uint8_t left[MOST_TREES];
    memcpy(left, told, (size_t)forest->trees);
    ask(forest, row, RECURRENCE, SAME_SOURCE, left);
    ask(forest, row, RETURNS, FEATURES, left);
    return sum_leaves(forest, left);
}

/* Add to each pair's odds its leaves, and to its hopes those if nothing recurred. */
Trouble judge_looks(const Forest *forest, const Looks *looks, double *odds, double *hopes) {
    static const int RECURRING[] = {RECURRENCE, RECURRENCE_WEEKS, RETURNS, RETURNS_WEEKS, CROWD};
    if (!is_forest(forest, FEATURES)) return BAD_ARRAY;
    for (ptrdiff_t pair = 0; pair < looks->pairs; pair++) {
        double row[FEATURES];
        uint8_t left[MOST_TREES];
        memcpy(row, looks->lead + pair * VIEW, VIEW * sizeof *row);
        memcpy(row + VIEW, looks->back + pair * VIEW, VIEW * sizeof *row);
        memcpy(row + GAP, looks->context + pair * CONTEXT, CONTEXT * sizeof *row);
        memset(left, ALL_LEAVES, (size_t)forest->trees);
        ask(forest, row, 0, RECURRENCE, left);
        ask(forest, row, SAME_SOURCE, RETURNS, left);
        odds[pair] += finish(forest, row, left);
        for (int i = 0; i < 5; i++) row[RECURRING[i]] *= 0;
        hopes[pair] += finish(forest, row, left);
    }
    return FINE;
}
