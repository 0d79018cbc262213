/* How often the rarest words that two headlines share recur: the twin of pair_context.returning. */

#include <math.h>

#include "kernel.h"

/* Whether two texts share a key. */
int share_key(const int32_t *ours, const int32_t *theirs) {
    int shared = 0;
    for (int i = 0; i < RARE_PAIRS; i++)
        for (int j = 0; j < RARE_PAIRS; j++) shared |= (ours[i] == theirs[j]) & (ours[i] >= 0);
    return shared;
}

/* The least days, weeks and headlines of the keys that both texts have; NaN where none is. */
static Trouble fewest_returns(const PairReturns* returns, const int32_t* ours,
                              const int32_t* theirs, double* out) {
    for (int what = 0; what < RETURN_COUNTS; what++) out[what] = NAN;
    for (int i = 0; i < RARE_PAIRS; i++) {
        if (ours[i] < 0) continue;
        if (ours[i] >= returns->count) return BAD_ARRAY;
        int shared = 0;
        for (int j = 0; j < RARE_PAIRS; j++) shared |= ours[i] == theirs[j];
        for (int what = 0; shared && what < RETURN_COUNTS; what++) {
            double known = returns->known[(ptrdiff_t)ours[i] * RETURN_COUNTS + what];
            out[what] = known >= out[what] ? out[what] : known;
        }
    }
    return FINE;
}

/* One row a pair. */
Trouble returning(const PairReturns* returns, const int64_t* left, const int64_t* right,
                  ptrdiff_t pairs, double* out) {
    for (ptrdiff_t pair = 0; pair < pairs; pair++) {
        int64_t one = left[pair], other = right[pair];
        if (one < 0 || one >= returns->texts || other < 0 || other >= returns->texts)
            return BAD_ARRAY;
        Trouble trouble =
            fewest_returns(returns, returns->keys + one * RARE_PAIRS,
                           returns->keys + other * RARE_PAIRS, out + pair * RETURN_COUNTS);
        if (trouble != FINE) return trouble;
    }
    return FINE;
}
