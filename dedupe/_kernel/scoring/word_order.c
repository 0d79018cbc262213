/* The order of the words of two aligned texts: the twin of dedupe/scoring/word_order.py. */

#include <stdlib.h>
#include <string.h>

#include "scoring/score.h"

enum {
    LEAST_SLOT = 2 * EIGHTHS * WHOLE * FULL,
    LEAST_EXCHANGE = 2,
    LONGEST_PARTY = 3,
};

/* word_order.late_share */
double late_share(const Side *side) {
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

/* word_order.matched_span */
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

/* word_order.exchanged_parties: where the first party ends and the last begins. */
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

/* The function words right before and behind some words, 0 for none: word_order.beside. */
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

/* word_order.follows_companion */
static int follows_companion(const Side *side, int at) {
    return at > 0 && side->tokens[at - 1]->flags & IS_COMPANION;
}

/* word_order.is_swapped */
int is_swapped(const Side *left, const Side *right) {
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

/* word_order.longest_chain: the points of it, in order. */
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

/* word_order.count_slots */
int count_slots(const Side *left, const Side *right, int64_t *heaviest) {
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
