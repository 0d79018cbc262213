/* The entries of the lexicon that match a word, and what is remembered of it. */

#ifndef DEDUPE_VOCABULARY_H
#define DEDUPE_VOCABULARY_H

#include <string.h>

#include "text/text.h"

enum { MOST_FOUND = 64 };

/* Values of entries, in the order in which they are found. */
typedef struct {
    uint16_t values[MOST_FOUND];
    int count;
} Found;

void find_entries(const Lexicon *lexicon, int language, int form, uint64_t running, Found *found);
void find_phrases(const Lexicon *lexicon, int language, const uint32_t *letters, uint32_t count,
                  uint64_t running, Found *found);
int has_value(const Found *found, uint16_t value);
uint16_t flags_of(uint16_t meaning);
void take_concepts(const Found *found, uint16_t out[MOST_CONCEPTS]);
void fetch_memos(const Tables *tables, const Text *text);
const Memo *remember(const Tables *tables, int language, const uint32_t *letters,
                     const RawToken *token);

INLINE int ends_with(const uint32_t *letters, uint32_t count, const char *ending) {
    uint32_t length = (uint32_t)strlen(ending);
    if (length > count) return 0;
    for (uint32_t i = 0; i < length; i++)
        if (letters[count - length + i] != (uint8_t)ending[i]) return 0;
    return 1;
}

#endif
