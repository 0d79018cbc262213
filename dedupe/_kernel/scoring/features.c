/* The features of a pair of aligned texts: the twin of dedupe/scoring/features.py. */

#include "scoring/score.h"

enum {
    BIT = EIGHTHS * WHOLE * FULL,
    NEGATED_IDEOGRAPHS = 3,
};

typedef struct {
    int64_t total, rest, top, name;
    int numbers, words, loose, calendar, place, rarest;
} Summary;

/* Sum up the words that are left over, and find the rarest that are not. */
static Summary summarise(const Side *side) {
    Summary out = {.total = side->weight * WHOLE, .words = side->told};
    int64_t run = 0;
    for (int at = 0; at < side->count; at++) {
        int match = side->match[at], kind = side->kinds[at];
        if (match >= MATCH_STEM && side->word_weights[at] > out.rarest)
            out.rarest = side->word_weights[at];
        if (match == WHOLE) {
            run = 0;
            continue;
        }
        unsigned flags = side->tokens[at]->flags;
        int64_t loose = (int64_t)side->weights[at] * (WHOLE - match);
        out.rest += loose;
        run = kind == CHARACTER ? (flags & IS_JOINED ? run : 0) + loose : 0;
        out.top = greater(out.top, kind == CHARACTER ? run : loose);
        if (!match && !(flags & IS_FUNCTION)) out.loose += told_share(kind);
        out.numbers += kind == NUMBER;
        if (flags & IS_NAME && match < SIMILAR) out.name = greater(out.name, loose);
        out.calendar |= flags & IS_CALENDAR && match < MATCH_CONCEPT;
        out.place |= flags & IS_PLACE && match < MATCH_CONCEPT;
    }
    return out;
}

/* Whether a word tells something, and is no negation itself. */
INLINE int is_told(const Side *side, int at) {
    return side->kinds[at] != SIGN && !(side->tokens[at]->flags & (IS_FUNCTION | IS_NEGATION));
}

/* features.negates_shared */
static int negates_shared(const Side *side, int at) {
    if (side->kinds[at] == CHARACTER && at + 1 < side->count) {
        for (int place = at + 1; place < side->count && place <= at + NEGATED_IDEOGRAPHS; place++)
            if (side->match[place] >= SIMILAR) return 1;
        return 0;
    }
    for (int place = at + 1; place < side->count; place++)
        if (is_told(side, place)) return side->match[place] >= SIMILAR;
    for (int place = at - 1; place >= 0; place--)
        if (is_told(side, place)) return side->match[place] >= SIMILAR;
    return 0;
}

/* Whether a text negates what both say, and whether it does so by itself. */
static void find_negations(const Side *side, int *said, int *alone) {
    *said = *alone = 0;
    for (int at = 0; at < side->count; at++) {
        int matched = side->match[at] >= MATCH_STEM;
        if (!(side->tokens[at]->flags & IS_NEGATION)) continue;
        if (!matched && !negates_shared(side, at)) continue;
        *said = 1;
        *alone |= !matched;
    }
}

/* features.negates_alone */
static int negates_alone(const Side *left, const Side *right) {
    int said[2], alone[2];
    find_negations(left, &said[0], &alone[0]);
    find_negations(right, &said[1], &alone[1]);
    return said[0] != said[1] || alone[0] != alone[1];
}

/* The distinct sides of opposites that the loose words of a text stand on. */
static int loose_opposites(const Side *side, uint16_t *out) {
    int count = 0;
    for (int at = 0; at < side->count; at++) {
        const uint16_t *concepts = side->tokens[at]->concepts;
        if (side->match[at] >= MATCH_STEM) continue;
        for (int i = 0; i < MOST_CONCEPTS && concepts[i]; i++) {
            uint16_t concept = concepts[i];
            int known = concept < FIRST_OPPOSITE;
            for (int k = 0; k < count; k++) known |= out[k] == concept;
            if (!known) out[count++] = concept;
        }
    }
    return count;
}

static int has(const uint16_t *values, int count, uint16_t value) {
    for (int i = 0; i < count; i++)
        if (values[i] == value) return 1;
    return 0;
}

static int count_opposed(const Side *left, const Side *right) {
    uint16_t ours[WIDTH * MOST_CONCEPTS], theirs[WIDTH * MOST_CONCEPTS];
    int own = loose_opposites(left, ours), opposed = 0;
    int other = own ? loose_opposites(right, theirs) : 0;
    for (int i = 0; i < own; i++) {
        uint16_t across = ours[i] ^ 1;
        opposed += !has(theirs, other, ours[i]) && has(theirs, other, across) &&
                   !has(ours, own, across);
    }
    return opposed;
}

