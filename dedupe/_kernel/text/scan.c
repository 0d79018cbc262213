/* A text to normalised characters and raw tokens: the twin of dedupe/text/scan.py. */

#include <stdlib.h>
#include <string.h>

#include "text/text.h"

enum { LENGTH_SHIFT = 21, MASK = (1 << LENGTH_SHIFT) - 1, LONGEST_EXPANSION = 31 };

/* Make room for a text of so many normalised characters. */
static Trouble make_room(Text *text, ptrdiff_t needed) {
    if (needed <= text->room) return FINE;
    ptrdiff_t room = needed + needed / 2 + 64;
    Char *chars = realloc(text->chars, (size_t)room * sizeof *chars);
    if (chars) text->chars = chars;
    uint32_t *letters = realloc(text->letters, (size_t)room * sizeof *letters);
    if (letters) text->letters = letters;
    RawToken *tokens = realloc(text->tokens, (size_t)room * sizeof *tokens);
    if (tokens) text->tokens = tokens;
    RawToken *other = realloc(text->other, (size_t)room * sizeof *other);
    if (other) text->other = other;
    if (!chars || !letters || !tokens || !other) return NO_MEMORY;
    text->room = room;
    return FINE;
}

/* The code point at a place of well-formed UTF-8; the place moves behind it. */
static uint32_t next_code(const uint8_t *data, ptrdiff_t size, ptrdiff_t *at) {
    uint32_t byte = data[(*at)++];
    if (byte < 0x80) return byte;
    int more = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    uint32_t code = byte & (0x3Fu >> more);
    while (more-- && *at < size) code = code << 6 | (data[(*at)++] & 0x3F);
    return code;
}

INLINE uint32_t entry_of(const CharTable *table, uint32_t code) {
    ptrdiff_t page = code >> 8;
    if (page >= table->page_count) return 0;
    ptrdiff_t place = (ptrdiff_t)table->pages[page] * 256 + (code & 255);
    return place < table->entry_count ? table->entries[place] : 0;
}

INLINE void put_char(Text *text, uint32_t code, uint32_t kind, uint32_t upper) {
    if (kind == DROPPED) return;
    text->chars[text->char_count++] = (Char){code, (uint8_t)kind, (uint8_t)upper};
}

/* char_table.fold of a text in UTF-8. */
Trouble fold_text(const CharTable *table, const uint8_t *data, ptrdiff_t size, Text *text) {
    text->char_count = 0;
    Trouble trouble = make_room(text, size + LONGEST_EXPANSION);
    for (ptrdiff_t at = 0; at < size && trouble == FINE;) {
        uint32_t code = next_code(data, size, &at);
        uint32_t entry = entry_of(table, code);
        uint32_t length = entry >> LENGTH_SHIFT & 31, upper = entry >> 30 & 1;
        uint32_t shift = entry & MASK;
        if (length == 1) {
            put_char(text, (code + shift) & MASK, entry >> 26 & 15, upper);
        } else if (length && (ptrdiff_t)(shift + length) <= table->expansion_count) {
            trouble = make_room(text, text->char_count + length + size - at + LONGEST_EXPANSION);
            for (uint32_t i = 0; i < length && trouble == FINE; i++) {
                uint32_t part = table->expansions[shift + i];
                put_char(text, part, entry_of(table, part) >> 26 & 15, upper);
            }
        }
    }
    return trouble;
}

INLINE int kind_at(const Text *text, ptrdiff_t at) {
    return at >= 0 && at < text->char_count ? text->chars[at].kind : SPACE;
}

static ptrdiff_t run_of(const Text *text, int kind, ptrdiff_t at) {
    while (kind_at(text, at) == kind) at++;
    return at;
}

/* Append a token of the characters from `start` to `end`, every `step`-th of them. */
static RawToken *add_token(Text *text, int kind, ptrdiff_t start, ptrdiff_t end, int step,
                           unsigned *gap) {
    RawToken *token = &text->tokens[text->token_count++];
    *token = (RawToken){.start = (uint32_t)text->letter_count, .kind = (uint8_t)kind,
                        .gap = (uint16_t)*gap, .glued = text->token_count > 1 && !*gap};
    for (ptrdiff_t i = start; i < end; i += step) {
        text->letters[text->letter_count++] = text->chars[i].code;
        token->running = poly_step(token->running, text->chars[i].code);
    }
    token->letters = (uint32_t)text->letter_count - token->start;
    *gap = 0;
    return token;
}

/* Append letters to the last token. */
static void extend_token(Text *text, ptrdiff_t start, ptrdiff_t end) {
    RawToken *token = &text->tokens[text->token_count - 1];
    for (ptrdiff_t i = start; i < end; i++) {
        text->letters[text->letter_count++] = text->chars[i].code;
        token->running = poly_step(token->running, text->chars[i].code);
        token->letters++;
    }
}

static uint8_t case_of(const Text *text, ptrdiff_t start, ptrdiff_t end, int step) {
    int all = 1;
    for (ptrdiff_t i = start; i < end; i += step) all &= text->chars[i].upper;
    return all ? UPPER : text->chars[start].upper ? CAPITALISED : LOWER;
}

static ptrdiff_t acronym_end(const Text *text, ptrdiff_t at) {
    while (kind_at(text, at + 1) == PERIOD && kind_at(text, at + 2) == LETTER &&
           kind_at(text, at + 3) != LETTER)
        at += 2;
    return at;
}

