/* Texts to MinHash band keys: the twin of dedupe/blocking/minhash.py. */

#include <string.h>

#include "hash.h"

enum {
    SHINGLE = 4,
    SPACELESS_SHINGLE = 2,
    PAD = 32,
    BLOCK = 256, /* shingles that are permuted together */
    LANES = 32,  /* permutations that are held in registers */
};

/* The permutations, filled up to whole lanes, and the signature so far. */
typedef struct {
    uint32_t multipliers[MOST_SLOTS], offsets[MOST_SLOTS], least[MOST_SLOTS];
    ptrdiff_t slots;
} Signature;

/* How many shingles a text of so many characters has, with a space at either end. */
static int64_t shingle_count(int64_t letters, int width) {
    if (letters <= 0) return 0;
    return letters + 2 - width + 1 > 1 ? letters + 2 - width + 1 : 1;
}

INLINE uint32_t shingle_hash(uint64_t value) { return mix32((uint32_t)(mix64(value) >> 32)); }

/* minhash.shingles: the hash of one shingle, the text's ends padded. */
static uint32_t edge_shingle(const uint32_t *text, int64_t letters, int64_t at, int width) {
    uint64_t value = 0;
    for (int64_t i = at; i < at + width; i++)
        value = value * BASE + (i >= 0 && i < letters ? text[i] : PAD);
    return shingle_hash(value);
}

/* The hashes of shingles `first` to `last`; shingle 0 starts one place before the text. */
static void hash_shingles(const uint32_t *text, int64_t letters, int width, int64_t first,
                          int64_t last, uint32_t *out) {
    for (int64_t at = first - 1; at < last - 1; at++, out++) {
        if (at < 0 || at + width > letters) {
            *out = edge_shingle(text, letters, at, width);
            continue;
        }
        uint64_t value = text[at];
        for (int step = 1; step < width; step++) value = value * BASE + text[at + step];
        *out = shingle_hash(value);
    }
}

/* minhash.minima: the least permuted value in each slot, of these hashes and those before. */
INLINE void lower_body(Signature *sign, const uint32_t *hashes, ptrdiff_t count) {
    for (ptrdiff_t slot = 0; slot < sign->slots; slot += LANES) {
        const uint32_t *multipliers = sign->multipliers + slot, *offsets = sign->offsets + slot;
        uint32_t least[LANES];
        memcpy(least, sign->least + slot, sizeof least);
        for (ptrdiff_t i = 0; i < count; i++)
            for (int lane = 0; lane < LANES; lane++) {
                uint32_t value = hashes[i] * multipliers[lane] + offsets[lane];
                least[lane] = value < least[lane] ? value : least[lane];
            }
        memcpy(sign->least + slot, least, sizeof least);
    }
}

static void lower_plain(Signature *sign, const uint32_t *hashes, ptrdiff_t count) {
    lower_body(sign, hashes, count);
}

WIDE static void lower_wide(Signature *sign, const uint32_t *hashes, ptrdiff_t count) {
    lower_body(sign, hashes, count);
}

static void (*lower)(Signature *, const uint32_t *, ptrdiff_t) = lower_plain;

void choose_minhash(int wide) { lower = wide ? lower_wide : lower_plain; }

static void sign_text(Signature *sign, const uint32_t *text, int64_t letters, int width) {
    uint32_t hashes[BLOCK];
    int64_t count = shingle_count(letters, width);
    memset(sign->least, 0xFF, sizeof sign->least);
    for (int64_t first = 0; first < count; first += BLOCK) {
        int64_t last = first + BLOCK < count ? first + BLOCK : count;
        hash_shingles(text, letters, width, first, last, hashes);
        lower(sign, hashes, last - first);
    }
}

/* minhash.band_keys of one signature. */
static void cut_bands(const uint32_t *least, ptrdiff_t bands, ptrdiff_t rows, uint64_t *out) {
    for (ptrdiff_t band = 0; band < bands; band++) {
        uint64_t key = (uint64_t)band + 1;
        for (ptrdiff_t row = 0; row < rows; row++) key = mix64(key * BASE + *least++);
        out[band] = key;
    }
}

/* One row of band keys a text; an empty text has none, which is 0. */
Trouble band_keys(const MinHash *minhash, const Texts *cores, uint64_t *out) {
    if (minhash->slots > MOST_SLOTS || minhash->bands < 1 || minhash->slots % minhash->bands)
        return BAD_ARRAY;
    Signature sign = {.slots = minhash->slots};
    memcpy(sign.multipliers, minhash->multipliers, (size_t)minhash->slots * sizeof(uint32_t));
    memcpy(sign.offsets, minhash->offsets, (size_t)minhash->slots * sizeof(uint32_t));
    for (ptrdiff_t i = 0; i < cores->texts; i++, out += minhash->bands) {
        int64_t start = cores->starts[i], stop = cores->ends[i];
        if (start < 0 || stop < start || stop > cores->letters) return BAD_ARRAY;
        memset(out, 0, (size_t)minhash->bands * sizeof *out);
        if (start == stop) continue;
        int width = cores->spaceless[i] ? SPACELESS_SHINGLE : SHINGLE;
        sign_text(&sign, cores->codes + start, stop - start, width);
        cut_bands(sign.least, minhash->bands, minhash->slots / minhash->bands, out);
    }
    return FINE;
}
