/* BLAKE2b without a key (RFC 7693): fingerprints of texts and digests of records. */

#include <string.h>

#include "text/text.h"

enum { BLOCK = 128, ROUNDS = 12 };

static const uint64_t IV[8] = {
    UINT64_C(0x6A09E667F3BCC908), UINT64_C(0xBB67AE8584CAA73B), UINT64_C(0x3C6EF372FE94F82B),
    UINT64_C(0xA54FF53A5F1D36F1), UINT64_C(0x510E527FADE682D1), UINT64_C(0x9B05688C2B3E6C1F),
    UINT64_C(0x1F83D9ABFB41BD6B), UINT64_C(0x5BE0CD19137E2179),
};
static const uint8_t SIGMA[ROUNDS][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4},
    {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13},
    {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11},
    {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5},
    {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
};

INLINE uint64_t turn(uint64_t value, int by) { return value >> by | value << (64 - by); }

INLINE void mix(uint64_t *v, int a, int b, int c, int d, uint64_t x, uint64_t y) {
    v[a] += v[b] + x;
    v[d] = turn(v[d] ^ v[a], 32);
    v[c] += v[d];
    v[b] = turn(v[b] ^ v[c], 24);
    v[a] += v[b] + y;
    v[d] = turn(v[d] ^ v[a], 16);
    v[c] += v[d];
    v[b] = turn(v[b] ^ v[c], 63);
}

/* Eight bytes, the lowest first; written so that compilers see one load. */
INLINE uint64_t load_word(const uint8_t *data) {
    return (uint64_t)data[0] | (uint64_t)data[1] << 8 | (uint64_t)data[2] << 16 |
           (uint64_t)data[3] << 24 | (uint64_t)data[4] << 32 | (uint64_t)data[5] << 40 |
           (uint64_t)data[6] << 48 | (uint64_t)data[7] << 56;
}

/* One round; inlined with a number, which makes the places of the words constants. */
INLINE void turn_all(uint64_t *v, const uint64_t *m, int round) {
    const uint8_t *s = SIGMA[round];
    mix(v, 0, 4, 8, 12, m[s[0]], m[s[1]]);
    mix(v, 1, 5, 9, 13, m[s[2]], m[s[3]]);
    mix(v, 2, 6, 10, 14, m[s[4]], m[s[5]]);
    mix(v, 3, 7, 11, 15, m[s[6]], m[s[7]]);
    mix(v, 0, 5, 10, 15, m[s[8]], m[s[9]]);
    mix(v, 1, 6, 11, 12, m[s[10]], m[s[11]]);
    mix(v, 2, 7, 8, 13, m[s[12]], m[s[13]]);
    mix(v, 3, 4, 9, 14, m[s[14]], m[s[15]]);
}

static void compress(uint64_t h[8], const uint8_t *block, uint64_t counted, int last) {
    uint64_t v[16], m[16];
    for (int i = 0; i < 16; i++) m[i] = load_word(block + 8 * i);
    memcpy(v, h, 8 * sizeof *v);
    memcpy(v + 8, IV, 8 * sizeof *v);
    v[12] ^= counted;
    if (last) v[14] = ~v[14];
    turn_all(v, m, 0);
    turn_all(v, m, 1);
    turn_all(v, m, 2);
    turn_all(v, m, 3);
    turn_all(v, m, 4);
    turn_all(v, m, 5);
    turn_all(v, m, 6);
    turn_all(v, m, 7);
    turn_all(v, m, 8);
    turn_all(v, m, 9);
    turn_all(v, m, 10);
    turn_all(v, m, 11);
    for (int i = 0; i < 8; i++) h[i] ^= v[i] ^ v[i + 8];
}

/* Set the first two words of a digest of 8 or 16 bytes. */
INLINE void blake2b(const uint8_t *data, size_t size, unsigned digest, uint64_t out[2]) {
    uint64_t h[8], counted = 0;
    uint8_t rest[BLOCK] = {0};
    memcpy(h, IV, sizeof h);
    h[0] ^= 0x01010000 ^ digest;
    while (size > BLOCK) {
        counted += BLOCK;
        compress(h, data, counted, 0);
        data += BLOCK;
        size -= BLOCK;
    }
    if (size) memcpy(rest, data, size);
    compress(h, rest, counted + size, 1);
    out[0] = h[0];
    out[1] = h[1];
}

void blake2b_128(const uint8_t *data, size_t size, uint64_t out[2]) {
    blake2b(data, size, 16, out);
}

/* hashing.span_digests: of each record its first 8 bytes as a number, the highest byte first. */
Trouble digest_records(const Records *records, uint64_t *out) {
    for (ptrdiff_t i = 0; i < records->count; i++) {
        int64_t start = records->starts[i], end = records->ends[i];
        uint64_t words[2], digest = 0;
        if (start < 0 || end < start || end > records->size) return BAD_ARRAY;
        blake2b(records->data + start, (size_t)(end - start), 8, words);
        for (int byte = 0; byte < 8; byte++) digest = digest << 8 | (words[0] >> (8 * byte) & 0xFF);
        out[i] = digest;
    }
    return FINE;
}
