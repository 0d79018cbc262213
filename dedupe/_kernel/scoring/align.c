/* Match the words of two texts: the twin of dedupe/scoring/align.py. */

#include <string.h>

#include "scoring/score.h"

enum {
    SHORTEST_SPELLING = 4,
    SHORTEST_TYPO = 5,
    SHORTEST_PART = 5,
    PART_REST = 3,
    PART = 8,
    TYPO = 12,
    LEAST_ACRONYM = 2,
    MOST_ACRONYM = 6,
    LONGEST_SPELLING = 256,
};

INLINE void take(Side *side, int at, int closeness, int place) {
    if (closeness <= side->match[at]) return;
    side->match[at] = (uint8_t)closeness;
    side->place[at] = (int16_t)place;
}

static void match_numbers(Side *left, Side *right) {
    if (!left->numbers || !right->numbers) return;
    for (int i = 0; i < left->count; i++) {
        if (left->kinds[i] != NUMBER) continue;
        for (int j = 0; j < right->count; j++) {
            if (right->kinds[j] != NUMBER || right->match[j] || right->keys[j] != left->keys[i])
                continue;
            take(left, i, WHOLE, j);
            take(right, j, WHOLE, i);
            break;
        }
    }
}

INLINE int begins_pair(const Side *side, int at) {
    unsigned flags = side->tokens[at]->flags;
    return flags & OPENS_PAIR || !(flags & IS_JOINED);
}

/* The first place of a pair of ideographs, -1 for none. */
static int find_pair(const Side *side, uint32_t key) {
    for (int j = 0; j < side->count; j++)
        if (side->kinds[j] == CHARACTER && side->keys[j] == key && begins_pair(side, j)) return j;
    return -1;
}

static void match_ideographs(Side *one, const Side *other) {
    if (!one->ideographs || !other->ideographs) return;
    for (int i = 0; i < one->count; i++) {
        if (one->kinds[i] != CHARACTER) continue;
        int place = begins_pair(one, i) ? find_pair(other, one->keys[i]) : -1;
        if (place < 0 && one->tokens[i]->flags & IS_JOINED && i) {
            place = find_pair(other, one->keys[i - 1]);
            if (place >= 0) place++;
        }
        if (place >= 0) take(one, i, WHOLE, place);
    }
}

INLINE int likeness(const Side *left, int i, const Side *right, int j) {
    if (left->kinds[i] == NUMBER || right->kinds[j] == NUMBER) return 0;
    if (left->kinds[i] == right->kinds[j] && left->kinds[i] != CHARACTER) {
        if (left->keys[i] == right->keys[j]) return WHOLE;
        if (left->stems[i] == right->stems[j]) return MATCH_STEM;
    }
    return share_concept(left->tokens[i], right->tokens[j]) ? MATCH_CONCEPT : 0;
}

static void match_words(Side *left, Side *right) {
    int masks = (left->count + 63) / 64;
    for (int j = 0; j < right->count; j++)
        for (int m = 0; m < masks; m++)
            for (uint64_t bits = right->meets[j][m]; bits; bits &= bits - 1) {
                int i = 64 * m + lowest_bit(bits), closeness = likeness(left, i, right, j);
                if (!closeness) continue;
                take(left, i, closeness, j);
                take(right, j, closeness, i);
            }
}

/* A word's letters as code points. */
typedef struct {
    uint32_t letters[LONGEST_SPELLING];
    int count;
} Spelling;

/* The first letters of a word, at most so many. */
static void spell_some(const Side *side, int at, int most, Spelling *out) {
    const uint8_t *data = side->letters + side->tokens[at]->start;
    int size = side->lengths[at];
    out->count = 0;
    for (int i = 0; i < size && out->count < most;) {
        uint32_t byte = data[i++], code = byte;
        int more = byte < 0xC0 ? 0 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
        if (more) code = byte & (0x3Fu >> more);
        while (more-- && i < size) code = code << 6 | (data[i++] & 0x3F);
        out->letters[out->count++] = code;
    }
}

static void spell(const Side *side, int at, Spelling *out) {
    spell_some(side, at, LONGEST_SPELLING, out);
}

static uint32_t first_letter(const Side *side, int at) {
    Spelling spelling;
    spell_some(side, at, 1, &spelling);
    return spelling.count ? spelling.letters[0] : 0;
}