INLINE int head_match(const Side *side) { return side->head < 0 ? 0 : side->match[side->head]; }

/* Count the words of a side with a flag, and those of them that are matched. */
static int count_flag(const Side *side, unsigned flag, int *matched) {
    int count = 0;
    *matched = 0;
    if (!(side->flags & flag)) return 0;
    for (int at = 0; at < side->count; at++)
        if (side->tokens[at]->flags & flag) {
            count++;
            *matched += side->match[at] >= MATCH_STEM;
        }
    return count;
}

/* features.count_marked */
static int count_marked(const Side *left, const Side *right, unsigned flag) {
    int ours, theirs, count = count_flag(left, flag, &ours) + count_flag(right, flag, &theirs);
    return count - (ours < theirs ? ours : theirs);
}

/* features.features of two aligned sides, all but those of fill_late. */
void fill_counts(const Side *left, const Side *right, double *out) {
    Summary a = summarise(left), b = summarise(right);
    int64_t shared_a = greater(0, a.total - a.rest), shared_b = greater(0, b.total - b.rest);
    int64_t total_a = greater(1, a.total), total_b = greater(1, b.total);
    double cover_a = (double)shared_a / (double)total_a, cover_b = (double)shared_b / (double)total_b;
    out[DICE] = (double)(shared_a + shared_b) / (double)(total_a + total_b);
    out[COVERAGE] = cover_a < cover_b ? cover_a : cover_b;
    out[SHARED] = (double)lesser(shared_a, shared_b) / BIT;
    out[REST_MIN] = (double)lesser(a.rest, b.rest) / BIT;
    out[REST_MAX] = (double)greater(a.rest, b.rest) / BIT;
    out[TOP_MIN] = (double)lesser(a.top, b.top) / BIT;
    out[TOP_MAX] = (double)greater(a.top, b.top) / BIT;
    out[NUMBERS_MIN] = (double)lesser(a.numbers, b.numbers);
    out[NUMBERS_MAX] = (double)greater(a.numbers, b.numbers);
    out[HEAD] = (double)lesser(head_match(left), head_match(right)) / WHOLE;
    out[WORDS_MET] = (double)lesser(a.words - a.loose, b.words - b.loose) / FULL;
    out[WORDS_MAX] = (double)greater(a.words, b.words) / FULL;
    out[LOOSE_MIN] = (double)lesser(a.loose, b.loose) / FULL;
    out[LOOSE_MAX] = (double)greater(a.loose, b.loose) / FULL;
    out[NAMES_MIN] = (double)lesser(a.name, b.name) / BIT;
    out[NAMES_MAX] = (double)greater(a.name, b.name) / BIT;
    out[CALENDAR] = a.calendar && b.calendar;
    out[GENRE] = (left->facts ^ right->facts) & FACT_GENRE ? 1 : 0;
    out[IDEOGRAPHS] = 2 * left->ideographs > left->count && 2 * right->ideographs > right->count;
    out[RAREST] = (double)lesser(a.rarest, b.rarest) / EIGHTHS;
    out[PLACES] = a.place && b.place;
    out[QUESTION_ALONE] = (left->facts ^ right->facts) & FACT_QUESTION ? 1 : 0;
    out[REACTION_ALONE] = (left->flags ^ right->flags) & IS_REACTION ? 1 : 0;
    out[NOTICES] = count_marked(left, right, IS_NOTICE);
    out[SERIES_WORDS] = count_marked(left, right, IS_SERIES);
}

/* The features that are found only where a pair may still be accepted. */
void fill_late(const Side *left, const Side *right, double *out) {
    int64_t heaviest, other = 0;
    int slots = count_slots(left, right, &heaviest);
    if (slots) slots = (int)lesser(slots, count_slots(right, left, &other));
    double late_a = late_share(left), late_b = late_share(right);
    out[NEGATION_ALONE] = (left->flags | right->flags) & IS_NEGATION ? negates_alone(left, right) : 0;
    out[OPPOSED] = count_opposed(left, right);
    out[ORDER] = late_a > late_b ? late_a : late_b;
    out[SWAPPED] = (late_a > 0 && is_swapped(left, right)) || (late_b > 0 && is_swapped(right, left));
    out[SLOT_COUNT] = slots;
    out[SLOT_WEIGHT] = (double)lesser(heaviest, other) / BIT;
}
