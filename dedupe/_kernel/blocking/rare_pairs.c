/* Keys from the rarest words of a text: the twin of dedupe/blocking/rare_pairs.py. */

#include <stdlib.h>

#include "hash.h"

enum { PREFIX = 5 };

/* A word of a text: what it is worth, and the hash of its first letters. */
typedef struct {
    int64_t weight;
    uint64_t stem;
} RareWord;

/* The order of rare words: the weightier first, of equal weight the lesser stem. */
INLINE int precedes(RareWord one, RareWord other) {
    return one.weight != other.weight ? one.weight > other.weight : one.stem < other.stem;
}

/* rare_pairs.rare_pairs: the first distinct stems in the order of rare words. A stem counts again
 * where another one stands between, by a lighter word. Returns how many there are. */
static int choose(const RareWord *words, int64_t count, uint64_t *stems) {
    int chosen = 0;
    RareWord last = {INT64_MAX, 0};
    uint64_t before = 0;
    while (chosen < RARE_WORDS) {
        const RareWord *next = NULL;
        for (int64_t i = 0; i < count; i++)
            if (precedes(last, words[i]) && (!next || precedes(words[i], *next))) next = words + i;
        if (!next) break;
        if (!chosen || next->stem != before) stems[chosen++] = next->stem;
        last = *next;
        before = last.stem;
    }
    return chosen;
}

/* rare_pairs.pair_hashes: one key a pair of rare words. */
static void pair_up(const uint64_t *stems, int count, uint64_t *out) {
    for (int one = 0; one < RARE_WORDS; one++)
        for (int other = one + 1; other < RARE_WORDS; other++, out++) {
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
Trouble rare_pair_keys(const Tokens *tokens, const int64_t *core_starts, const int64_t *core_ends,
                    const Table *words, const int64_t *weights, uint64_t *out) {
    if (!are_sound(tokens)) return BAD_ARRAY;
    RareWord *held = malloc(((size_t)longest_text(tokens) + 1) * sizeof *held);
    if (!held) return NO_MEMORY;
    Trouble trouble = FINE;
    for (ptrdiff_t i = 0; i < tokens->texts && trouble == FINE; i++, out += RARE_PAIRS) {
        if (!is_within(tokens, i, core_starts[i], core_ends[i])) {
            trouble = BAD_ARRAY;
            break;
        }
        int64_t count = 0;
        for (int64_t at = core_starts[i]; at < core_ends[i]; at++) {
            if (tokens->classes[at] == DIGIT) continue;
            int64_t start = tokens->starts[at], stop = tokens->ends[at];
            ptrdiff_t place = find(words, tokens->hashes[at]);
            if (stop > start + PREFIX) stop = start + PREFIX;
            held[count].weight = weights[place < 0 ? words->count : place];
            held[count++].stem = hash_codes(tokens->codes, start, stop);
        }
        uint64_t stems[RARE_WORDS] = {0};
        pair_up(stems, choose(held, count, stems), out);
    }
    free(held);
    return trouble;
}
