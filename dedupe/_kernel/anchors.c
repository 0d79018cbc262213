/* Keys from the most telling words of a story: the twin of dedupe/sketch/anchors.py. */

#include <stdlib.h>

#include "hash.h"

enum { PREFIX = 5 };

/* A word of a story: what it is worth, and the hash of its first letters. */
typedef struct {
    int64_t weight;
    uint64_t stem;
} Anchor;

/* The order of anchors: the weightier first, of equal weight the lesser stem. */
INLINE int precedes(Anchor one, Anchor other) {
    return one.weight != other.weight ? one.weight > other.weight : one.stem < other.stem;
}

/* anchors.anchors: the first distinct stems in the order of anchors. A stem counts again where
 * another one stands between, by a lighter word. Returns how many there are. */
static int choose(const Anchor *words, int64_t count, uint64_t *stems) {
    int chosen = 0;
    Anchor last = {INT64_MAX, 0};
    uint64_t before = 0;
    while (chosen < ANCHORS) {
        const Anchor *next = NULL;
        for (int64_t i = 0; i < count; i++)
            if (precedes(last, words[i]) && (!next || precedes(words[i], *next))) next = words + i;
        if (!next) break;
        if (!chosen || next->stem != before) stems[chosen++] = next->stem;
        last = *next;
        before = last.stem;
    }
    return chosen;
}

/* anchors.anchor_keys: one key a pair of anchors. */
static void pair_up(const uint64_t *stems, int count, uint64_t *out) {
    for (int one = 0; one < ANCHORS; one++)
        for (int other = one + 1; other < ANCHORS; other++, out++) {
            *out = 0;
            if (other >= count) continue;
            uint64_t low = stems[one], high = stems[other];
            if (low > high) low = stems[other], high = stems[one];
            if (low) *out = mix64(low * BASE + high);
        }
}

static int64_t longest_text(const Tokens *tokens) {
    int64_t longest = 0;
    for (ptrdiff_t i = 0; i < tokens->texts; i++) {
        int64_t size = tokens->offsets[i + 1] - tokens->offsets[i];
        longest = size > longest ? size : longest;
    }
    return longest;
}

/* One row of keys a text; `weights` are those of `words`, then that of any other word. */
Trouble anchor_keys(const Tokens *tokens, const int64_t *heads, const int64_t *tails,
                    const Table *words, const int64_t *weights, uint64_t *out) {
    if (!are_sound(tokens)) return BAD_ARRAY;
    Anchor *held = malloc(((size_t)longest_text(tokens) + 1) * sizeof *held);
    if (!held) return NO_MEMORY;
    Trouble trouble = FINE;
    for (ptrdiff_t i = 0; i < tokens->texts && trouble == FINE; i++, out += ANCHOR_KEYS) {
        if (!is_within(tokens, i, heads[i], tails[i])) {
            trouble = BAD_ARRAY;
            break;
        }
        int64_t count = 0;
        for (int64_t at = heads[i]; at < tails[i]; at++) {
            if (tokens->kinds[at] == DIGIT) continue;
            int64_t start = tokens->starts[at], stop = tokens->stops[at];
            ptrdiff_t place = find(words, tokens->hashes[at]);
            if (stop > start + PREFIX) stop = start + PREFIX;
            held[count].weight = weights[place < 0 ? words->count : place];
            held[count++].stem = hash_codes(tokens->codes, start, stop);
        }
        uint64_t stems[ANCHORS] = {0};
        pair_up(stems, choose(held, count, stems), out);
    }
    free(held);
    return trouble;
}
