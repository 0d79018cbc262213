/* How many texts hold each word: the twin of dedupe.scoring.corpus_stats. */

#include <stdlib.h>

#include "kernel.h"

/* Count a text's words, each once, however often it says them. */
static int count_text(const int32_t *words, int64_t start, int64_t stop, ptrdiff_t text,
                      ptrdiff_t *last, int64_t *counts, ptrdiff_t vocabulary) {
    for (int64_t i = start; i < stop; i++) {
        int32_t word = words[i];
        if (word < 0 || word >= vocabulary) return 0;
        counts[word] += last[word] != text + 1;
        last[word] = text + 1;
    }
    return 1;
}

/* Add up in how many of the texts that are counted each word stands. */
Trouble count_words(const WordColumn *held, const uint8_t *counted, int64_t *counts,
                    ptrdiff_t vocabulary) {
    ptrdiff_t *last = calloc((size_t)vocabulary + 1, sizeof *last);
    if (!last) return NO_MEMORY;
    Trouble trouble = FINE;
    for (ptrdiff_t text = 0; text < held->texts && trouble == FINE; text++) {
        int64_t start = held->ends[text], stop = held->ends[text + 1];
        if (!counted[text]) continue;
        if (start < 0 || stop > held->size ||
            !count_text(held->words, start, stop, text, last, counts, vocabulary))
            trouble = BAD_ARRAY;
    }
    free(last);
    return trouble;
}
