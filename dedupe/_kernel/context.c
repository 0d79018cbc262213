/* How often the rarest words that two headlines share have met: the twin of verify.returning. */

#include <math.h>

#include "kernel.h"

/* The least days, weeks and headlines of the keys that both texts have; NaN where none is. */
static void least_meetings(const uint64_t *ours, const uint64_t *theirs, const double *meetings,
                           double *out) {
    for (int what = 0; what < MEETINGS; what++) out[what] = NAN;
    for (int i = 0; i < ANCHOR_KEYS; i++) {
        if (!ours[i]) continue;
        int shared = 0;
        for (int j = 0; j < ANCHOR_KEYS; j++) shared |= ours[i] == theirs[j];
        if (!shared) continue;
        for (int what = 0; what < MEETINGS; what++) {
            double met = meetings[i * MEETINGS + what];
            out[what] = met >= out[what] ? out[what] : met;
        }
    }
}

/* One row a pair; `meetings` has one for each key of each text. */
Trouble returning(const uint64_t *keys, const double *meetings, ptrdiff_t texts,
                  const int64_t *left, const int64_t *right, ptrdiff_t pairs, double *out) {
    for (ptrdiff_t pair = 0; pair < pairs; pair++) {
        int64_t one = left[pair], other = right[pair];
        if (one < 0 || one >= texts || other < 0 || other >= texts) return BAD_ARRAY;
        least_meetings(keys + one * ANCHOR_KEYS, keys + other * ANCHOR_KEYS,
                       meetings + one * ANCHOR_KEYS * MEETINGS, out + pair * MEETINGS);
    }
    return FINE;
}
