/* The blocking keys of a text: the twin of dedupe/blocking/keys.py. */

#include <string.h>

#include "text/prepare.h"

enum {
    SHINGLE = 4,
    SPACELESS_SHINGLE = 2,
    CONCEPT_SALT = 0x5EED,
    BLOCK = 128, /* shingles that are permuted together */
};

typedef struct {
    uint32_t key;
    int weight;
} RareStem;

/* Keep a stem among the rarest: by weight, then by key, each once. */
static void keep_stem(RareStem *stems, int *count, RareStem stem) {
    for (int i = 0; i < *count; i++)
        if (stems[i].key == stem.key) {
            if (stems[i].weight >= stem.weight) return;
            memmove(stems + i, stems + i + 1, (size_t)(--*count - i) * sizeof *stems);
            break;
        }
    int at = *count;
    while (at && (stems[at - 1].weight < stem.weight ||
                  (stems[at - 1].weight == stem.weight && stems[at - 1].key > stem.key)))
        at--;
    if (at == RARE_STEMS) return;
    if (*count == RARE_STEMS) --*count;
    memmove(stems + at + 1, stems + at, (size_t)(*count - at) * sizeof *stems);
    stems[at] = stem;
    ++*count;
}

/* keys.stem_key */
static uint32_t stem_key(const Token *token) {
    for (int i = 0; i < MOST_CONCEPTS && token->concepts[i]; i++)
        if (token->concepts[i] >= FIRST_CONCEPT)
            return salted_key(token->concepts[i], CONCEPT_SALT);
    return token->stem;
}

/* keys.rare_keys: a key a pair of the rarest stems. */
void rare_keys_of(const Token *tokens, ptrdiff_t count, uint32_t *out) {
    RareStem stems[RARE_STEMS + 1];
    int found = 0, written = 0;
    for (ptrdiff_t at = 0; at < count; at++) {
        const Token *token = &tokens[at];
        if (!is_compared(token->zone) || token->flags & IS_FUNCTION) continue;
        if (token->kind == WORD)
            keep_stem(stems, &found, (RareStem){stem_key(token), token->weight});
        else if (token->kind == CHARACTER && token->flags & OPENS_PAIR && at + 1 < count)
            keep_stem(stems, &found, (RareStem){token->key, token->weight + token[1].weight});
    }
    memset(out, 0, RARE_KEYS * sizeof *out);
    for (int i = 0; i < found; i++)
        for (int j = i + (found > 1); j < found; j++) {
            uint32_t low = stems[i].key, high = stems[j].key;
            if (low > high) low = stems[j].key, high = stems[i].key;
            uint32_t key = (uint32_t)(mix64((uint64_t)low << 32 | high) >> 32);
            out[written++] = key ? key : 1;
        }
}

/* The code points of some well-formed UTF-8. */
static ptrdiff_t decode(const uint8_t *data, ptrdiff_t size, uint32_t *out) {
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0; i < size;) {
        uint32_t byte = data[i++], code = byte;
        int more = byte < 0xC0 ? 0 : byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
        if (more) code = byte & (0x3Fu >> more);
        while (more-- && i < size) code = code << 6 | (data[i++] & 0x3F);
        out[count++] = code;
    }
    return count;
}

/* The compared letters of a text, words apart; returns how many, and whether it sets no spaces. */
static ptrdiff_t compared_letters(const Token *tokens, ptrdiff_t token_count,
                                  const uint8_t *letters, uint32_t *out, int *spaceless) {
    ptrdiff_t count = 0, ideographs = 0, compared = 0;
    for (ptrdiff_t at = 0; at < token_count; at++) {
        const Token *token = &tokens[at];
        if (!is_compared(token->zone)) continue;
        if (count && !(token->flags & IS_JOINED)) out[count++] = ' ';
        count += decode(letters + token->start, token->length, out + count);
        ideographs += token->kind == CHARACTER;
        compared++;
    }
    *spaceless = 2 * ideographs > compared;
    return count;
}

INLINE void lower_body(const Permutations *permutations, const uint32_t *hashes, ptrdiff_t count,
                       uint32_t *least) {
    for (ptrdiff_t i = 0; i < count; i++)
        for (int slot = 0; slot < SLOTS; slot++) {
            uint32_t value = hashes[i] * permutations->multipliers[slot] +
                             permutations->offsets[slot];
            least[slot] = value < least[slot] ? value : least[slot];
        }
}

static void lower_plain(const Permutations *permutations, const uint32_t *hashes, ptrdiff_t count,
                        uint32_t *least) {
    lower_body(permutations, hashes, count, least);
}

WIDE static void lower_wide(const Permutations *permutations, const uint32_t *hashes,
                            ptrdiff_t count, uint32_t *least) {
    lower_body(permutations, hashes, count, least);
}

static void (*lower)(const Permutations *, const uint32_t *, ptrdiff_t, uint32_t *) = lower_plain;

void choose_minhash(int wide) { lower = wide ? lower_wide : lower_plain; }

/* The hash of the characters of a shingle: a sum of products that do not wait for each other. */
INLINE uint32_t shingle_hash(const uint32_t *letters, int width) {
    uint64_t value = letters[width - 1], power = BASE;
    for (int i = width - 2; i >= 0; i--, power *= BASE) value += letters[i] * power;
    return mix32((uint32_t)(mix64(value) >> 32));
}

INLINE void hash_shingles(const uint32_t *letters, ptrdiff_t count, int width, uint32_t *out) {
    for (ptrdiff_t at = 0; at < count; at++) out[at] = shingle_hash(letters + at, width);
}

/* How many bytes of scratch the letters of a text take, with a space before each token. */
size_t shingle_room(size_t letters) {
    return (letters + MOST_TOKENS + 2 * SHINGLE) * sizeof(uint32_t);
}

/* The keys of bands, each of the least hashes of its rows. */
static void fold_bands(const uint32_t *least, uint32_t *out) {
    for (int band = 0; band < BANDS; band++) {
        uint64_t key = (uint64_t)band + 1;
        for (int row = 0; row < BAND_ROWS; row++)
            key = mix64(key * BASE + least[band * BAND_ROWS + row]);
        out[band] = (uint32_t)(key >> 32) ? (uint32_t)(key >> 32) : 1;
    }
}

/* keys.band_keys: MinHash signatures as datasketch makes them, cut into bands. The letters stand in
 * `scratch` between spaces. */
void band_keys_of(const Token *tokens, ptrdiff_t token_count, const uint8_t *letters,
                  const Permutations *permutations, uint32_t *scratch, uint32_t *out) {
    uint32_t hashes[BLOCK], least[SLOTS];
    int spaceless;
    scratch[0] = ' ';
    ptrdiff_t count = compared_letters(tokens, token_count, letters, scratch + 1, &spaceless);
    memset(out, 0, BANDS * sizeof *out);
    if (!count) return;
    for (int i = 1; i <= SHINGLE; i++) scratch[count + i] = ' ';
    int width = spaceless ? SPACELESS_SHINGLE : SHINGLE;
    ptrdiff_t shingles = count + 3 - width > 1 ? count + 3 - width : 1;
    memset(least, 0xFF, sizeof least);
    for (ptrdiff_t at = 0; at < shingles; at += BLOCK) {
        ptrdiff_t some = shingles - at < BLOCK ? shingles - at : BLOCK;
        if (spaceless) hash_shingles(scratch + at, some, SPACELESS_SHINGLE, hashes);
        else hash_shingles(scratch + at, some, SHINGLE, hashes);
        lower(permutations, hashes, some, least);
    }
    fold_bands(least, out);
}
