/* Look up the tokens of a text: the twin of TokenBuilder in dedupe/text/lookup.py. */

#include <stdlib.h>
#include <string.h>

#include "text/vocabulary.h"

enum {
    SIGN_WEIGHT = 2 * EIGHTHS,
    HIRAGANA_WEIGHT = 1 * EIGHTHS,
    KATAKANA_WEIGHT = 3 * EIGHTHS,
    UNKNOWN_IDEOGRAPH = 67, /* 0.6 * 14 bits */
    LONGEST_LETTERS = 255,
    TITLE_CASE_LETTERS = 3,
};

Trouble grow(Bytes *bytes, size_t more) {
    if (bytes->room - bytes->size >= more) return FINE;
    size_t room = bytes->room + bytes->room / 2 + more + 4096;
    uint8_t *data = change_room(bytes->data, bytes->size, room);
    if (!data) return NO_MEMORY;
    bytes->data = data;
    bytes->room = room;
    return FINE;
}

typedef struct {
    const Text *text;
    const Tables *tables;
    ptrdiff_t count, first_word;
    int title_case;
    Token *tokens;
    Bytes *letters;
    size_t letters_start;
} Builder;

static const uint32_t *letters_of(const Builder *builder, ptrdiff_t at) {
    return builder->text->letters + builder->text->tokens[at].start;
}

/* Append the letters of a token in UTF-8, cut at a whole character. */
static Trouble store_letters(Builder *builder, ptrdiff_t at) {
    const RawToken *token = &builder->text->tokens[at];
    const uint32_t *letters = letters_of(builder, at);
    Trouble trouble = grow(builder->letters, LONGEST_LETTERS + 4);
    if (trouble != FINE) return trouble;
    uint8_t *out = builder->letters->data + builder->letters->size;
    size_t size = 0;
    for (uint32_t i = 0; i < token->letters; i++) {
        if (size + utf8_size(letters[i]) > LONGEST_LETTERS) break;
        size += put_utf8(out + size, letters[i]);
    }
    builder->tokens[at].start = (uint16_t)(builder->letters->size - builder->letters_start);
    builder->tokens[at].length = (uint8_t)size;
    builder->letters->size += size;
    return FINE;
}

static int is_no_month(const Builder *builder, ptrdiff_t at) {
    const RawToken *token = &builder->text->tokens[at];
    const uint32_t *letters = letters_of(builder, at);
    int may = token->letters == 3 && letters[0] == 'm' && letters[1] == 'a' && letters[2] == 'y';
    int march = token->letters == 5 && ends_with(letters, 5, "march");
    return (may || march) && (token->letter_case == LOWER || at == builder->first_word);
}

static void fill_word(Builder *builder, ptrdiff_t at) {
    const RawToken *token = &builder->text->tokens[at];
    Token *out = &builder->tokens[at];
    int language = builder->text->language, calendar = 0, count = 0;
    const Memo *memo = remember(builder->tables, language, letters_of(builder, at), token);
    int no_month = is_no_month(builder, at);
    for (int i = 0; i < MOST_CONCEPTS && memo->concepts[i]; i++) {
        if (no_month && memo->concepts[i] < FIRST_CONCEPT) continue;
        calendar |= memo->concepts[i] < FIRST_CONCEPT;
        out->concepts[count++] = memo->concepts[i];
    }
    int inside = at > builder->first_word && !builder->title_case;
    int capital = token->letter_case > LOWER && language != GERMAN;
    out->stem = memo->stem;
    out->weight = memo->weight;
    out->flags = (uint16_t)(memo->flags | (token->letter_case == UPPER ? IS_UPPER : 0) |
                            (calendar ? IS_CALENDAR : 0) |
                            (capital && (inside || memo->flags & IS_RARE) ? IS_NAME : 0));
}

