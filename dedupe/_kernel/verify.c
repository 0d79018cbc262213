/* Two texts word by word: the twin of dedupe/verify/align.py and features.py. */

#include "kernel.h"

enum {
    LONGEST = 64,  /* words of a text that are compared */
    WHOLE = 16,    /* the strength of a match, in sixteenths: the word itself */
    STEM_MATCH = 14,
    CONCEPT_MATCH = 10,
    TAG_SHARE = 4, /* a word of a tag or an outlet weighs a quarter */
    TELLING = 7,   /* bits of a word that changes places */
    PIVOTAL = 6,   /* bits of the word about which it does */
    NO_WORD = -1,
    NOBODY = INT32_MIN, /* what NO_WORD becomes on one side, so that it meets no NO_WORD */
    PLACES = 6,    /* bits of a place within a text */
};
enum { SCALE = 16 };

/* The words of one side of a pair. `best` holds of each the strength of its best match and,
 * below it, how far the match stands from the last place: of equal matches the first wins. */
typedef struct {
    int32_t ids[LONGEST], stems[LONGEST], concepts[LONGEST], sides[LONGEST];
    int32_t best[LONGEST];
    int64_t weights[LONGEST];
    uint8_t numbers[LONGEST], core[LONGEST];
    int count;
} Side;

/* What is left of one side when the other has been matched against it. */
typedef struct {
    int64_t total, rest, top;
    int numbers, loose, tags, core, head;
    double late;
} Balance;

INLINE int strength(const Side *side, int word) { return side->best[word] >> PLACES; }

INLINE int place(const Side *side, int word) {
    return LONGEST - 1 - (side->best[word] & (LONGEST - 1));
}

/* The words of one text; 0 where a number in the columns points outside of them. */
static int take_side(const Column *column, int64_t text, Side *side) {
    if (text < 0 || text >= column->texts) return 0;
    int64_t start = column->starts[text], stop = column->stops[text];
    side->count = 0;
    if (stop <= start) return 1;
    if (start < 0 || stop > column->words) return 0;
    side->count = stop - start < LONGEST ? (int)(stop - start) : LONGEST;
    for (int i = 0; i < side->count; i++) {
        int32_t id = column->ids[start + i];
        if (id < 0 || id >= column->vocabulary) return 0;
        int64_t weight = column->weights[id];
        if (weight < 0 || weight > INT32_MAX) return 0;
        side->core[i] = column->zones[start + i] == 0;
        side->ids[i] = id;
        side->stems[i] = column->stems[id];
        side->concepts[i] = column->concepts[id];
        side->sides[i] = column->sides[id];
        side->numbers[i] = column->numbers[id];
        side->weights[i] = side->core[i] ? weight : weight / TAG_SHARE;
    }
    return 1;
}

INLINE int32_t wanted(int32_t group) { return group == NO_WORD ? NOBODY : group; }

/* align.align: match each word with its best counterpart. */
INLINE void align_body(Side *left, Side *right) {
    for (int j = 0; j < right->count; j++) right->best[j] = LONGEST - 1;
    for (int i = 0; i < left->count; i++) {
        int32_t id = left->ids[i], stem = wanted(left->stems[i]);
        int32_t concept = wanted(left->concepts[i]), side = wanted(left->sides[i]);
        int32_t best = 0;
        for (int j = 0; j < right->count; j++) {
            int32_t match = (right->concepts[j] == concept) | (right->sides[j] == side)
                                ? CONCEPT_MATCH << PLACES : 0;
            match = right->stems[j] == stem ? STEM_MATCH << PLACES : match;
            match = right->ids[j] == id ? WHOLE << PLACES : match;
            int32_t ours = match | (LONGEST - 1 - j), theirs = match | (LONGEST - 1 - i);
            best = ours > best ? ours : best;
            right->best[j] = theirs > right->best[j] ? theirs : right->best[j];
        }
        left->best[i] = best;
    }
}

static void align_plain(Side *left, Side *right) { align_body(left, right); }
WIDE static void align_wide(Side *left, Side *right) { align_body(left, right); }

static void (*align)(Side *, Side *) = align_plain;

void choose_alignment(int wide) { align = wide ? align_wide : align_plain; }

/* features.late_share: matched words whose counterpart stands before an earlier word's. */
static double late_share(const Side *side) {
    int matched = 0, late = 0, furthest = -1;
    for (int i = 0; i < side->count; i++) {
        if (strength(side, i) < STEM_MATCH) continue;
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
        int ends = strength(side, i) >= STEM_MATCH && side->weights[i] >= TELLING * SCALE;
        least_after[i] = least;
        if (ends && place(side, i) < least) least = place(side, i);
    }
    for (int i = 0; i < side->count; i++) {
        int at = place(side, i), match = strength(side, i);
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
    Balance sum = {.late = late_share(side), .head = strength(side, first_core(side))};
    for (int i = 0; i < side->count; i++) {
        int match = strength(side, i), core = side->core[i];
        int64_t loose = side->weights[i] * (WHOLE - match);
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
        if (left->sides[i] == NO_WORD || strength(left, i) >= CONCEPT_MATCH) continue;
        for (int j = 0; j < right->count; j++)
            if (strength(right, j) < CONCEPT_MATCH && right->sides[j] == (left->sides[i] ^ 1))
                return 1;
    }
    return 0;
}

INLINE double lesser(double one, double other) { return one < other ? one : other; }
INLINE double greater(double one, double other) { return one > other ? one : other; }

/* features.aligned_features, in the order of VIEW. */
static void features_of(const Side *left, const Side *right, double *out) {
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
    out[12] = lesser(a.head, b.head) / WHOLE;
    out[13] = lesser(a.core, b.core);
    out[14] = lesser(a.loose, b.loose);
    out[15] = greater(a.tags, b.tags);
}

/* One row a pair; a pair with an empty text is left as it is. */
Trouble aligned_features(const Column *column, const int64_t *left, const int64_t *right,
                         ptrdiff_t pairs, double *out) {
    Side ours, theirs;
    for (ptrdiff_t pair = 0; pair < pairs; pair++) {
        if (!take_side(column, left[pair], &ours)) return BAD_ARRAY;
        if (!take_side(column, right[pair], &theirs)) return BAD_ARRAY;
        if (!ours.count || !theirs.count) continue;
        align(&ours, &theirs);
        features_of(&ours, &theirs, out + pair * ALIGNED_FEATURES);
    }
    return FINE;
}