/* Whether characters spell one of some words that are separated by spaces. */
static int is_among(const Text *text, ptrdiff_t start, ptrdiff_t end, const char *words) {
    while (*words) {
        ptrdiff_t at = start;
        while (at < end && *words && *words != ' ' && text->chars[at].code == (uint8_t)*words)
            at++, words++;
        if (at == end && (!*words || *words == ' ')) return 1;
        while (*words && *words != ' ') words++;
        while (*words == ' ') words++;
    }
    return 0;
}

static const char ELIDED[] =
    "l d j n s c m t qu un dell all nell sull dall quell lorsqu jusqu puisqu";
static const char CASE_ENDINGS[] =
    "nin nun in un de da te ta den dan ten tan e a ye ya i u yi yu ni nu le la yle yla ndan nden "
    "nda nde li lu ler lar teki deki daki taki";

static ptrdiff_t read_apostrophe(Text *text, ptrdiff_t start, ptrdiff_t middle, unsigned *gap) {
    ptrdiff_t end = run_of(text, LETTER, middle + 1), left = middle - start;
    uint8_t letter_case = case_of(text, start, middle, 1);
    int possessive = end - middle == 2 && text->chars[middle + 1].code == 's';
    RawToken *token = add_token(text, WORD, start, middle, 1, gap);
    token->letter_case = letter_case;
    if (possessive || (left > 1 && is_among(text, middle + 1, end, CASE_ENDINGS))) return end;
    if (end - middle > 2 && is_among(text, start, middle, ELIDED)) {
        *gap |= GAP_SPACE;
        return middle + 1;
    }
    extend_token(text, middle + 1, end);
    return end;
}

static ptrdiff_t with_symbols(const Text *text, ptrdiff_t start, ptrdiff_t end) {
    ptrdiff_t after = run_of(text, PLUS, end);
    if (after > end) {
        int next = kind_at(text, after);
        return next == LETTER || next == DIGIT ? end : after;
    }
    if (end - start > 1) return end;
    int next = kind_at(text, end + 1), kind = kind_at(text, end);
    if (kind == HASH && next != LETTER && next != DIGIT && next != IDEOGRAPH) return end + 1;
    int closes = next == SPACE || next == COMMA || next == PERIOD || next == COLON;
    int grade = text->chars[start].upper && kind_at(text, start - 1) == SPACE;
    return kind == HYPHEN && grade && closes ? end + 1 : end;
}

static ptrdiff_t read_letters(Text *text, ptrdiff_t start, unsigned *gap) {
    ptrdiff_t last = acronym_end(text, start);
    if (last > start) {
        int upper = case_of(text, start, last + 1, 2) == UPPER;
        add_token(text, WORD, start, last + 1, 2, gap)->letter_case = upper ? UPPER : LOWER;
        return kind_at(text, last + 1) == PERIOD ? last + 2 : last + 1;
    }
    ptrdiff_t end = run_of(text, LETTER, start);
    if (kind_at(text, end) == APOSTROPHE && kind_at(text, end + 1) == LETTER)
        return read_apostrophe(text, start, end, gap);
    uint8_t letter_case = case_of(text, start, end, 1);
    end = with_symbols(text, start, end);
    add_token(text, WORD, start, end, 1, gap)->letter_case = letter_case;
    return end;
}

static unsigned gap_of(const Text *text, ptrdiff_t at) {
    int kind = kind_at(text, at);
    if (kind_at(text, at - 1) == DIGIT && kind_at(text, at + 1) == DIGIT) {
        if (kind == PERIOD) return DECIMAL_POINT;
        if (kind == COMMA) return DECIMAL_COMMA;
        if (kind == APOSTROPHE) return DIGIT_QUOTE;
    }
    switch (kind) {
        case HYPHEN: return GAP_HYPHEN;
        case DASH: return GAP_DASH;
        case COLON: return GAP_COLON;
        case PIPE: return GAP_PIPE;
        case BRACKET: return GAP_BRACKET;
        case HASH: return GAP_HASH;
        case PERIOD: return GAP_SPACE | GAP_PERIOD;
        default: return GAP_SPACE;
    }
}

static int opens_name(const Text *text, ptrdiff_t at) {
    return kind_at(text, at) == PERIOD && kind_at(text, at - 1) == SPACE &&
           kind_at(text, at + 1) == LETTER && kind_at(text, at + 2) == LETTER;
}

static ptrdiff_t scan_step(Text *text, ptrdiff_t at, unsigned *gap) {
    int kind = kind_at(text, at);
    ptrdiff_t end = at + 1;
    if (kind == LETTER) return read_letters(text, at, gap);
    if (kind == DIGIT) add_token(text, NUMBER, at, end = run_of(text, DIGIT, at), 1, gap);
    else if (kind == IDEOGRAPH) add_token(text, CHARACTER, at, end, 1, gap);
    else if (kind == SYMBOL) add_token(text, SIGN, at, end, 1, gap);
    else if (opens_name(text, at))
        add_token(text, WORD, at, end = run_of(text, LETTER, at + 1), 1, gap);
    else *gap |= gap_of(text, at);
    return end;
}

/* scan.scan of the normalised characters. */
void scan_text(Text *text) {
    unsigned gap = 0;
    text->token_count = text->letter_count = 0;
    for (ptrdiff_t at = 0; at < text->char_count;) at = scan_step(text, at, &gap);
    text->end_gap = (uint16_t)gap;
}