static void fill_number(Builder *builder, ptrdiff_t at) {
    const RawToken *token = &builder->text->tokens[at];
    Token *out = &builder->tokens[at];
    out->weight = 13 * EIGHTHS;
    if (!token->valued) return;
    uint64_t bits;
    memcpy(&bits, &token->value, sizeof bits);
    out->key = (uint32_t)(mix64(bits) >> 32);
    if (!out->key) out->key = 1;
    int whole = token->value >= 1900 && token->value < 2101;
    int year = whole && (double)(int)token->value == token->value;
    if (token->value < 10) out->weight = 5 * EIGHTHS;
    else if (token->value < 100) out->weight = 7 * EIGHTHS;
    else if (year) out->weight = 6 * EIGHTHS;
}

static int is_ideograph(const Builder *builder, ptrdiff_t at) {
    return at < builder->count && builder->text->tokens[at].kind == CHARACTER;
}

static int ideograph_weight(const Builder *builder, uint32_t code, uint32_t key) {
    if (code >= 0x3040 && code <= 0x309F) return HIRAGANA_WEIGHT;
    if (code >= 0x30A0 && code <= 0x30FF) return KATAKANA_WEIGHT;
    const Lexicon *lexicon = &builder->tables->lexicon;
    Rows rows = rows_of(&lexicon->chars, key);
    int least = rows.end > rows.start ? 255 : UNKNOWN_IDEOGRAPH;
    for (ptrdiff_t row = rows.start; row < rows.end; row++) {
        if (lexicon->char_languages[row] == builder->text->language) return lexicon->char_bits[row];
        if (lexicon->char_bits[row] < least) least = lexicon->char_bits[row];
    }
    return least;
}

static void fill_ideograph(Builder *builder, ptrdiff_t at) {
    const RawToken *token = &builder->text->tokens[at];
    Token *out = &builder->tokens[at];
    int joined = at > 0 && is_ideograph(builder, at - 1) && token->glued;
    int opens = is_ideograph(builder, at + 1) && token[1].glued;
    out->stem = token->key;
    out->key = opens ? key32(poly_step(token->running, letters_of(builder, at + 1)[0])) : token->key;
    out->flags = (uint16_t)((joined ? IS_JOINED : 0) | (opens ? OPENS_PAIR : 0));
    out->weight = (uint8_t)ideograph_weight(builder, letters_of(builder, at)[0], token->key);
}

static void fill_sign(Builder *builder, ptrdiff_t at) {
    const RawToken *token = &builder->text->tokens[at];
    Token *out = &builder->tokens[at];
    Found found;
    found.count = 0;
    find_entries(&builder->tables->lexicon, builder->text->language, FORM_EXACT, token->running,
                 &found);
    out->stem = token->key;
    out->weight = SIGN_WEIGHT;
    take_concepts(&found, out->concepts);
}

static void add_meaning(Token *token, uint16_t meaning) {
    token->flags |= flags_of(meaning);
    if (meaning < FIRST_MONTH) return;
    int at = 0;
    for (int i = 0; i < MOST_CONCEPTS; i++)
        if (token->concepts[i] == meaning) return;
    while (at < MOST_CONCEPTS - 1 && token->concepts[at]) at++;
    token->concepts[at] = meaning;
}

static ptrdiff_t phrase_end(const Builder *builder, ptrdiff_t at, uint16_t number) {
    const Lexicon *lexicon = &builder->tables->lexicon;
    if (number >= lexicon->phrases) return 0;
    ptrdiff_t first = lexicon->phrase_ends[number], last = lexicon->phrase_ends[number + 1];
    if (last > lexicon->parts || at + last - first > builder->count) return 0;
    for (ptrdiff_t part = first; part < last; part++) {
        const RawToken *token = &builder->text->tokens[at + part - first];
        uint32_t length = lexicon->part_lengths[part];
        if (length > token->letters) return 0;
        uint64_t running = token->running;
        if (length) running = hash_letters(letters_of(builder, at + part - first), length);
        if (key32(running) != lexicon->part_keys[part]) return 0;
    }
    return at + last - first;
}

