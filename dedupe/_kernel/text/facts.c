/* What is known of a text as a whole: the twin of facts_of in dedupe/text/prepare.py. */

#include "text/vocabulary.h"

enum { MOST_GENERIC = 12, PLACEHOLDER_WORDS = 5 /* of the longest one */ };

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
    Found found;
    if (token->kind == NUMBER) return 1;
    if (token->kind == WORD) return token->uses & USE_DATE;
    found.count = 0;
    find_entries(lexicon, text->language, FORM_EXACT, token->running, &found);
    for (int i = 0; i < found.count; i++)
        if (found.values[i] >= FIRST_MONTH && found.values[i] < FIRST_CONCEPT) return 1;
    return 0;
}

/* Whether the first word that is compared asks. */
static int begins_question(const Text *text) {
    ptrdiff_t at = 0;
    while (at < text->token_count && !is_compared(text->tokens[at].zone)) at++;
    if (at == text->token_count || text->tokens[at].kind != WORD) return 0;
    return text->tokens[at].uses & USE_QUESTION;
}

/* Whether the words of a text, dates aside, are a title that recurs and tells no story. */
static int is_generic(const Text *text, const Lexicon *lexicon) {
    uint64_t running = 0;
    if (text->token_count > MOST_GENERIC) return 0;
    for (ptrdiff_t at = 0; at < text->token_count; at++) {
        const RawToken *token = &text->tokens[at];
        if (!is_compared(token->zone) || is_date(text, token, lexicon)) continue;
        running = poly_step(running, token->key);
    }
    return running && has_key(&lexicon->generic, key32(running));
}

static int is_placeholder(const Text *text) {
    if (text->token_count > PLACEHOLDER_WORDS) return 0;
    for (size_t i = 0; i < sizeof PLACEHOLDERS / sizeof *PLACEHOLDERS; i++)
        if (is_phrase(text, PLACEHOLDERS[i])) return 1;
    return 0;
}

/* Add to the facts of a text what its tokens say. */
void note_facts(Text *text, const Lexicon *lexicon) {
    for (ptrdiff_t at = 0; at < text->token_count; at++) {
        int zone = text->tokens[at].zone;
        if (zone != ZONE_CORE && zone != ZONE_TAIL) text->facts |= FACT_TAGGED;
    }
    if (begins_question(text)) text->facts |= FACT_QUESTION;
    if (is_generic(text, lexicon)) text->facts |= FACT_GENERIC;
    if (is_placeholder(text)) text->facts |= FACT_PLACEHOLDER;
}
