/* How often the rarest words that two headlines share have met: the twin of verify.returning. */

#include <math.h>

#include "kernel.h"

/* Whether two texts share a key. */
int share_key(const int32_t *ours, const int32_t *theirs) {
    int shared = 0;
    for (int i = 0; i < ANCHOR_KEYS; i++)
        for (int j = 0; j < ANCHOR_KEYS; j++) shared |= (ours[i] == theirs[j]) & (ours[i] >= 0);
    return shared;
}

/* The least days, weeks and headlines of the keys that both texts have; NaN where none is. */
static Trouble least_meetings(const Meetings *met, const int32_t *ours, const int32_t *theirs,
                              double *out) {
    for (int what = 0; what < MEETINGS; what++) out[what] = NAN;
    for (int i = 0; i < ANCHOR_KEYS; i++) {
        if (ours[i] < 0) continue;
        if (ours[i] >= met->count) return BAD_ARRAY;
        int shared = 0;
        for (int j = 0; j < ANCHOR_KEYS; j++) shared |= ours[i] == theirs[j];
        for (int what = 0; shared && what < MEETINGS; what++) {
            double known = met->known[(ptrdiff_t)ours[i] * MEETINGS + what];
            out[what] = known >= out[what] ? out[what] : known;
        }
    }
    return FINE;
}

/* One row a pair. */
Trouble returning(const Meetings *met, const int64_t *left, const int64_t *right, ptrdiff_t pairs,
                  double *out) {
    for (ptrdiff_t pair = 0; pair < pairs; pair++) {
        int64_t one = left[pair], other = right[pair];
        if (one < 0 || one >= met->texts || other < 0 || other >= met->texts) return BAD_ARRAY;
        Trouble trouble = least_meetings(met, met->keys + one * ANCHOR_KEYS,
                                         met->keys + other * ANCHOR_KEYS, out + pair * MEETINGS);
        if (trouble != FINE) return trouble;
    }
    return FINE;
}
