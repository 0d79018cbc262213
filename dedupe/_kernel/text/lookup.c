/* Look up the tokens of a text: the twin of TokenBuilder and facts_of in dedupe/text/prepare.py. */

#include <stdlib.h>
#include <string.h>

#include "text/text.h"

enum {
    MOST_BITS = 18 * EIGHTHS,
    FOREIGN_BITS = 4 * EIGHTHS,
    FUNCTION_BITS = 3 * EIGHTHS,
    SIGN_WEIGHT = 2 * EIGHTHS,
    HIRAGANA_WEIGHT = 1 * EIGHTHS,
    KATAKANA_WEIGHT = 3 * EIGHTHS,
    UNKNOWN_IDEOGRAPH = 67, /* 0.6 * 14 bits */
    LONGEST_LETTERS = 255,
    SHORTEST_STEM = 3,
    STEM = 6,
    TITLE_CASE_LETTERS = 3,
    MOST_FOUND = 64,
    MOST_GENERIC = 12,
    MOST_OPPOSITES = 2,
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

/* Values of entries, in the order in which they are found. */
typedef struct {
    uint16_t values[MOST_FOUND];
    int count;
} Found;

static void find_entries(const Lexicon *lexicon, int language, int form, uint64_t running,
                         Found *found) {
    Rows rows = rows_of(&lexicon->entries, salted_key(running, salt_of(language, form)));
    for (ptrdiff_t row = rows.start; row < rows.end && found->count < MOST_FOUND; row++)
        found->values[found->count++] = lexicon->entry_values[row];
}

static int has_value(const Found *found, uint16_t value) {
    for (int i = 0; i < found->count; i++)
        if (found->values[i] == value) return 1;
    return 0;
}

int is_function_word(const Lexicon *lexicon, int language, uint64_t running) {
    Found found = {.count = 0};
    find_entries(lexicon, language, FORM_EXACT, running, &found);
    return has_value(&found, FUNCTION);
}

/* prepare.FLAGS, without that of function words. */
static uint16_t flags_of(uint16_t meaning) {
    if (meaning == NEGATION) return IS_NEGATION;
    if (meaning == PLACE) return IS_PLACE | IS_NAME;
    if (meaning == COMPANION) return IS_COMPANION;
    return meaning == REACTION ? IS_REACTION : 0;
}

/* Take up to so many distinct concepts of what was found, from the lowest to the highest value. */
static int take_between(const Found *found, int lowest, int highest, int most, uint16_t *out,
                        int count) {
    for (int i = 0; i < found->count && count < most; i++) {
        int known = found->values[i] < lowest || found->values[i] > highest;
        for (int k = 0; k < count; k++) known |= out[k] == found->values[i];
        if (!known) out[count++] = found->values[i];
    }
    return count;
}

/* prepare.first_concepts */
static void take_concepts(const Found *found, uint16_t out[MOST_CONCEPTS]) {
    int count = take_between(found, FIRST_OPPOSITE, UINT16_MAX, MOST_OPPOSITES, out, 0);
    count = take_between(found, FIRST_MONTH, FIRST_OPPOSITE - 1, MOST_CONCEPTS, out, count);
    take_between(found, FIRST_OPPOSITE, UINT16_MAX, MOST_CONCEPTS, out, count);
}

/* All entries that match a word: itself, its beginnings and its endings, longest first. */
static void find_meanings(const Lexicon *lexicon, int language, const uint32_t *letters,
                          uint32_t count, uint64_t running, Found *found) {
    uint64_t prefixes[LONGEST_ENTRY + 1] = {0};
    uint32_t longest = count < LONGEST_ENTRY ? count : LONGEST_ENTRY;
    for (uint32_t i = 0; i < longest; i++) prefixes[i + 1] = poly_step(prefixes[i], letters[i]);
    find_entries(lexicon, language, FORM_EXACT, running, found);
    for (uint32_t length = longest; length > 1; length--)
        find_entries(lexicon, language, FORM_PREFIX, prefixes[length], found);
    for (uint32_t length = count - 1 < longest ? count - 1 : longest; length > 0; length--)
        find_entries(lexicon, language, FORM_SUFFIX,
                     hash_letters(letters + count - length, length), found);
}

/* The numbers of the phrases that a word may begin. */
static void find_phrases(const Lexicon *lexicon, int language, const uint32_t *letters,
                         uint32_t count, uint64_t running, Found *found) {
    uint64_t prefixes[LONGEST_ENTRY + 1] = {0};
    uint32_t longest = count < LONGEST_ENTRY ? count : LONGEST_ENTRY;
    for (uint32_t i = 0; i < longest; i++) prefixes[i + 1] = poly_step(prefixes[i], letters[i]);
    find_entries(lexicon, language, FORM_PHRASE, running, found);
    for (uint32_t length = longest; length > 1; length--)
        find_entries(lexicon, language, FORM_PHRASE_PREFIX, prefixes[length], found);
}

static int ends_with(const uint32_t *letters, uint32_t count, const char *ending) {
    uint32_t length = (uint32_t)strlen(ending);
    if (length > count) return 0;
    for (uint32_t i = 0; i < length; i++)
        if (letters[count - length + i] != (uint8_t)ending[i]) return 0;
    return 1;
}

/* prepare.stem: how many letters of a word are its stem. */
static uint32_t stem_length(const uint32_t *letters, uint32_t count) {
    static const char *const ENDINGS[] = {"ing", "ed", "es", "s"};
    if (!ends_with(letters, count, "ss"))
        for (size_t i = 0; i < sizeof ENDINGS / sizeof *ENDINGS; i++) {
            uint32_t length = (uint32_t)strlen(ENDINGS[i]);
            if (ends_with(letters, count, ENDINGS[i]) && count >= length + SHORTEST_STEM) {
                count -= length;
                break;
            }
        }
    if (count > SHORTEST_STEM && letters[count - 1] == 'e') count--;
    return count < STEM ? count : STEM;
}

static int word_weight(const Lexicon *lexicon, int language, uint32_t key, int *rare) {
    Rows rows = rows_of(&lexicon->words, key);
    int least = 255;
    *rare = 0;
    for (ptrdiff_t row = rows.start; row < rows.end; row++) {
        int bits = lexicon->word_bits[row];
        if (lexicon->word_languages[row] == language) return bits < MOST_BITS ? bits : MOST_BITS;
        if (bits < least) least = bits;
    }
    *rare = 1;
    int foreign = rows.end > rows.start ? least + FOREIGN_BITS : MOST_BITS;
    return foreign < MOST_BITS ? foreign : MOST_BITS;
}

/* What a word means, from the memos where it was met before. */
static const Memo *remember(const Tables *tables, int language, const uint32_t *letters,
                            const RawToken *token) {
    const Lexicon *lexicon = &tables->lexicon;
    uint64_t hash = mix64(token->running + (uint64_t)language * BASE);
    Memo *memo = &tables->memos[hash % MEMOS];
    if (memo->used && memo->hash == hash && memo->language == language) return memo;
    Found found = {.count = 0}, phrases = {.count = 0};
    int rare;
    *memo = (Memo){.hash = hash, .language = (uint8_t)language, .used = 1};
    find_meanings(lexicon, language, letters, token->letters, token->running, &found);
    find_phrases(lexicon, language, letters, token->letters, token->running, &phrases);
    memo->stem = key32(hash_letters(letters, stem_length(letters, token->letters)));
    memo->starts_phrase = phrases.count > 0;
    int weight = word_weight(lexicon, language, token->key, &rare);
    int function = has_value(&found, FUNCTION);
    if (function) weight = weight * 3 / 8 < FUNCTION_BITS ? weight * 3 / 8 : FUNCTION_BITS;
    memo->weight = (uint8_t)weight;
    memo->flags = (uint16_t)((rare ? IS_RARE : 0) | (function ? IS_FUNCTION : 0));
    for (int i = 0; i < found.count; i++) memo->flags |= flags_of(found.values[i]);
    take_concepts(&found, memo->concepts);
    return memo;
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
        uint32_t code = letters[i];
        int more = code < 0x80 ? 0 : code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
        if (size + (size_t)more + 1 > LONGEST_LETTERS) break;
        static const uint8_t FIRST[] = {0, 0xC0, 0xE0, 0xF0};
        out[size++] = (uint8_t)(FIRST[more] | code >> (6 * more));
        while (more--) out[size++] = (uint8_t)(0x80 | (code >> (6 * more) & 0x3F));
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
    Found found = {.count = 0};
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
    if (!remember(tables, language, letters_of(builder, at), token)->starts_phrase) return;
    Found found = {.count = 0};
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
        Found found = {.count = 0};
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

static const char *const PLACEHOLDERS[] = {
    "account suspended", "page not found", "not found", "404 not found", "404", "removed",
    "deleted", "just a moment", "access denied", "403 forbidden", "forbidden", "untitled",
    "no title", "attention required cloudflare", "are you a robot", "error", "502 bad gateway",
    "bad gateway", "service unavailable", "503 service unavailable",
    "this page is not available", "redirecting", "loading", "untitled document",
};

/* Whether the tokens of a text are some words. */
static int is_phrase(const Text *text, const char *words) {
    for (ptrdiff_t at = 0; at < text->token_count; at++) {
        const uint32_t *letters = text->letters + text->tokens[at].start;
        for (uint32_t i = 0; i < text->tokens[at].letters; i++)
            if (letters[i] != (uint8_t)*words || !*words++) return 0;
        if (*words && *words++ != ' ') return 0;
    }
    return text->token_count && !*words;
}

static int is_date(const Text *text, const RawToken *token, const Lexicon *lexicon) {
    Found found = {.count = 0};
    if (token->kind == NUMBER) return 1;
    find_entries(lexicon, text->language, FORM_EXACT, token->running, &found);
    for (int i = 0; i < found.count; i++)
        if (found.values[i] >= FIRST_MONTH && found.values[i] < FIRST_CONCEPT) return 1;
    return 0;
}

/* Whether the first word that is compared asks. */
static int begins_question(const Text *text, const Lexicon *lexicon) {
    Found found = {.count = 0};
    ptrdiff_t at = 0;
    while (at < text->token_count && !is_compared(text->tokens[at].zone)) at++;
    if (at == text->token_count || text->tokens[at].kind != WORD) return 0;
    find_entries(lexicon, text->language, FORM_EXACT, text->tokens[at].running, &found);
    return has_value(&found, QUESTION);
}

/* Add to the facts of a text what its tokens say. */
void note_facts(Text *text, const Lexicon *lexicon) {
    uint64_t running = 0;
    int own = 0;
    for (ptrdiff_t at = 0; at < text->token_count; at++) {
        const RawToken *token = &text->tokens[at];
        if (token->zone != ZONE_CORE && token->zone != ZONE_TAIL) text->facts |= FACT_TAGGED;
        if (text->token_count > MOST_GENERIC || !is_compared(token->zone)) continue;
        if (is_date(text, token, lexicon)) continue;
        running = poly_step(running, token->key);
        own = 1;
    }
    if (begins_question(text, lexicon)) text->facts |= FACT_QUESTION;
    if (own && text->token_count <= MOST_GENERIC && has_key(&lexicon->generic, key32(running))) text->facts |= FACT_GENERIC;
    for (size_t i = 0; i < sizeof PLACEHOLDERS / sizeof *PLACEHOLDERS; i++)
        if (is_phrase(text, PLACEHOLDERS[i])) text->facts |= FACT_PLACEHOLDER;
}
