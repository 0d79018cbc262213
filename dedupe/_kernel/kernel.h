/* What the files of the kernel share. Each function is the twin of a numpy one, named above it,
 * and equal to it bit for bit; none of them knows Python, and all trust nothing but the sizes
 * that they are told. */

#ifndef DEDUPE_KERNEL_H
#define DEDUPE_KERNEL_H

#include <stddef.h>
#include <stdint.h>

typedef enum {
    FINE,
    NO_MEMORY,
    BAD_ARRAY, /* a number in an array points outside of another, or is out of bounds or order */
} Trouble;

/* The hot loops are compiled twice on x86 and chosen when the module is loaded. An attribute a
 * function, rather than target_clones, also serves musl and macOS. */
#if (defined(__x86_64__) || defined(__i386__)) && (defined(__GNUC__) || defined(__clang__))
#define HAVE_WIDE 1
#define WIDE __attribute__((target("avx2")))
#else
#define HAVE_WIDE 0
#define WIDE
#endif

#if defined(__GNUC__) || defined(__clang__)
#define INLINE static inline __attribute__((always_inline))
#else
#define INLINE static inline
#endif

/* table.c */

/* Sorted hashes, and where those of each value of their upper bits begin. */
typedef struct {
    const uint64_t *keys;
    ptrdiff_t count;
    uint32_t *firsts;
    int shift;
} Table;

Trouble open_table(Table *table, const uint64_t *keys, ptrdiff_t count);
void close_table(Table *table);
Trouble find_hashes(const uint64_t *keys, ptrdiff_t count, const uint64_t *wanted,
                    ptrdiff_t sought, int64_t *out);
Trouble first_seen(const uint64_t *values, ptrdiff_t count, int64_t *out, ptrdiff_t *found);

/* scan.c */

/* dedupe.folding.table.Kind, and the bits of dedupe.folding.scan.GAP_BITS. */
enum {
    SPACE, LETTER, DIGIT, IDEOGRAPH, SYMBOL, DROPPED, APOSTROPHE,
    PERIOD, COMMA, HYPHEN, DASH, COLON, PIPE, BRACKET,
};
enum { SPACED = 1, HYPHENED = 2, DASHED = 4, COLONED = 8, PIPED = 16, BRACKETED = 32 };

/* How each code point folds: dedupe.folding.table.Table. */
typedef struct {
    const uint16_t *pages;
    const uint32_t *entries, *expansions;
    ptrdiff_t page_count, entry_count, expansion_count;
} Folding;

/* The tokens of texts, dedupe.folding.scan.Tokens, as they are made. */
typedef struct {
    uint64_t *hashes;
    uint8_t *kinds, *cases, *gaps;
    int64_t *starts, *stops, *offsets;
    uint32_t *codes;
    int64_t *bounds;
    ptrdiff_t tokens, letters;
} NewTokens;

ptrdiff_t folded_length(const Folding *table, const uint32_t *raw, ptrdiff_t count);
Trouble scan(const Folding *table, const uint32_t *raw, ptrdiff_t count, const int64_t *sizes,
             ptrdiff_t texts, NewTokens *out, ptrdiff_t room);

/* core.c */

/* The same, as they are read. */
typedef struct {
    const uint64_t *hashes;
    const uint8_t *kinds, *cases, *gaps;
    const int64_t *starts, *stops, *offsets;
    const uint32_t *codes;
    const int64_t *bounds;
    ptrdiff_t texts, tokens, letters;
} Tokens;

/* dedupe.folding.affixes.Core, as it is made. */
typedef struct {
    int64_t *heads, *tails;
    int16_t *versions;
    uint8_t *withdrawn;
} NewCore;

/* The text fields of dedupe.folding.Folded, as they are made. */
typedef struct {
    int64_t *starts, *stops;
    uint8_t *spaceless;
    uint64_t *prints;
} NewStories;

int are_sound(const Tokens *tokens);
int is_within(const Tokens *tokens, ptrdiff_t text, int64_t head, int64_t tail);
Trouble find_core(const Tokens *tokens, const Table *tags, const Table *gone, const Table *outlets,
                  const Table *learned, NewCore *out);
Trouble frame(const Tokens *tokens, const int64_t *heads, const int64_t *tails, NewStories *out);

/* sketch.c, anchors.c */

enum { MOST_SLOTS = 1024, ANCHORS = 5, ANCHOR_KEYS = ANCHORS * (ANCHORS - 1) / 2 };

/* The permutations of a seed and how signatures are cut: dedupe.sketch.minhash. */
typedef struct {
    const uint32_t *multipliers, *offsets;
    ptrdiff_t slots, bands;
} Sketch;

/* Folded stories: each is the code points from its start to its stop. */
typedef struct {
    const uint32_t *codes;
    const int64_t *starts, *stops;
    const uint8_t *spaceless;
    ptrdiff_t letters, texts;
} Stories;

Trouble band_keys(const Sketch *sketch, const Stories *stories, uint64_t *out);
Trouble anchor_keys(const Tokens *tokens, const int64_t *heads, const int64_t *tails,
                    const Table *words, const int64_t *weights, uint64_t *out);

/* candidates.c */

/* The keys of texts, dedupe.candidates.Family: text names[i] has those of row rows[i]. Of these
 * the ones of one part of the key space count. */
typedef struct {
    const uint64_t *keys;
    ptrdiff_t height, width;
    const int64_t *rows, *names;
    ptrdiff_t texts;
    uint64_t part, parts;
} Family;

/* The texts of buckets end to end, with room for so many, and the size of each bucket. */
typedef struct {
    uint32_t *members, *sizes;
    ptrdiff_t room, most, count;
} Buckets;

Trouble group_keys(const Family *family, Buckets *out);
Trouble pair_members(const Buckets *buckets, int64_t *out, ptrdiff_t room, ptrdiff_t *found);

/* verify.c */

/* One field of all texts as words, and what is known of each word: dedupe.verify.align.Column. */
typedef struct {
    const int32_t *ids;
    const uint8_t *zones;
    const int64_t *starts, *stops;
    const int64_t *weights;
    const int32_t *stems, *concepts, *sides;
    const uint8_t *numbers;
    ptrdiff_t words, texts, vocabulary;
} Column;

enum { ALIGNED_FEATURES = 16 };

Trouble aligned_features(const Column *column, const int64_t *left, const int64_t *right,
                         ptrdiff_t pairs, double *out);

/* context.c */

enum { MEETINGS = 3 };

Trouble returning(const uint64_t *keys, const double *meetings, ptrdiff_t texts,
                  const int64_t *left, const int64_t *right, ptrdiff_t pairs, double *out);

/* model.c */

/* Trees as parallel node arrays, dedupe.verify.model.Model: those of a tree stand together, from
 * its root, each before the nodes that it leads to. */
typedef struct {
    const int64_t *roots, *features;
    const double *thresholds;
    const int64_t *yes, *no;
    const uint8_t *missing;
    const double *values;
    ptrdiff_t trees, nodes;
} Forest;

Trouble log_odds(const Forest *forest, const double *rows, ptrdiff_t count, ptrdiff_t columns,
                 double *totals);

/* Choose the loops that this processor can run. */
void choose_alignment(int wide);
void choose_sketch(int wide);
void choose_model(int wide);

#endif
