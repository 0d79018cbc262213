/* Two texts side by side, each word with its best counterpart: the twin of dedupe/scoring/align.py.
 */

#include "kernel.h"
#include "scoring/match.h"

enum {
    NOBODY = INT32_MIN, /* what NO_WORD becomes on one side, so that it meets no NO_WORD */
    BLOCK = 8,
};

/* The words of one text; 0 where a number in the columns points outside of them. */
int take_side(const Column *column, int64_t text, Side *side) {
    if (text < 0 || text >= column->texts) return 0;
    int64_t start = column->starts[text], stop = column->ends[text];
    side->count = 0;
    if (stop <= start) return 1;
    if (start < 0 || stop > column->words) return 0;
    int count = stop - start < LONGEST ? (int)(stop - start) : LONGEST;
    for (int i = 0; i < count; i++) {
        int32_t id = column->ids[start + i];
        if (id < 0 || id >= column->vocabulary) return 0;
        const Word *word = &column->known[id];
        if (word->weight < 0) return 0;
        side->core[i] = column->zones[start + i] == 0;
        side->ids[i] = id;
        side->stems[i] = word->stem;
        side->concepts[i] = word->concept;
        side->sides[i] = word->side;
        side->numbers[i] = word->number != 0;
        side->weights[i] = side->core[i] ? word->weight : word->weight / TAG_SHARE;
    }
    for (int i = count; i % BLOCK; i++)
        side->ids[i] = side->stems[i] = side->concepts[i] = side->sides[i] = NO_WORD;
    side->count = count;
    return 1;
}

/* Ask for the words of texts that come up soon, of which so many are left: where a text stands
 * first, then its words, then what is known of them. */
void fetch_side(const Column *column, const int64_t *texts, ptrdiff_t left) {
    enum { SOON = 3, SOONER = 6, SOONEST = 9 };
    if (left <= SOONEST) return;
    int64_t far = texts[SOONEST], near = texts[SOONER], next = texts[SOON];
    if (far >= 0 && far < column->texts) {
        FETCH(column->starts + far);
        FETCH(column->ends + far);
    }
    if (near >= 0 && near < column->texts) {
        int64_t start = column->starts[near];
        if (start >= 0 && start < column->words) {
            FETCH(column->ids + start);
            FETCH(column->zones + start);
        }
    }
    if (next < 0 || next >= column->texts) return;
    int64_t start = column->starts[next], stop = column->ends[next];
    if (start < 0 || stop > column->words) return;
    for (int64_t i = start; i < stop && i < start + LONGEST; i++)
        if (column->ids[i] >= 0 && column->ids[i] < column->vocabulary)
            FETCH(column->known + column->ids[i]);
}

INLINE int32_t wanted(int32_t group) { return group == NO_WORD ? NOBODY : group; }

INLINE int32_t greatest(const int32_t *values) {
    int32_t most = values[0];
    for (int lane = 1; lane < BLOCK; lane++) most = values[lane] > most ? values[lane] : most;
    return most;
}

/* align.align: match each word with its best counterpart, a block of the right words at once. */
INLINE void align_body(Side *restrict left, Side *restrict right) {
    int blocks = (right->count + BLOCK - 1) / BLOCK;
    for (int j = 0; j < blocks * BLOCK; j++) right->best[j] = LONGEST - 1;
    for (int i = 0; i < left->count; i++) {
        int32_t id = left->ids[i], stem = wanted(left->stems[i]);
        int32_t concept = wanted(left->concepts[i]), side = wanted(left->sides[i]);
        int32_t best[BLOCK] = {0};
        for (int block = 0; block < blocks; block++) {
            int first = block * BLOCK;
            for (int lane = 0; lane < BLOCK; lane++) {
                int j = first + lane;
                int32_t match = (right->concepts[j] == concept) | (right->sides[j] == side)
                                    ? CONCEPT_MATCH << PLACES : 0;
                match = right->stems[j] == stem ? STEM_MATCH << PLACES : match;
                match = right->ids[j] == id ? WHOLE << PLACES : match;
                int32_t ours = match | (LONGEST - 1 - j), theirs = match | (LONGEST - 1 - i);
                best[lane] = ours > best[lane] ? ours : best[lane];
                right->best[j] = theirs > right->best[j] ? theirs : right->best[j];
            }
        }
        left->best[i] = greatest(best);
    }
}

static void align_plain(Side *left, Side *right) { align_body(left, right); }
WIDE static void align_wide(Side *left, Side *right) { align_body(left, right); }

static void (*chosen)(Side *, Side *) = align_plain;

void choose_alignment(int wide) { chosen = wide ? align_wide : align_plain; }

void align(Side *left, Side *right) { chosen(left, right); }