static int ending_likeness(int common, int rest_a, int rest_b) {
    int most = rest_a > rest_b ? rest_a : rest_b, least = rest_a + rest_b - most;
    if (common >= 4 && most <= 2 && common >= 2 * most) return 13;
    if (common >= 4 && most <= 3 && least <= 2) return 12;
    if (common >= 5 && most <= 4) return 11;
    if (common >= 6 && 5 * common >= 3 * (common + most)) return 9;
    return 0;
}

/* Whether one slip leads from one word to the other: their optimal string alignment distance is at
 * most 1. `common` letters are equal at the beginning. */
static int is_typo(const Spelling *a, const Spelling *b, int common) {
    if (a->count < SHORTEST_TYPO || b->count < SHORTEST_TYPO) return 0;
    if (a->count < b->count) {
        const Spelling *longer = b;
        b = a;
        a = longer;
    }
    int more = a->count - b->count, i = common, end = 0;
    if (more > 1) return 0;
    while (end < b->count - i && a->letters[a->count - 1 - end] == b->letters[b->count - 1 - end])
        end++;
    int rest_a = a->count - i - end, rest_b = b->count - i - end;
    if (rest_a <= 1 && rest_b <= 1) return 1;
    return rest_a == 2 && rest_b == 2 && a->letters[i] == b->letters[i + 1] &&
           a->letters[i + 1] == b->letters[i];
}

static int is_part(const Spelling *a, const Spelling *b) {
    const Spelling *brief = a->count <= b->count ? a : b, *full = brief == a ? b : a;
    size_t size = (size_t)brief->count * sizeof *brief->letters;
    if (brief->count < SHORTEST_PART || full->count < brief->count + PART_REST) return 0;
    return !memcmp(full->letters, brief->letters, size) ||
           !memcmp(full->letters + full->count - brief->count, brief->letters, size);
}

static int spelling_likeness(const Side *left, int i, const Spelling *a, const Side *right, int j,
                             const Spelling *b) {
    int least = a->count < b->count ? a->count : b->count, common = 0;
    if (least < SHORTEST_SPELLING) return 0;
    while (common < least && a->letters[common] == b->letters[common]) common++;
    int closeness = ending_likeness(common, a->count - common, b->count - common);
    int rare = (left->tokens[i]->flags | right->tokens[j]->flags) & IS_RARE;
    if (closeness < TYPO && rare && common && is_typo(a, b, common)) closeness = TYPO;
    if (!closeness && is_part(a, b)) closeness = PART;
    return closeness;
}

/* align.words_below: where the words stand that are matched less than so well. */
static int words_below(const Side *side, int closeness, int *out) {
    int count = 0;
    for (int at = 0; at < side->count; at++) {
        out[count] = at;
        count += side->kinds[at] == WORD && side->match[at] < closeness;
    }
    return count;
}

/* Whether two words begin or end alike, without which no spelling is like another. Of words that
 * begin otherwise only one that closes the other is. */
INLINE int may_be_like(const Side *left, int i, const Side *right, int j) {
    if (left->first[i] == right->first[j]) return 1;
    if (left->last[i] != right->last[j]) return 0;
    int own = left->lengths[i], other = right->lengths[j], brief = own < other ? own : other;
    const uint8_t *ours = left->letters + left->tokens[i]->start + own;
    const uint8_t *theirs = right->letters + right->tokens[j]->start + other;
    return own != other && !memcmp(ours - brief, theirs - brief, (size_t)brief);
}

/* Whether a word may be like another by its spelling alone. */
INLINE int is_loose_spelling(const Side *side, int at) {
    return side->kinds[at] == WORD && side->match[at] < MATCH_CONCEPT &&
           side->lengths[at] >= SHORTEST_SPELLING;
}

/* Match a word of the right text with some of 64 words of the left one. */
static void match_spelling(Side *left, int m, uint64_t bits, Side *right, int j) {
    Spelling a, b = {.count = 0};
    for (; bits; bits &= bits - 1) {
        int i = 64 * m + lowest_bit(bits);
        if (!may_be_like(left, i, right, j)) continue;
        if (!b.count) spell(right, j, &b);
        spell(left, i, &a);
        int closeness = spelling_likeness(left, i, &a, right, j, &b);
        take(left, i, closeness, j);
        take(right, j, closeness, i);
    }
}

