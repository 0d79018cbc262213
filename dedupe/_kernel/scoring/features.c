/* The features of a pair of aligned texts: the twin of dedupe/scoring/features.py. */

#include <stdlib.h>
#include <string.h>

#include "scoring/score.h"

enum {
    BIT = EIGHTHS * WHOLE * FULL,
    LEAST_SLOT = 2 * BIT,
    LONGEST_PARTY = 3,
    NEGATED_IDEOGRAPHS = 3,
    LEAST_EXCHANGE = 2,
};

typedef struct {
    int64_t total, rest, top, name;
    int numbers, words, loose, calendar, place, rarest;
} Summary;

INLINE int64_t lesser(int64_t a, int64_t b) { return a < b ? a : b; }
INLINE int64_t greater(int64_t a, int64_t b) { return a > b ? a : b; }

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

static double late_share(const Side *side) {
    int highest = -1, late = 0, matched = 0;
    for (int at = 0; at < side->count; at++) {
        if (side->match[at] < SIMILAR || is_function(side, at)) continue;
        matched++;
        late += side->place[at] < highest;
        highest = side->place[at] > highest ? side->place[at] : highest;
    }
    return (double)late / (matched ? matched : 1);
}

static int content_places(const Side *side, int *out) {
    int count = 0;
    for (int at = 0; at < side->count; at++)
        if (side->tokens[at]->zone == ZONE_CORE && side->kinds[at] != SIGN && !is_function(side, at))
            out[count++] = at;
    return count;
}

/* features.matched_span */
static int matched_span(const Side *side, int *out) {
    int first = 0, count = content_places(side, out);
    while (count && side->match[out[count - 1]] < SIMILAR) count--;
    while (first < count && side->match[out[first]] < SIMILAR) first++;
    memmove(out, out + first, (size_t)(count - first) * sizeof *out);
    return count - first;
}

static int by_key(const void *one, const void *other) {
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return (a > b) - (a < b);
}

/* Some words of a text, from a place to another. */
typedef struct {
    const Side *side;
    int start, end;
} Span;

/* The keys of the function words of a span, sorted; returns how many there are. */
static int function_words(Span span, uint32_t *keys) {
    int count = 0;
    for (int at = span.start; at <= span.end; at++)
        if (is_function(span.side, at)) keys[count++] = span.side->keys[at];
    qsort(keys, (size_t)count, sizeof *keys, by_key);
    return count;
}

/* Whether two spans have the same function words, each equally often. */
static int same_function_words(Span one, Span other) {
    uint32_t ours[WIDTH], theirs[WIDTH];
    int own = function_words(one, ours), count = function_words(other, theirs);
    return own == count && !memcmp(ours, theirs, (size_t)own * sizeof *ours);
}

/* features.exchanged_parties: where the first party ends and the last begins. */
static int find_parties(const int *order, int count, int low, int high, int *first, int *last) {
    if (count < LEAST_EXCHANGE || high - low < LEAST_EXCHANGE) return 0;
    if (order[0] < 0 || order[count - 1] < 0 || order[0] <= order[count - 1]) return 0;
    *first = 1;
    *last = count - 1;
    while (*first < count && order[*first] == order[*first - 1] + 1) ++*first;
    while (*last > 0 && order[*last - 1] == order[*last] - 1) --*last;
    if (order[*first - 1] != high - 1 || order[*last] != low || *last < *first) return 0;
    return *first <= LONGEST_PARTY && count - *last <= LONGEST_PARTY;
}

/* The function words right before and behind some words, 0 for none: features.beside. */
typedef struct {
    uint32_t before, behind;
} Beside;

static Beside beside(const Side *side, int start, int end) {
    Beside out = {0, 0};
    if (start > 0 && is_function(side, start - 1)) out.before = side->keys[start - 1];
    if (end + 1 < side->count && is_function(side, end + 1)) out.behind = side->keys[end + 1];
    return out;
}

static int same_beside(Beside one, Beside other) {
    return one.before == other.before && one.behind == other.behind;
}

/* features.follows_companion */
static int follows_companion(const Side *side, int at) {
    return at > 0 && side->tokens[at - 1]->flags & IS_COMPANION;
}

