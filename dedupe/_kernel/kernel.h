/* What the files of the kernel share. Each function is the twin of a numpy one, named above it,
 * and equal to it bit for bit; none of them knows Python. */

#ifndef DEDUPE_KERNEL_H
#define DEDUPE_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define ALL_GOOD ((ptrdiff_t)-1)

/* The hot loops are compiled twice on x86 and chosen when the module is loaded: see WIDE. An
 * attribute per function, rather than target_clones, also serves musl and macOS. */
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

#define ALIGNED_FEATURES 15

ptrdiff_t aligned_features(const Column *column, const int64_t *left, const int64_t *right,
                           ptrdiff_t pairs, double *out, ptrdiff_t stride);

/* model.c */

/* Trees as parallel node arrays: dedupe.verify.model.Model. */
typedef struct {
    double base;
    const int64_t *roots, *features, *yes, *no;
    const double *thresholds, *values;
    const uint8_t *missing;
    ptrdiff_t trees, nodes;
    long depth;
} Forest;

typedef struct Node Node;

size_t forest_size(const Forest *forest);
ptrdiff_t pack_forest(const Forest *forest, ptrdiff_t columns, Node *out);
void log_odds(const Forest *forest, const Node *nodes, const double *rows, ptrdiff_t count,
              ptrdiff_t columns, double *out);

/* Choose the widest loops that this processor can run. */
void choose_alignment(int wide);

#endif
