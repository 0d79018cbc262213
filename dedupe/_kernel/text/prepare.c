/* Texts to tokens, facts and blocking keys: the twin of prepare_text in dedupe/text/prepare.py. */

#include <stdlib.h>
#include <string.h>

#include "text/prepare.h"

enum { SHORTEST_STEM = 3, ARTICLES = 6, LONGEST_ARTICLE = 3 };

static const uint32_t ARTICLE[ARTICLES][LONGEST_ARTICLE + 1] = {
    {0x648, 0x627, 0x644, 0}, {0x628, 0x627, 0x644, 0}, {0x641, 0x627, 0x644, 0},
    {0x643, 0x627, 0x644, 0}, {0x627, 0x644, 0, 0},     {0x644, 0x644, 0, 0},
};

/* prepare.without_article of every word. */
static void drop_articles(Text *text, const Lexicon *lexicon) {
    for (ptrdiff_t at = 0; at < text->token_count; at++) {
        RawToken *token = &text->tokens[at];
        if (token->kind != WORD || is_function_word(lexicon, ARABIC, token->running)) continue;
        const uint32_t *letters = text->letters + token->start;
        for (int i = 0; i < ARTICLES; i++) {
            uint32_t length = 0;
            while (ARTICLE[i][length] && length < token->letters &&
                   letters[length] == ARTICLE[i][length])
                length++;
            if (ARTICLE[i][length] || token->letters < length + SHORTEST_STEM) continue;
            token->start += length;
            token->letters -= length;
            token->running = hash_letters(text->letters + token->start, token->letters);
            break;
        }
    }
}

static size_t put_utf8(uint8_t *out, uint32_t code) {
    int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
    static const uint8_t FIRST[] = {0, 0xC0, 0xE0, 0xF0};
    size_t size = 0;
    out[size++] = (uint8_t)(FIRST[more] | code >> (6 * more));
    while (more--) out[size++] = (uint8_t)(0x80 | (code >> (6 * more) & 0x3F));
    return size;
}

/* prepare.fingerprint_of */
static Trouble fingerprint(const Text *text, Bytes *scratch, uint64_t out[2]) {
    out[0] = out[1] = 0;
    if (!text->token_count) return FINE;
    scratch->size = 0;
    int zone = ZONE_CORE;
    for (ptrdiff_t at = 0; at < text->token_count; at++) {
        const RawToken *token = &text->tokens[at];
        Trouble trouble = grow(scratch, (size_t)token->letters * 4 + 16);
        if (trouble != FINE) return trouble;
        uint8_t *place = scratch->data + scratch->size;
        size_t size = 0;
        if (token->zone != zone) {
            zone = token->zone;
            place[size++] = 2;
            place[size++] = (uint8_t)zone;
        }
        if (token->valued) {
            uint64_t bits;
            memcpy(&bits, &token->value, sizeof bits);
            place[size++] = 1;
            for (int byte = 0; byte < 8; byte++) place[size++] = (uint8_t)(bits >> (8 * byte));
        } else {
            if (token->kind != CHARACTER) place[size++] = ' ';
            for (uint32_t i = 0; i < token->letters; i++)
                size += put_utf8(place + size, text->letters[token->start + i]);
        }
        scratch->size += size;
    }
    blake2b_128(scratch->data, scratch->size, out);
    return FINE;
}

/* Whether some UTF-8 closes with a mark. */
INLINE int closes_with(const uint8_t *data, ptrdiff_t size, const char *mark) {
    ptrdiff_t length = (ptrdiff_t)strlen(mark);
    return size >= length && !memcmp(data + size - length, mark, (size_t)length);
}

/* How many bytes the mark or blank has that closes some UTF-8 behind a question mark, 0 for none. */
static ptrdiff_t closing_size(const uint8_t *data, ptrdiff_t size) {
    static const char *const MARKS[] = {"\"", "'", ")", "]", "\xE2\x80\x9D", "\xE2\x80\x99",
                                        "\xC2\xBB"};
    if (size && data[size - 1] <= ' ') return 1;
    for (size_t i = 0; i < sizeof MARKS / sizeof *MARKS; i++)
        if (closes_with(data, size, MARKS[i])) return (ptrdiff_t)strlen(MARKS[i]);
    return 0;
}

