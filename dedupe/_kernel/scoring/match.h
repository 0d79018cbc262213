/* How well a word is matched, in sixteenths, and where: what dedupe/scoring/align.py calls these.
 */

#ifndef DEDUPE_STRENGTH_H
#define DEDUPE_STRENGTH_H

#include "kernel.h"

enum {
    WHOLE = 16, /* the word itself */
    STEM_MATCH = 14,
    CONCEPT_MATCH = 10,
    NO_WORD = -1,
    PLACES = 6, /* bits of a place within a text */
    TAG_SHARE = 4, /* a word of a tag or an outlet weighs a quarter */
    SCALE = 16, /* of weights: units a bit */
};

INLINE int match_similarity(const Side *side, int word) { return side->best[word] >> PLACES; }

INLINE int place(const Side *side, int word) {
    return LONGEST - 1 - (side->best[word] & (LONGEST - 1));
}

INLINE double lesser(double one, double other) { return one < other ? one : other; }
INLINE double greater(double one, double other) { return one > other ? one : other; }

#endif