static int is_swapped(const Side *left, const Side *right) {
    int ours[WIDTH], theirs[WIDTH], rank[WIDTH + 1], order[WIDTH], first, last;
    int own = matched_span(left, ours), other = matched_span(right, theirs), low = 0, cut = 0;
    for (int at = 0; at <= WIDTH; at++) rank[at] = -1;
    for (int i = 0; i < other; i++) rank[theirs[i]] = i;
    for (int i = 0; i < own; i++)
        order[i] = left->match[ours[i]] >= SIMILAR ? rank[left->place[ours[i]]] : -1;
    int most = own < other ? own : other;
    while (low < most && order[low] == low) low++;
    while (cut < most - low && order[own - 1 - cut] == other - 1 - cut) cut++;
    if (!find_parties(order + low, own - cut - low, low, other - cut, &first, &last)) return 0;
    const int *places = ours + low;
    if (follows_companion(left, places[last]) && follows_companion(right, left->place[places[0]]))
        return 0;
    Beside before[2] = {beside(left, places[0], places[first - 1]),
                        beside(left, places[last], places[own - cut - low - 1])};
    Beside after[2] = {
        beside(right, left->place[places[0]], left->place[places[first - 1]]),
        beside(right, left->place[places[last]], left->place[places[own - cut - low - 1]])};
    int differ = !same_beside(before[0], before[1]);
    if (first == last)
        return before[0].behind && differ && same_beside(before[0], after[1]) && same_beside(before[1], after[0]);
    if (differ && same_beside(before[0], after[0]) && same_beside(before[1], after[1])) return 0;
    for (int i = first; i < last; i++)
        if (left->match[places[i]] != WHOLE) return 0;
    Span span = {left, places[0], places[own - cut - low - 1]}, across = {right, WIDTH, 0};
    for (int i = 0; i < own - cut - low; i++) {
        int place = left->place[places[i]];
        if (left->match[places[i]] < SIMILAR) continue;
        across.start = place < across.start ? place : across.start;
        across.end = place > across.end ? place : across.end;
    }
    return same_function_words(span, across);
}

static int64_t loose_weight(const Side *side, int start, int end) {
    int64_t weight = 0;
    for (int at = start; at < end; at++)
        if (!is_function(side, at))
            weight += (int64_t)side->tokens[at]->weight * (WHOLE - side->match[at]) * FULL;
    return weight;
}

/* features.longest_chain: the points of it, in order. */
static int longest_chain(const int (*points)[2], int count, int *chain) {
    int lengths[WIDTH], before[WIDTH], best = -1, size = 0, rising = 1;
    while (rising < count && points[rising - 1][1] < points[rising][1]) rising++;
    for (int at = 0; rising >= count && at < count; at++) chain[at] = at;
    if (rising >= count) return count;
    for (int at = 0; at < count; at++) {
        lengths[at] = 1;
        before[at] = -1;
        for (int earlier = 0; earlier < at; earlier++)
            if (points[earlier][1] < points[at][1] && lengths[earlier] + 1 > lengths[at]) {
                lengths[at] = lengths[earlier] + 1;
                before[at] = earlier;
            }
        if (best < 0 || lengths[at] > lengths[best]) best = at;
    }
    for (int at = best; at >= 0; at = before[at]) chain[size++] = at;
    for (int i = 0; i < size / 2; i++) {
        int kept = chain[i];
        chain[i] = chain[size - 1 - i];
        chain[size - 1 - i] = kept;
    }
    return size;
}

static int count_slots(const Side *left, const Side *right, int64_t *heaviest) {
    int points[WIDTH][2], chain[WIDTH], count = 0, slots = 0;
    for (int at = 0; at < left->count; at++)
        if (left->match[at] >= SIMILAR && !is_function(left, at)) {
            points[count][0] = at;
            points[count++][1] = left->place[at];
        }
    int size = longest_chain((const int (*)[2])points, count, chain), i = -1, j = -1;
    *heaviest = 0;
    for (int step = 0; step <= size; step++) {
        int next_i = step < size ? points[chain[step]][0] : left->count;
        int next_j = step < size ? points[chain[step]][1] : right->count;
        int64_t weight = lesser(loose_weight(left, i + 1, next_i), loose_weight(right, j + 1, next_j));
        slots += weight > LEAST_SLOT;
        if (weight > LEAST_SLOT) *heaviest = greater(*heaviest, weight);
        i = next_i;
        j = next_j;
    }
    return slots;
}

INLINE int head_match(const Side *side) { return side->head < 0 ? 0 : side->match[side->head]; }

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
