/* Which words two texts share, and what that promises: the twin of dedupe/scoring/prefilter.py. */

#include <math.h>
#include <string.h>

#include "kernel.h"
#include "scoring/match.h"

enum { SLOTS = 256, SLOT_BITS = 8, NO_SLOT = -1 };

/* The words of one text by their signs, in a table of its own: what all words of a sign weigh, and
 * the last pair in which the other text had it. */
typedef struct {
    int32_t signs[SLOTS];
    int64_t weights[SLOTS];
    ptrdiff_t seen[SLOTS];
    int64_t total;
    int count;
} Bag;

/* What two texts share, on each side, and all that the right one has. */
typedef struct {
    int64_t ours, theirs, total;
    int count;
} Shared;

/* The slot of a sign, or the free one where it would stand. A text fills a quarter at the most. */
INLINE int slot_of(const Bag *bag, int32_t sign) {
    int slot = (int)((uint32_t)sign * 0x9E3779B1u >> (32 - SLOT_BITS));
    while (bag->signs[slot] != sign && bag->signs[slot] != NO_SLOT) slot = (slot + 1) % SLOTS;
    return slot;
}

/* Where the words of a text stand; 0 where that is outside of the column. */
INLINE int words_of(const Column *column, int64_t text, int64_t *start, int *count) {
    if (text < 0 || text >= column->texts) return 0;
    int64_t stop = column->ends[text];
    *start = column->starts[text];
    *count = 0;
    if (stop <= *start) return 1;
    if (*start < 0 || stop > column->words) return 0;
    *count = stop - *start < LONGEST ? (int)(stop - *start) : LONGEST;
    return 1;
}

/* What is known of a word at a place, and what it weighs there; NULL where nothing is. */
INLINE const Word *word_at(const Column *column, int64_t place, int32_t *weight) {
    int32_t id = column->ids[place];
    if (id < 0 || id >= column->vocabulary) return NULL;
    const Word *word = &column->known[id];
    if (word->weight < 0 || word->sign < 0) return NULL;
    *weight = column->zones[place] == 0 ? word->weight : word->weight / TAG_SHARE;
    return word;
}

static int fill_bag(const Column *column, int64_t text, Bag *bag) {
    int64_t start;
    int32_t weight;
    if (!words_of(column, text, &start, &bag->count)) return 0;
    memset(bag->signs, 0xFF, sizeof bag->signs);
    bag->total = 0;
    for (int i = 0; i < bag->count; i++) {
        const Word *word = word_at(column, start + i, &weight);
        if (!word) return 0;
        int slot = slot_of(bag, word->sign);
        bag->weights[slot] = weight + (bag->signs[slot] == NO_SLOT ? 0 : bag->weights[slot]);
        bag->signs[slot] = word->sign;
        bag->seen[slot] = -1;
        bag->total += weight;
    }
    return 1;
}

static int share_words(const Column* column, int64_t text, Bag* bag, ptrdiff_t pair,
                       Shared* shared) {
    int64_t start;
    int32_t weight;
    *shared = (Shared){0};
    if (!words_of(column, text, &start, &shared->count)) return 0;
    for (int i = 0; i < shared->count; i++) {
        const Word *word = word_at(column, start + i, &weight);
        if (!word) return 0;
        shared->total += weight;
        int slot = slot_of(bag, word->sign);
        if (bag->signs[slot] == NO_SLOT) continue;
        shared->theirs += weight;
        if (bag->seen[slot] != pair) shared->ours += bag->weights[slot];
        bag->seen[slot] = pair;
    }
    return 1;
}

/* pairs.bags_of, in the order of BAG. */
static void bags_of(const Bag *bag, const Shared *shared, double *out) {
    int64_t a = bag->total < 1 ? 1 : bag->total, b = shared->total < 1 ? 1 : shared->total;
    double ours = (double)shared->ours, theirs = (double)shared->theirs;
    double rest_a = (double)(a - shared->ours), rest_b = (double)(b - shared->theirs);
    out[0] = (ours + theirs) / (double)(a + b);
    out[1] = greater(ours / (double)a, theirs / (double)b);
    out[2] = lesser(ours, theirs) / SCALE;
    out[3] = lesser(rest_a, rest_b) / SCALE;
    out[4] = greater(rest_a, rest_b) / SCALE;
    out[5] = lesser(bag->count, shared->count);
    out[6] = greater(bag->count, shared->count);
}

/* The bags of each field that both texts have, the one that leads first. */
static Trouble read_pair(const PairFields *pairs, Bag *bags, ptrdiff_t pair, double *row) {
    int views = 0;
    for (int f = 0; f < pairs->fields; f++) {
        const Column *column = &pairs->columns[f];
        Shared shared;
        fetch_side(column, pairs->right + pair, pairs->pairs - pair);
        int is_new = pair == 0 || pairs->left[pair] != pairs->left[pair - 1];
        if (is_new && !fill_bag(column, pairs->left[pair], &bags[f])) return BAD_ARRAY;
        if (!share_words(column, pairs->right[pair], &bags[f], pair, &shared)) return BAD_ARRAY;
        if (bags[f].count && shared.count) bags_of(&bags[f], &shared, row + views++ * BAG);
    }
    for (int f = views * BAG; f < 2 * BAG; f++) row[f] = NAN;
    return FINE;
}

/* Add to each pair's odds the leaves of what a pairs tells. */
Trouble prefilter_pairs(const PairFields *pairs, double *odds) {
    Bag bags[2];
    double row[PREFILTER_FEATURES];
    uint8_t left[MOST_TREES];
    const QuickScorer *scorer = pairs->scorer;
    if (!is_scorer(scorer, PREFILTER_FEATURES)) return BAD_ARRAY;
    for (ptrdiff_t pair = 0; pair < pairs->pairs; pair++) {
        Trouble trouble = read_pair(pairs, bags, pair, row);
        if (trouble != FINE) return trouble;
        row[2 * BAG] = pairs->gaps[pair];
        row[2 * BAG + 1] = pairs->same_source[pair];
        memset(left, ALL_LEAVES, (size_t)scorer->trees);
        ask(scorer, row, 0, PREFILTER_FEATURES, left);
        odds[pair] += sum_leaves(scorer, left);
    }
    return FINE;
}