static void match_phrases(Builder *builder, ptrdiff_t at) {
    const RawToken *token = &builder->text->tokens[at];
    if (token->kind != WORD) return;
    const Tables *tables = builder->tables;
    int language = builder->text->language;
    if (!(token->uses & USE_PHRASE)) return;
    Found found;
    found.count = 0;
    find_phrases(&tables->lexicon, language, letters_of(builder, at), token->letters,
                 token->running, &found);
    for (int i = 0; i < found.count; i++) {
        ptrdiff_t end = phrase_end(builder, at, found.values[i]);
        for (ptrdiff_t place = at; place < end; place++)
            add_meaning(&builder->tokens[place],
                        tables->lexicon.phrase_meanings[found.values[i]]);
    }
}

static void apply_string(Token *token, const Found *found) {
    for (int i = 0; i < found->count; i++) add_meaning(token, found->values[i]);
    if (!has_value(found, FUNCTION)) return;
    token->flags |= IS_FUNCTION;
    if (token->weight > HIRAGANA_WEIGHT) token->weight = HIRAGANA_WEIGHT;
}

/* The length of the longest entry that begins at an ideograph, which is applied; 0 for none. */
static ptrdiff_t string_length(Builder *builder, ptrdiff_t at) {
    uint64_t prefixes[LONGEST_STRING + 1] = {0};
    ptrdiff_t longest = 0;
    while (longest < LONGEST_STRING && is_ideograph(builder, at + longest)) {
        prefixes[longest + 1] = poly_step(prefixes[longest], letters_of(builder, at + longest)[0]);
        longest++;
    }
    for (ptrdiff_t length = longest; length > 0; length--) {
        Found found;
        found.count = 0;
    find_entries(&builder->tables->lexicon, builder->text->language, FORM_STRING,
                     prefixes[length], &found);
        if (!found.count) continue;
        for (ptrdiff_t place = at; place < at + length; place++)
            apply_string(&builder->tokens[place], &found);
        return length;
    }
    return 0;
}

static int is_title_case(const Text *text, ptrdiff_t count) {
    int longer = 0, capitals = 0;
    for (ptrdiff_t at = 0; at < count; at++) {
        const RawToken *token = &text->tokens[at];
        if (token->kind != WORD || !is_compared(token->zone)) continue;
        if (token->letters <= TITLE_CASE_LETTERS) continue;
        longer++;
        capitals += token->letter_case > LOWER;
    }
    return longer && 4 * capitals >= 3 * longer;
}

static void fill_token(Builder *builder, ptrdiff_t at) {
    const RawToken *token = &builder->text->tokens[at];
    Token *out = &builder->tokens[at];
    out->key = token->key;
    out->kind = token->kind;
    out->zone = token->zone;
    switch (token->kind) {
        case WORD: fill_word(builder, at); break;
        case NUMBER: fill_number(builder, at); break;
        case CHARACTER: fill_ideograph(builder, at); break;
        default: fill_sign(builder, at);
    }
}

/* TokenBuilder.build: append the tokens and letters of a text. */
Trouble look_up_tokens(const Text *text, const Tables *tables, Bytes *tokens, Bytes *letters) {
    ptrdiff_t count = text->token_count < MOST_TOKENS ? text->token_count : MOST_TOKENS;
    size_t size = (size_t)count * sizeof(Token);
    Trouble trouble = grow(tokens, size);
    if (trouble != FINE) return trouble;
    Builder builder = {.text = text, .tables = tables, .count = count, .letters = letters,
                       .tokens = (Token *)(void *)(tokens->data + tokens->size),
                       .letters_start = letters->size, .title_case = is_title_case(text, count)};
    if (size) memset(builder.tokens, 0, size);
    tokens->size += size;
    while (builder.first_word < count && !is_compared(text->tokens[builder.first_word].zone))
        builder.first_word++;
    for (ptrdiff_t at = 0; at < count && trouble == FINE; at++) {
        fill_token(&builder, at);
        trouble = store_letters(&builder, at);
    }
    for (ptrdiff_t at = 0; at < count; at++) match_phrases(&builder, at);
    for (ptrdiff_t at = 0; at < count;) {
        ptrdiff_t length = is_ideograph(&builder, at) ? string_length(&builder, at) : 0;
        at += length ? length : 1;
    }
    return trouble;
}
