/* What a word means in a language: the twin of TokenBuilder.meanings in dedupe/text/lookup.py. */

#include "text/vocabulary.h"

#include <string.h>

enum {
    MOST_BITS = 18 * EIGHTHS,
    FOREIGN_BITS = 4 * EIGHTHS,
    FUNCTION_BITS = 3 * EIGHTHS,
    SHORTEST_STEM = 3,
    STEM = 6,
    MOST_OPPOSITES = 2,
};

void find_entries(const Lexicon *lexicon, int language, int form, uint64_t running,
                         Found *found) {
    Rows rows = rows_of(&lexicon->entries, salted_key(running, salt_of(language, form)));
    for (ptrdiff_t row = rows.start; row < rows.end && found->count < MOST_FOUND; row++)
        found->values[found->count++] = lexicon->entry_values[row];
}

int has_value(const Found *found, uint16_t value) {
    for (int i = 0; i < found->count; i++)
        if (found->values[i] == value) return 1;
    return 0;
}

int is_function_word(const Lexicon *lexicon, int language, uint64_t running) {
    Found found;
    found.count = 0;
    find_entries(lexicon, language, FORM_EXACT, running, &found);
    return has_value(&found, FUNCTION);
}

/* lookup.FLAGS, without that of function words. */
uint16_t flags_of(uint16_t meaning) {
    if (meaning == NEGATION) return IS_NEGATION;
    if (meaning == PLACE) return IS_PLACE | IS_NAME;
    if (meaning == COMPANION) return IS_COMPANION;
    if (meaning == NOTICE) return IS_NOTICE;
    if (meaning == SERIES) return IS_SERIES;
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

/* lookup.first_concepts */
void take_concepts(const Found *found, uint16_t out[MOST_CONCEPTS]) {
    int count = take_between(found, FIRST_OPPOSITE, UINT16_MAX, MOST_OPPOSITES, out, 0);
    count = take_between(found, FIRST_MONTH, FIRST_OPPOSITE - 1, MOST_CONCEPTS, out, count);
    take_between(found, FIRST_OPPOSITE, UINT16_MAX, MOST_CONCEPTS, out, count);
}

/* All entries that match the beginnings and the endings of a word, longest first. */
static void find_inside(const Lexicon *lexicon, int language, const uint32_t *letters,
                        uint32_t count, Found *found) {
    uint64_t prefixes[LONGEST_ENTRY + 1] = {0};
    uint32_t longest = count < LONGEST_ENTRY ? count : LONGEST_ENTRY;
    for (uint32_t i = 0; i < longest; i++) prefixes[i + 1] = poly_step(prefixes[i], letters[i]);
    for (uint32_t length = longest; length > 1; length--)
        find_entries(lexicon, language, FORM_PREFIX, prefixes[length], found);
    for (uint32_t length = count - 1 < longest ? count - 1 : longest; length > 0; length--)
        find_entries(lexicon, language, FORM_SUFFIX,
                     hash_letters(letters + count - length, length), found);
}

/* The numbers of the phrases that a word may begin. */
void find_phrases(const Lexicon *lexicon, int language, const uint32_t *letters,
                         uint32_t count, uint64_t running, Found *found) {
    uint64_t prefixes[LONGEST_ENTRY + 1] = {0};
    uint32_t longest = count < LONGEST_ENTRY ? count : LONGEST_ENTRY;
    for (uint32_t i = 0; i < longest; i++) prefixes[i + 1] = poly_step(prefixes[i], letters[i]);
    find_entries(lexicon, language, FORM_PHRASE, running, found);
    for (uint32_t length = longest; length > 1; length--)
        find_entries(lexicon, language, FORM_PHRASE_PREFIX, prefixes[length], found);
}

/* lookup.stem: how many letters of a word are its stem. */
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

/* What else is asked of a word, by what was found; the first `exact` of that are the word itself. */
static uint8_t uses_of(const Found *found, int exact) {
    unsigned uses = 0;
    for (int i = 0; i < exact; i++) {
        if (found->values[i] >= FIRST_MONTH && found->values[i] < FIRST_CONCEPT) uses |= USE_DATE;
        if (found->values[i] == QUESTION) uses |= USE_QUESTION;
    }
    return (uint8_t)uses;
}

static void learn(const Lexicon *lexicon, int language, const uint32_t *letters,
                  const RawToken *token, Memo *memo) {
    Found found, phrases;
    double number;
    int rare;
    found.count = phrases.count = 0;
    find_entries(lexicon, language, FORM_EXACT, token->running, &found);
    memo->uses = uses_of(&found, found.count);
    find_inside(lexicon, language, letters, token->letters, &found);
    find_phrases(lexicon, language, letters, token->letters, token->running, &phrases);
    if (phrases.count) memo->uses |= USE_PHRASE;
    if (find_number(lexicon, language, FORM_NUMBER, token->running, &number))
        memo->uses |= USE_NUMBER;
    memo->stem = key32(hash_letters(letters, stem_length(letters, token->letters)));
    int weight = word_weight(lexicon, language, key32(token->running), &rare);
    int function = has_value(&found, FUNCTION);
    if (function) weight = weight * 3 / 8 < FUNCTION_BITS ? weight * 3 / 8 : FUNCTION_BITS;
    memo->weight = (uint8_t)weight;
    memo->flags = (uint16_t)((rare ? IS_RARE : 0) | (function ? IS_FUNCTION : 0));
    for (int i = 0; i < found.count; i++) memo->flags |= flags_of(found.values[i]);
    take_concepts(&found, memo->concepts);
}

INLINE uint64_t memo_hash(int language, const RawToken *token) {
    return mix64(token->running + (uint64_t)language * BASE);
}

/* Have the memos of all words of a text on their way from memory. */
void fetch_memos(const Tables *tables, const Text *text) {
    for (ptrdiff_t i = 0; i < text->token_count; i++)
        FETCH(tables->memos->words[memo_hash(text->language, &text->tokens[i]) % WORD_MEMOS]);
}

/* What a word means, from the memos where it was met before. */
const Memo *remember(const Tables *tables, int language, const uint32_t *letters,
                     const RawToken *token) {
    uint64_t hash = memo_hash(language, token);
    Memo *ways = tables->memos->words[hash % WORD_MEMOS];
    for (int way = 0; way < WAYS; way++)
        if (ways[way].used && ways[way].hash == hash && ways[way].language == language)
            return &ways[way];
    ways[1] = ways[0];
    ways[0] = (Memo){.hash = hash, .language = (uint8_t)language, .used = 1};
    learn(&tables->lexicon, language, letters, token, ways);
    return ways;
}