/* prepare.asks, by the mark that closes a text. */
static int closes_question(const uint8_t *data, ptrdiff_t size) {
    ptrdiff_t closing;
    while ((closing = closing_size(data, size))) size -= closing;
    return closes_with(data, size, "?") || closes_with(data, size, "\xEF\xBC\x9F") ||
           closes_with(data, size, "\xD8\x9F");
}

/* How many characters some UTF-8 is, and whether it closes with an ellipsis or asks. */
static uint32_t measure(const uint8_t *data, ptrdiff_t size, unsigned *facts) {
    uint32_t length = 0;
    for (ptrdiff_t i = 0; i < size; i++) length += (data[i] & 0xC0) != 0x80;
    while (size && (data[size - 1] <= ' ')) size--;
    if (closes_with(data, size, "...") || closes_with(data, size, "\xE2\x80\xA6"))
        *facts |= FACT_BROKEN_OFF;
    if (closes_question(data, size)) *facts |= FACT_QUESTION;
    return length;
}

static Trouble prepare_text(const RawTexts *raw, ptrdiff_t i, const uint8_t *data, ptrdiff_t size,
                            const Tables *tables, const Permutations *permutations, Text *text,
                            Bytes *scratch, PreparedTexts *out) {
    text->facts = raw->cleaned[i] ? FACT_NOISY : 0;
    text->version = 0;
    out->lengths[i] = measure(data, size, &text->facts);
    Trouble trouble = fold_text(&tables->table, data, size, text);
    if (trouble != FINE) return trouble;
    scan_text(text);
    text->language = guess_language(text, &tables->lexicon);
    if (text->language == ARABIC) drop_articles(text, &tables->lexicon);
    read_numbers(text, &tables->lexicon);
    int32_t source = raw->sources[i];
    ptrdiff_t first = 0, last = 0;
    if (source >= raw->source_count) return BAD_ARRAY;
    if (source >= 0) first = raw->source_ends[source], last = raw->source_ends[source + 1];
    if (first < 0 || last < first || last > raw->source_words) return BAD_ARRAY;
    mark_zones(text, raw->source_keys + first, last - first, &tables->lexicon);
    note_facts(text, &tables->lexicon);
    trouble = fingerprint(text, scratch, out->fingerprints + 2 * i);
    size_t tokens = out->tokens.size, letters = out->letters.size;
    if (trouble == FINE) trouble = look_up_tokens(text, tables, &out->tokens, &out->letters);
    if (trouble == FINE)
        trouble = grow(scratch, (out->letters.size - letters + 2 * MOST_TOKENS) * 2 * 4);
    if (trouble != FINE) return trouble;
    const Token *stored = (const Token *)(const void *)(out->tokens.data + tokens);
    ptrdiff_t count = (ptrdiff_t)((out->tokens.size - tokens) / sizeof(Token));
    rare_keys_of(stored, count, out->rare_keys + RARE_KEYS * i);
    band_keys_of(stored, count, out->letters.data + letters, permutations,
                 (uint32_t *)(void *)scratch->data, out->band_keys + BANDS * i);
    out->token_ends[i] = (int64_t)(out->tokens.size / sizeof(Token));
    out->letter_ends[i] = (int64_t)out->letters.size;
    out->languages[i] = (uint8_t)text->language;
    out->versions[i] = (uint8_t)text->version;
    out->facts[i] = (uint8_t)text->facts;
    return FINE;
}

Trouble prepare_texts(const RawTexts *raw, const Tables *tables, PreparedTexts *out) {
    Text text = {0};
    Bytes scratch = {0};
    Permutations permutations;
    memcpy(permutations.multipliers, raw->multipliers, sizeof permutations.multipliers);
    memcpy(permutations.offsets, raw->offsets, sizeof permutations.offsets);
    Trouble trouble = FINE;
    const uint8_t *data = raw->data, *end = raw->data + raw->size;
    for (ptrdiff_t i = 0; i < raw->texts && trouble == FINE; i++) {
        const uint8_t *stop = data < end ? memchr(data, 0, (size_t)(end - data)) : NULL;
        if (!stop) trouble = BAD_ARRAY;
        else
            trouble = prepare_text(raw, i, data, stop - data, tables, &permutations, &text, &scratch,
                                   out);
        if (stop) data = stop + 1;
    }
    free(text.chars);
    free(text.letters);
    free(text.tokens);
    free(text.other);
    free_room(scratch.data);
    return trouble;
}
