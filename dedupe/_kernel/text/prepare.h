/* Prepare texts: what goes in and what comes out. */

#ifndef DEDUPE_PREPARE_H
#define DEDUPE_PREPARE_H

#include "text/text.h"

enum { BANDS = 12, BAND_ROWS = 4, SLOTS = BANDS * BAND_ROWS, RARE_STEMS = 5, RARE_KEYS = 10 };

/* Texts in UTF-8, text `i` from `starts[i]` to `ends[i]` of the data, and the outlet of each by
 * number, -1 for none: the words of outlet `i` are `source_keys[source_ends[i]]` and on. `cleaned`
 * says which were written with markup. Of each no more than `longest` characters count; 0: all. If
 * `once`, each text of an outlet is prepared once. */
typedef struct {
    const uint8_t *data, *cleaned;
    const int64_t *starts, *ends;
    const int32_t *sources;
    const uint32_t *source_keys;
    const int64_t *source_ends;
    const uint32_t *multipliers, *offsets;
    ptrdiff_t size, texts, source_count, source_words, longest;
    int once;
} RawTexts;

/* The bytes of a text that count. */
typedef struct {
    const uint8_t *data;
    ptrdiff_t size;
} Span;

/* dedupe.tokens.PreparedTexts, and which of them each raw text is. */
typedef struct {
    Bytes tokens, letters;
    int32_t *places;
    int64_t *token_ends, *letter_ends;
    uint64_t *fingerprints;
    uint32_t *band_keys, *rare_keys, *lengths;
    uint8_t *languages, *versions, *facts;
} PreparedTexts;

/* distinct.c */
int span_of(const RawTexts *raw, ptrdiff_t i, Span *span);
Trouble number_spans(const RawTexts *raw, int32_t *places);

Trouble prepare_texts(const RawTexts *raw, const Tables *tables, PreparedTexts *out);

/* blocking/keys.c */
typedef struct {
    uint32_t multipliers[SLOTS], offsets[SLOTS];
} Permutations;

size_t shingle_room(size_t letters);
void band_keys_of(const Token *tokens, ptrdiff_t token_count, const uint8_t *letters,
                  const Permutations *permutations, uint32_t *scratch, uint32_t *out);
void rare_keys_of(const Token *tokens, ptrdiff_t count, uint32_t *out);

#endif