static void match_spellings(const WordTable *table, Side *left, Side *right) {
    uint64_t loose[MASKS] = {0}, some = 0;
    uint8_t places[WIDTH];
    int masks = (left->count + 63) / 64, count = 0;
    for (int i = 0; i < left->count; i++)
        loose[i / 64] |= (uint64_t)is_loose_spelling(left, i) << i % 64;
    for (int m = 0; m < masks; m++) some |= loose[m];
    if (!some) return;
    for (int j = 0; j < right->count; j++) {
        places[count] = (uint8_t)j;
        count += is_loose_spelling(right, j);
    }
    for (int k = 0; k < count; k++)
        for (int m = 0; m < masks; m++) {
            int j = places[k];
            uint64_t bits = table->first[m][right->first[j] % LETTER_SLOTS] |
                            table->last[m][right->last[j] % LETTER_SLOTS];
            match_spelling(left, m, bits & loose[m], right, j);
        }
}

/* Whether two neighbours of one side, as long together as a word of the other, spell it. */
static int is_compound(const Token *word, const uint8_t *letters, const Side *side, int at) {
    const Token *first = side->tokens[at], *second = side->tokens[at + 1];
    return !memcmp(letters + word->start, side->letters + first->start, first->length) &&
           !memcmp(letters + word->start + first->length, side->letters + second->start,
                   second->length);
}

static void match_compounds(Side *one, const int *places, int count, Side *other) {
    for (int k = 0; k < count; k++) {
        int i = places[k];
        if (!(other->pairs & pair_bit(one->lengths[i], one->first[i]))) continue;
        for (int j = 0; j + 1 < other->count; j++) {
            if (other->joint[j] != one->lengths[i]) continue;
            if (!is_compound(one->tokens[i], one->letters, other, j)) continue;
            take(one, i, MATCH_STEM, j);
            take(other, j, MATCH_STEM, i);
            take(other, j + 1, MATCH_STEM, i);
        }
    }
}

/* align.initials: how many words from a place on have some letters as initials; 0 where not all. */
static int initials(const Side *side, int start, const Spelling *acronym, int *places) {
    int count = 0;
    for (int at = start; at < side->count && count < acronym->count; at++) {
        if (side->kinds[at] != WORD) break;
        if (first_letter(side, at) == acronym->letters[count]) places[count++] = at;
        else if (!is_function(side, at) || !count) break;
    }
    return count == acronym->count ? count : 0;
}

static void match_acronym(Side *one, int at, Side *other) {
    Spelling acronym;
    int places[MOST_ACRONYM];
    spell(one, at, &acronym);
    if (acronym.count < LEAST_ACRONYM || acronym.count > MOST_ACRONYM) return;
    for (int start = 0; start < other->count; start++) {
        int count = initials(other, start, &acronym, places);
        if (!count) continue;
        take(one, at, MATCH_STEM, start);
        for (int k = 0; k < count; k++) take(other, places[k], MATCH_STEM, at);
        return;
    }
}

static void match_acronyms(Side *one, const int *places, int count, Side *other) {
    for (int k = 0; k < count; k++)
        if (one->tokens[places[k]]->flags & IS_UPPER) match_acronym(one, places[k], other);
}

/* Match what is left over: words that are two on the other side, then acronyms. */
static void match_rest(Side *left, Side *right) {
    int ours[WIDTH], theirs[WIDTH];
    int own = words_below(left, MATCH_STEM, ours), other = words_below(right, MATCH_STEM, theirs);
    match_compounds(left, ours, own, right);
    match_compounds(right, theirs, other, left);
    if (!((left->flags | right->flags) & IS_UPPER)) return;
    own = words_below(left, 1, ours);
    other = words_below(right, 1, theirs);
    match_acronyms(left, ours, own, right);
    match_acronyms(right, theirs, other, left);
}

static void reset(Side *side) {
    memset(side->match, 0, (size_t)side->count);
    memset(side->place, 0xFF, (size_t)side->count * sizeof *side->place);
}

/* align.align, after find_meetings */
void align(const WordTable *table, Side *left, Side *right) {
    reset(left);
    reset(right);
    match_numbers(left, right);
    match_ideographs(left, right);
    match_ideographs(right, left);
    match_words(left, right);
    match_spellings(table, left, right);
    match_rest(left, right);
}
