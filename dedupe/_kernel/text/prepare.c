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

/* The words of the outlet of a text; 0 where they are not all there. */
static int set_source(const RawTexts *raw, ptrdiff_t i, const uint32_t **words, ptrdiff_t *count) {
    int32_t source = raw->sources[i];
    int64_t first = 0, last = 0;
    if (source >= raw->source_count) return 0;
    if (source >= 0) first = raw->source_ends[source], last = raw->source_ends[source + 1];
    if (first < 0 || last < first || last > raw->source_words) return 0;
    *words = raw->source_keys + first;
    *count = (ptrdiff_t)(last - first);
    return 1;
}

/* What it takes to prepare one text after another. */
typedef struct {
    const Tables *tables;
    Permutations permutations;
    Text text;
    Bytes scratch;
} Workshop;

/* Read a text into marked tokens. */
static Trouble read_text(const RawTexts *raw, ptrdiff_t i, Span span, Workshop *shop) {
    Text *text = &shop->text;
    const Lexicon *lexicon = &shop->tables->lexicon;
    const uint32_t *source;
    ptrdiff_t source_words;
    if (!set_source(raw, i, &source, &source_words)) return BAD_ARRAY;
    Trouble trouble = fold_text(&shop->tables->table, span.data, span.size, text);
    if (trouble != FINE) return trouble;
    scan_text(text);
    text->language = guess_language(text, shop->tables);
    if (text->language == ARABIC) drop_articles(text, lexicon);
    read_numbers(text, shop->tables);
    mark_zones(text, source, source_words, lexicon);
    note_facts(text, lexicon);
    return FINE;
}

/* Prepare raw text `i` as the `to`-th one. */
static Trouble prepare_text(const RawTexts *raw, ptrdiff_t i, ptrdiff_t to, Workshop *shop,
                            PreparedTexts *out) {
    Text *text = &shop->text;
    Span span;
    if (!span_of(raw, i, &span)) return BAD_ARRAY;
    text->facts = raw->cleaned[i] ? FACT_NOISY : 0;
    text->version = 0;
    out->lengths[to] = measure(span.data, span.size, &text->facts);
    size_t tokens = out->tokens.size, letters = out->letters.size;
    Trouble trouble = read_text(raw, i, span, shop);
    if (trouble == FINE) trouble = fingerprint(text, &shop->scratch, out->fingerprints + 2 * to);
    if (trouble == FINE) trouble = look_up_tokens(text, shop->tables, &out->tokens, &out->letters);
    if (trouble == FINE)
        trouble = grow(&shop->scratch, shingle_room(out->letters.size - letters));
    if (trouble != FINE) return trouble;
    const Token *stored = (const Token *)(const void *)(out->tokens.data + tokens);
    ptrdiff_t count = (ptrdiff_t)((out->tokens.size - tokens) / sizeof(Token));
    rare_keys_of(stored, count, out->rare_keys + RARE_KEYS * to);
    band_keys_of(stored, count, out->letters.data + letters, &shop->permutations,
                 (uint32_t *)(void *)shop->scratch.data, out->band_keys + BANDS * to);
    out->token_ends[to] = (int64_t)(out->tokens.size / sizeof(Token));
    out->letter_ends[to] = (int64_t)out->letters.size;
    out->languages[to] = (uint8_t)text->language;
    out->versions[to] = (uint8_t)text->version;
    out->facts[to] = (uint8_t)text->facts;
    return FINE;
}

Trouble prepare_texts(const RawTexts *raw, const Tables *tables, PreparedTexts *out) {
    Workshop shop = {.tables = tables};
    memcpy(shop.permutations.multipliers, raw->multipliers, sizeof shop.permutations.multipliers);
    memcpy(shop.permutations.offsets, raw->offsets, sizeof shop.permutations.offsets);
    Trouble trouble = raw->once ? number_spans(raw, out->places) : FINE;
    int32_t count = 0;
    for (ptrdiff_t i = 0; i < raw->texts && trouble == FINE; i++) {
        if (!raw->once) out->places[i] = count;
        if (out->places[i] == count) trouble = prepare_text(raw, i, count++, &shop, out);
    }
    free(shop.text.chars);
    free(shop.text.letters);
    free(shop.text.tokens);
    free(shop.text.other);
    free_room(shop.scratch.data);
    return trouble;
}
