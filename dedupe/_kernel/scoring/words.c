/* Gather the words of texts, and find which of two texts meet: words_of in dedupe/scoring/align.py,
 * is_promising and matched_weight in dedupe/scoring/score.py. */

#include <string.h>

#include "scoring/score.h"

/* score.LEAST_PART */
enum { LEAST_PART = 2, OF_PARTS = 5 };

INLINE uint32_t stem_of(const Token *token) { return token->stem ? token->stem : token->key; }

/* The weight of a word in the pre-filter. */
INLINE int32_t filter_weight(const Token *token) { return token->weight * zone_factor(token); }

/* Choose the words of a text that are compared, without numbers where they do not count and are not
 * all there is; 0 where a number in the arrays points outside. */
int pick_words(const Contents *contents, ptrdiff_t text, Side *side, int no_numbers) {
    int64_t start = contents->offsets[text], end = contents->offsets[text + 1];
    int64_t letters = contents->letter_offsets[text], last = contents->letter_offsets[text + 1];
    if (start < 0 || end < start || end > contents->token_count || end - start > MOST_TOKENS)
        return 0;
    if (letters < 0 || last < letters || last > contents->letter_count) return 0;
    side->count = 0;
    side->letters = contents->letters + letters;
    side->facts = contents->facts[text];
    for (const Token *token = contents->tokens + start; token < contents->tokens + end; token++) {
        int wanted = is_compared(token->zone) && !(no_numbers && token->kind == NUMBER);
        if (wanted && token->start + token->length > last - letters) return 0;
        side->tokens[side->count] = token;
        side->count += wanted;
    }
    return side->count || !no_numbers ? 1 : pick_words(contents, text, side, 0);
}

/* Lay out the words that were picked. */
void spread_words(Side *side) {
    side->ideographs = side->numbers = side->told = 0;
    side->weight = 0;
    side->flags = 0;
    side->pairs = 0;
    side->head = -1;
    for (int at = 0; at < side->count; at++) {
        const Token *token = side->tokens[at];
        const uint8_t *letters = side->letters + token->start;
        side->keys[at] = token->key;
        side->stems[at] = stem_of(token);
        side->weights[at] = filter_weight(token);
        side->weight += side->weights[at];
        side->kinds[at] = token->kind;
        side->word_weights[at] = token->kind == WORD ? token->weight : 0;
        side->lengths[at] = token->length;
        side->first[at] = token->length ? letters[0] : 0;
        side->last[at] = token->length ? letters[token->length - 1] : 0;
        side->flags |= token->flags;
        side->ideographs += token->kind == CHARACTER;
        side->numbers += token->kind == NUMBER;
        side->joint[at] = 0;
        if (at && token->kind == WORD && side->kinds[at - 1] == WORD) {
            side->joint[at - 1] = (uint16_t)(side->lengths[at - 1] + token->length);
            side->pairs |= pair_bit(side->joint[at - 1], side->first[at - 1]);
        }
        if (token->flags & IS_FUNCTION) continue;
        side->told += told_share(token->kind);
        if (side->head < 0 && token->zone == ZONE_CORE) side->head = at;
    }
}

INLINE uint32_t key_slot(uint32_t key) { return key % WORD_SLOTS; }

INLINE uint32_t concept_slot(uint16_t concept) {
    return (concept * UINT32_C(0x9E3779B1) >> 16) % WORD_SLOTS;
}

INLINE int masks_of(const Side *side) { return (side->count + 63) / 64; }

/* File the words of a text. */
void fill_table(WordTable *table, const Side *side) {
    for (int m = 0; m < masks_of(side); m++) {
        memset(table->slots[m], 0, sizeof table->slots[m]);
        memset(table->first[m], 0, sizeof table->first[m]);
        memset(table->last[m], 0, sizeof table->last[m]);
    }
    for (int at = 0; at < side->count; at++) {
        const uint16_t *concepts = side->tokens[at]->concepts;
        uint64_t bit = UINT64_C(1) << at % 64, *slots = table->slots[at / 64];
        slots[key_slot(side->keys[at])] |= bit;
        slots[key_slot(side->stems[at])] |= bit;
        for (int i = 0; i < MOST_CONCEPTS && concepts[i]; i++)
            slots[concept_slot(concepts[i])] |= bit;
        table->first[at / 64][side->first[at] % LETTER_SLOTS] |= bit;
        table->last[at / 64][side->last[at] % LETTER_SLOTS] |= bit;
    }
}

/* The words among 64 of the left text that a word shares a key, a stem or a concept with. */
INLINE uint64_t words_met(const WordTable *table, const Side *left, int m, const Token *token) {
    const uint64_t *slots = table->slots[m];
    uint32_t key = token->key, stem = stem_of(token);
    uint64_t bits = slots[key_slot(key)] | slots[key_slot(stem)], met = 0;
    for (int i = 0; i < MOST_CONCEPTS && token->concepts[i]; i++)
        bits |= slots[concept_slot(token->concepts[i])];
    for (; bits; bits &= bits - 1) {
        int at = 64 * m + lowest_bit(bits);
        int meets = left->keys[at] == key || left->stems[at] == stem;
        if (meets || share_concept(left->tokens[at], token)) met |= bits & (~bits + 1);
    }
    return met;
}

INLINE int find_meetings_of(const WordTable *table, const Side *left, Side *right, int masks) {
    int64_t total = left->weight, weight = 0;
    uint64_t met_left[MASKS] = {0};
    for (int j = 0; j < right->count; j++) {
        uint64_t any = 0;
        int32_t own = filter_weight(right->tokens[j]);
        for (int m = 0; m < masks; m++) {
            uint64_t bits = words_met(table, left, m, right->tokens[j]);
            right->meets[j][m] = bits;
            met_left[m] |= bits;
            any |= bits;
        }
        total += own;
        weight += any ? own : 0;
    }
    for (int m = 0; m < masks; m++)
        for (uint64_t bits = met_left[m]; bits; bits &= bits - 1)
            weight += left->weights[64 * m + lowest_bit(bits)];
    return OF_PARTS * weight >= LEAST_PART * total;
}

/* Note which words of the right text meet which of the left one, whose table is given, and return
 * whether enough do: score.is_promising. */
int find_meetings(const WordTable *table, const Side *left, Side *right) {
    if (masks_of(left) == 1) return find_meetings_of(table, left, right, 1);
    return find_meetings_of(table, left, right, masks_of(left));
}
