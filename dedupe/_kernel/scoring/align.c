/* Match the words of two texts: the twin of dedupe/scoring/align.py. */

#include <string.h>

#include "scoring/score.h"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

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

/* Take a word of a text. */
INLINE void gather_token(Side *side, const Token *token) {
    int at = side->count++;
    side->tokens[at] = token;
    side->keys[at] = token->key;
    side->stems[at] = token->stem ? token->stem : token->key;
    memcpy(side->concepts[at], token->concepts, sizeof token->concepts);
    side->kinds[at] = token->kind;
    if (token->concepts[0]) side->with_concepts[at / 64] |= UINT64_C(1) << at % 64;
    side->ideographs += token->kind == CHARACTER;
    side->numbers += token->kind == NUMBER;
}

/* align.words_of, without numbers where they do not count and are not all there is; 0 where a
 * number in the arrays points outside. */
int gather(const Contents *contents, ptrdiff_t text, Side *side, int no_numbers) {
    int64_t start = contents->offsets[text], end = contents->offsets[text + 1];
    int64_t letters = contents->letter_offsets[text], last = contents->letter_offsets[text + 1];
    if (start < 0 || end < start || end > contents->token_count || end - start > MOST_TOKENS)
        return 0;
    if (letters < 0 || last < letters || last > contents->letter_count) return 0;
    side->count = side->ideographs = side->numbers = 0;
    memset(side->with_concepts, 0, sizeof side->with_concepts);
    side->letters = contents->letters + letters;
    side->facts = contents->facts[text];
    for (const Token *token = contents->tokens + start; token < contents->tokens + end; token++) {
        if (!is_compared(token->zone) || (no_numbers && token->kind == NUMBER)) continue;
        if (token->start + token->length > last - letters) return 0;
        gather_token(side, token);
    }
    return side->count || !no_numbers ? 1 : gather(contents, text, side, 0);
}

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

INLINE int share_concept(const uint16_t *one, const uint16_t *other) {
    int shared = 0;
    for (int a = 0; a < MOST_CONCEPTS; a++)
        for (int b = 0; b < MOST_CONCEPTS; b++) shared |= one[a] && one[a] == other[b];
    return shared;
}

INLINE int likeness(const Side *left, int i, const Side *right, int j) {
    if (left->kinds[i] == NUMBER || right->kinds[j] == NUMBER) return 0;
    if (left->kinds[i] == right->kinds[j] && left->kinds[i] != CHARACTER) {
        if (left->keys[i] == right->keys[j]) return WHOLE;
        if (left->stems[i] == right->stems[j]) return MATCH_STEM;
    }
    int any = left->concepts[i][0] && right->concepts[j][0];
    return any && share_concept(left->concepts[i], right->concepts[j]) ? MATCH_CONCEPT : 0;
}

/* Bits of those of 64 places, from `first` on, at which a key or a stem is the same. */
INLINE uint64_t same_words(const Side *side, int first, uint32_t key, uint32_t stem) {
    int last = side->count - first < 64 ? side->count - first : 64;
    uint64_t bits = 0;
#if defined(__SSE2__)
    __m128i keys = _mm_set1_epi32((int)key), stems = _mm_set1_epi32((int)stem);
    for (int j = 0; j < last; j += 4) {
        __m128i k = _mm_loadu_si128((const __m128i *)(side->keys + first + j));
        __m128i s = _mm_loadu_si128((const __m128i *)(side->stems + first + j));
        __m128i same = _mm_or_si128(_mm_cmpeq_epi32(k, keys), _mm_cmpeq_epi32(s, stems));
        bits |= (uint64_t)_mm_movemask_ps(_mm_castsi128_ps(same)) << j;
    }
#else
    for (int j = 0; j < last; j++)
        bits |= (uint64_t)(side->keys[first + j] == key || side->stems[first + j] == stem) << j;
#endif
    return last < 64 ? bits & ((UINT64_C(1) << (last > 0 ? last : 0)) - 1) : bits;
}

/* The place of the lowest bit, which there is. */
INLINE int lowest_bit(uint64_t bits) {
#if defined(__GNUC__) || defined(__clang__)
    return __builtin_ctzll(bits);
#else
    int place = 0;
    while (!(bits >> place & 1)) place++;
    return place;
#endif
}

