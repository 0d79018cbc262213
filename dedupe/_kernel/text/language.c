/* Guess the language of a text: the twin of dedupe/text/language.py. */

#include "text/text.h"

enum {
    FLOOR = 186,
    ENGLISH_BONUS = 16,
    UKRAINIAN_BONUS = 64,
    WORD_SHARE = 2,
    LATIN = 4, /* scripts before it: Hangul, Cyrillic, Arabic, Devanagari */
    SCRIPTS = 5,
    LATIN_LANGUAGES = 9,
};

static int script_of(uint32_t first) {
    if (first >= 0x1100 && first <= 0x11FF) return 0;
    if (first >= 0x0400 && first <= 0x04FF) return 1;
    if (first >= 0x0600 && first <= 0x06FF) return 2;
    if (first >= 0x0900 && first <= 0x097F) return 3;
    return LATIN;
}

static int is_ukrainian(const uint32_t *letters, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        if (letters[i] == 0x456 || letters[i] == 0x454 || letters[i] == 0x457) return 1;
    return 0;
}

static void learn_scores(const Lexicon *lexicon, LanguageMemo *memo) {
    Rows rows = rows_of(&lexicon->words, memo->key);
    for (ptrdiff_t row = rows.start; row < rows.end; row++)
        if (lexicon->word_languages[row] < SCORED_LANGUAGES)
            memo->scores[lexicon->word_languages[row]] += (int16_t)(FLOOR - lexicon->word_bits[row]);
}

/* What a word adds to the score of each language, from the memos where it was met before. */
static const int16_t *word_scores(const Tables *tables, uint32_t key) {
    LanguageMemo *ways = tables->memos->languages[key % LANGUAGE_MEMOS];
    for (int way = 0; way < WAYS; way++)
        if (ways[way].key == key) return ways[way].scores;
    ways[1] = ways[0];
    ways[0] = (LanguageMemo){.key = key};
    learn_scores(&tables->lexicon, ways);
    return ways->scores;
}

static int likeliest(const Text *text, const Tables *tables, int first, int last) {
    int scores[SCORED_LANGUAGES] = {0};
    scores[ENGLISH] = ENGLISH_BONUS;
    for (ptrdiff_t i = 0; i < text->token_count; i++) {
        RawToken *token = &text->tokens[i];
        token->key = key32(token->running);
        FETCH(tables->memos->languages[token->key % LANGUAGE_MEMOS]);
    }
    for (ptrdiff_t i = 0; i < text->token_count; i++) {
        const RawToken *token = &text->tokens[i];
        if (token->kind != WORD) continue;
        const int16_t *own = word_scores(tables, token->key);
        for (int language = 0; language < SCORED_LANGUAGES; language++) scores[language] += own[language];
        if (first == RUSSIAN && is_ukrainian(text->letters + token->start, token->letters))
            scores[UKRAINIAN] += UKRAINIAN_BONUS;
    }
    int best = first;
    for (int language = first + 1; language <= last; language++)
        if (scores[language] > scores[best]) best = language;
    return best;
}

int guess_language(const Text *text, const Tables *tables) {
    int counts[SCRIPTS] = {0}, most = 0, ideographs = 0, kana = 0;
    for (ptrdiff_t i = 0; i < text->token_count; i++) {
        uint32_t first = text->letters[text->tokens[i].start];
        if (text->tokens[i].kind == WORD) counts[script_of(first)]++;
        if (text->tokens[i].kind == CHARACTER) ideographs++;
        if (text->tokens[i].kind == CHARACTER && first >= 0x3040 && first <= 0x30FF) kana++;
    }
    for (int script = 1; script < SCRIPTS; script++)
        if (counts[script] > counts[most]) most = script;
    if (ideographs > WORD_SHARE * counts[most]) return kana ? JAPANESE : CHINESE;
    if (!counts[most]) return ENGLISH;
    switch (most) {
        case 0: return KOREAN;
        case 1: return likeliest(text, tables, RUSSIAN, UKRAINIAN);
        case 2: return ARABIC;
        case 3: return HINDI;
        default: return likeliest(text, tables, ENGLISH, LATIN_LANGUAGES - 1);
    }
}
