/* What all files of the kernel share. Each function is the twin of a plain one in Python, named
 * above it, and equal to it bit for bit; none knows Python, and all trust nothing but the sizes
 * that they are given. */

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
#define FETCH(place) __builtin_prefetch(place)
#else
#define INLINE static inline
#define FETCH(place) ((void)(place))
#endif

/* Memory that may be large: like malloc and its kin, or a file's while arrays are mapped. */
void *take_room(size_t size);
void *take_zeros(size_t count, size_t size);
void *change_room(void *start, size_t used, size_t size);
void free_room(void *start);

/* Choose the loops that this processor runs best, or those that any runs. */
void choose_minhash(int wide);
void choose_scorer(int wide);

#endif
