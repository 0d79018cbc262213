/* The features of a pair of aligned texts: the twin of dedupe/scoring/features.py. */

#include "kernel.h"
#include "scoring/match.h"

enum {
    TELLING = 7, /* bits of a word that changes places */
    PIVOTAL = 6, /* bits of the word about which it does */
};

/* What is left of one side when the other has been matched against it. */
typedef struct {
    int64_t total, rest, top;
    int numbers, loose, tags, core, core_start;
    double late;
} Balance;

/* features.late_share: matched words whose counterpart stands before an earlier word's. */
static double late_share(const Side *side) {
    int matched = 0, late = 0, furthest = -1;
    for (int i = 0; i < side->count; i++) {
        if (match_similarity(side, i) < STEM_MATCH) continue;
        matched++;
        if (place(side, i) < furthest) late++;
        else furthest = place(side, i);
    }
    return (double)late / (matched ? matched : 1);
}

/* features.turns: whether two telling words change places about a third one. */
static int turns(const Side *side) {
    int least_after[LONGEST], least = LONGEST, most = -1;
    for (int i = side->count - 1; i >= 0; i--) {
        int ends = match_similarity(side, i) >= STEM_MATCH && side->weights[i] >= TELLING * SCALE;
        least_after[i] = least;
        if (ends && place(side, i) < least) least = place(side, i);
    }
    for (int i = 0; i < side->count; i++) {
        int at = place(side, i), match = match_similarity(side, i);
        int pivotal = match >= CONCEPT_MATCH && side->weights[i] >= PIVOTAL * SCALE;
        if (pivotal && most > at && least_after[i] < at) return 1;
        if (match >= STEM_MATCH && side->weights[i] >= TELLING * SCALE && at > most) most = at;
    }
    return 0;
}

static int first_core(const Side *side) {
    for (int i = 0; i < side->count; i++)
        if (side->core[i]) return i;
    return 0;
}

static Balance balance(const Side *side) {
    Balance sum = {.late = late_share(side),
                   .core_start = match_similarity(side, first_core(side))};
    for (int i = 0; i < side->count; i++) {
        int match = match_similarity(side, i), core = side->core[i];
        int64_t loose = (int64_t)side->weights[i] * (WHOLE - match);
        sum.total += side->weights[i];
        sum.rest += loose;
        if (loose > sum.top) sum.top = loose;
        sum.core += core;
        sum.numbers += core && side->numbers[i] && match < WHOLE;
        sum.loose += core && match == 0;
        sum.tags += !core && match < WHOLE;
    }
    if (sum.total < 1) sum.total = 1;
    return sum;
}

/* features.opposed: whether an unmatched word on one side contradicts one on the other. */
static int opposed(const Side *left, const Side *right) {
    for (int i = 0; i < left->count; i++) {
        if (left->sides[i] == NO_WORD || match_similarity(left, i) >= CONCEPT_MATCH) continue;
        for (int j = 0; j < right->count; j++)
            if (match_similarity(right, j) < CONCEPT_MATCH &&
                right->sides[j] == (left->sides[i] ^ 1))
                return 1;
    }
    return 0;
}

/* features.aligned_features, in the order of VIEW. */
void features_of(const Side *left, const Side *right, double *out) {
    Balance a = balance(left), b = balance(right);
    double rest_a = (double)a.rest / WHOLE, rest_b = (double)b.rest / WHOLE;
    double top_a = (double)a.top / WHOLE, top_b = (double)b.top / WHOLE;
    double shared_a = (double)a.total - rest_a, shared_b = (double)b.total - rest_b;
    out[0] = (shared_a + shared_b) / (double)(a.total + b.total);
    out[1] = greater(shared_a / (double)a.total, shared_b / (double)b.total);
    out[2] = lesser(shared_a, shared_b) / SCALE;
    out[3] = lesser(rest_a, rest_b) / SCALE;
    out[4] = greater(rest_a, rest_b) / SCALE;
    out[5] = lesser(top_a, top_b) / SCALE;
    out[6] = greater(top_a, top_b) / SCALE;
    out[7] = lesser(a.numbers, b.numbers);
    out[8] = greater(a.numbers, b.numbers);
    out[9] = opposed(left, right);
    out[10] = greater(a.late, b.late);
    out[11] = turns(left) || turns(right);
    out[12] = lesser(a.core_start, b.core_start) / WHOLE;
    out[13] = lesser(a.core, b.core);
    out[14] = lesser(a.loose, b.loose);
    out[15] = greater(a.tags, b.tags);
}

/* One row a pair; a pair with an empty text is left as it is. */
Trouble aligned_features(const Column *column, const int64_t *left, const int64_t *right,
                         ptrdiff_t pairs, double *out) {
    Side ours, theirs;
    for (ptrdiff_t pair = 0; pair < pairs; pair++) {
        fetch_side(column, right + pair, pairs - pair);
        int is_new = pair == 0 || left[pair] != left[pair - 1];
        if (is_new && !take_side(column, left[pair], &ours)) return BAD_ARRAY;
        if (!take_side(column, right[pair], &theirs)) return BAD_ARRAY;
        if (!ours.count || !theirs.count) continue;
        align(&ours, &theirs);
        features_of(&ours, &theirs, out + pair * ALIGNED_FEATURES);
    }
    return FINE;
}