/* Note which words of two texts share a key, a stem or a concept. */
void find_meetings(Side *left, const Side *right) {
    for (int i = 0; i < left->count; i++)
        for (int m = 0; m < MASKS; m++) {
            uint64_t bits = 0;
            if (64 * m < right->count)
                bits = same_words(right, 64 * m, left->keys[i], left->stems[i]);
            uint64_t others = left->concepts[i][0] ? right->with_concepts[m] & ~bits : 0;
            for (; others; others &= others - 1) {
                int j = lowest_bit(others);
                if (share_concept(left->concepts[i], right->concepts[64 * m + j]))
                    bits |= UINT64_C(1) << j;
            }
            left->meets[i][m] = bits;
        }
}

static void match_words(Side *left, Side *right) {
    for (int i = 0; i < left->count; i++)
        for (int m = 0; m < MASKS; m++)
            for (uint64_t bits = left->meets[i][m]; bits; bits &= bits - 1) {
                int j = 64 * m + lowest_bit(bits), closeness = likeness(left, i, right, j);
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

static void spell(const Side *side, int at, Spelling *out) {
    const uint8_t *data = side->letters + side->tokens[at]->start;
    int size = side->tokens[at]->length;
    out->count = 0;
    for (int i = 0; i < size;) {
        uint32_t byte = data[i++], code = byte;
        int more = byte < 0xC0 ? 0 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
        if (more) code = byte & (0x3Fu >> more);
        while (more-- && i < size) code = code << 6 | (data[i++] & 0x3F);
        out->letters[out->count++] = code;
    }
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
    for (int at = 0; at < side->count; at++)
        if (side->kinds[at] == WORD && side->match[at] < closeness) out[count++] = at;
    return count;
}

/* Whether two words begin or end alike, without which no spelling is like another. */
INLINE int may_be_like(const Side *left, int i, const Side *right, int j) {
    const Token *one = left->tokens[i], *other = right->tokens[j];
    if (!one->length || !other->length) return 0;
    const uint8_t *ours = left->letters + one->start, *theirs = right->letters + other->start;
    return *ours == *theirs || ours[one->length - 1] == theirs[other->length - 1];
}

static void match_spellings(Side *left, Side *right) {
    int ours[WIDTH], theirs[WIDTH];
    int own = words_below(left, MATCH_CONCEPT, ours), other = words_below(right, MATCH_CONCEPT, theirs);
    Spelling a, b;
    for (int i = 0; i < own; i++) {
        a.count = 0;
        for (int j = 0; j < other; j++) {
            if (!may_be_like(left, ours[i], right, theirs[j])) continue;
            if (!a.count) spell(left, ours[i], &a);
            spell(right, theirs[j], &b);
            int closeness = spelling_likeness(left, ours[i], &a, right, theirs[j], &b);
            take(left, ours[i], closeness, theirs[j]);
            take(right, theirs[j], closeness, ours[i]);
        }
    }
}

/* Whether two neighbours of one side spell a word of the other. */
static int is_compound(const Token *word, const uint8_t *letters, const Side *side, int at) {
    const Token *first = side->tokens[at], *second = side->tokens[at + 1];
    if (first->kind != WORD || second->kind != WORD) return 0;
    if (first->length + second->length != word->length) return 0;
    return !memcmp(letters + word->start, side->letters + first->start, first->length) &&
           !memcmp(letters + word->start + first->length, side->letters + second->start,
                   second->length);
}

static void match_compounds(Side *one, const int *places, int count, Side *other) {
    for (int k = 0; k < count; k++)
        for (int j = 0, i = places[k]; j + 1 < other->count; j++) {
            if (!is_compound(one->tokens[i], one->letters, other, j)) continue;
            take(one, i, MATCH_STEM, j);
            take(other, j, MATCH_STEM, i);
            take(other, j + 1, MATCH_STEM, i);
        }
}

static uint32_t first_letter(const Side *side, int at) {
    Spelling spelling;
    spell(side, at, &spelling);
    return spelling.count ? spelling.letters[0] : 0;
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
    own = words_below(left, 1, ours);
    other = words_below(right, 1, theirs);
    match_acronyms(left, ours, own, right);
    match_acronyms(right, theirs, other, left);
}

/* align.align, after find_meetings */
void align(Side *left, Side *right) {
    match_numbers(left, right);
    match_ideographs(left, right);
    match_ideographs(right, left);
    match_words(left, right);
    match_spellings(left, right);
    match_rest(left, right);
}
