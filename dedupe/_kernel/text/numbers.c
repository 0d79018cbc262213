/* Put numbers together and find their values: the twin of dedupe/text/numbers.py. */

#include <string.h>

#include "text/vocabulary.h"

enum { LONGEST_NUMBER = 15, GROUP = 3, LAKH_GROUP = 2, MOST_GROUPS = 8 };

typedef struct {
    const char *word;
    double value;
} Named;

static const Named SUFFIXES[] = {
    {"k", 1e3}, {"m", 1e6}, {"mn", 1e6}, {"mln", 1e6}, {"mio", 1e6}, {"b", 1e9}, {"bn", 1e9},
    {"bln", 1e9}, {"mrd", 1e9}, {"tn", 1e12}, {"cr", 1e7}, {NULL, 0},
};
static const Named ORDINALS[] = {
    {"st", 1}, {"nd", 1}, {"rd", 1}, {"th", 1}, {"e", 1}, {"er", 1}, {"re", 1}, {"eme", 1},
    {"o", 1}, {"a", 1}, {"de", 1}, {"ste", 1}, {"te", 1}, {NULL, 0},
};
static const Named ROMAN[] = {
    {"ii", 2}, {"iii", 3}, {"iv", 4}, {"vi", 6}, {"vii", 7}, {"viii", 8}, {"ix", 9}, {"xi", 11},
    {"xii", 12}, {"xiii", 13}, {"xiv", 14}, {"xv", 15}, {"xvi", 16}, {"xvii", 17}, {"xviii", 18},
    {"xix", 19}, {"xx", 20}, {"xxi", 21}, {NULL, 0},
};
static const uint32_t COVID[][8] = {
    {'c', 'o', 'v', 'i', 'd', 0},
    {0x43A, 0x43E, 0x432, 0x438, 0x434, 0},
    {0x643, 0x648, 0x641, 0x64A, 0x62F, 0},
};

typedef struct {
    Text *text;
    const Tables *tables;
    ptrdiff_t written;
} Reader;

static const uint32_t *letters_of(const Reader *reader, const RawToken *token) {
    return reader->text->letters + token->start;
}

static double named(const Reader *reader, const RawToken *token, const Named *names) {
    const uint32_t *letters = letters_of(reader, token);
    for (; names->word; names++) {
        uint32_t i = 0;
        while (i < token->letters && names->word[i] && letters[i] == (uint8_t)names->word[i]) i++;
        if (i == token->letters && !names->word[i]) return names->value;
    }
    return 0;
}

int find_number(const Lexicon *lexicon, int language, int form, uint64_t running, double *value) {
    Rows rows = rows_of(&lexicon->numbers, salted_key(running, salt_of(language, form)));
    if (rows.end > rows.start) *value = lexicon->number_values[rows.start];
    return rows.end > rows.start;
}

static const RawToken *token_at(const Reader *reader, ptrdiff_t at) {
    return at < reader->text->token_count ? &reader->text->tokens[at] : NULL;
}

static int kind_is(const Reader *reader, ptrdiff_t at, int kind) {
    const RawToken *token = token_at(reader, at);
    return token && token->kind == kind;
}

/* The multiplier that a token is, 0 for none. */
static double scale_at(const Reader *reader, ptrdiff_t at) {
    double value = 0;
    if (!kind_is(reader, at, WORD) && !kind_is(reader, at, CHARACTER)) return 0;
    uint64_t running = token_at(reader, at)->running;
    find_number(&reader->tables->lexicon, reader->text->language, FORM_SCALE, running, &value);
    return value;
}

static double glued_suffix(const Reader *reader, ptrdiff_t at) {
    const RawToken *token = token_at(reader, at);
    return token->glued ? named(reader, token, SUFFIXES) : 0;
}

static RawToken *put_token(Reader *reader, const RawToken *token) {
    RawToken *out = &reader->text->other[reader->written++];
    *out = *token;
    return out;
}

/* Write a number of the letters of some tokens. */
static void put_number(Reader *reader, ptrdiff_t start, ptrdiff_t end, double value) {
    RawToken *out = put_token(reader, token_at(reader, start));
    for (ptrdiff_t at = start + 1; at < end; at++) out->letters += token_at(reader, at)->letters;
    out->running = hash_letters(letters_of(reader, out), out->letters);
    out->kind = NUMBER;
    out->letter_case = LOWER;
    out->value = value;
    out->valued = 1;
}

static ptrdiff_t groups_end(const Reader *reader, ptrdiff_t start) {
    const RawToken *first = token_at(reader, start);
    int spaced = first->letters <= GROUP && letters_of(reader, first)[0] != '0';
    ptrdiff_t end = start + 1;
    for (; kind_is(reader, end, NUMBER); end++) {
        const RawToken *token = token_at(reader, end);
        if (token->gap == GAP_SPACE && spaced && token->letters == GROUP) continue;
        spaced = 0;
        if (token->gap != DECIMAL_POINT && token->gap != DECIMAL_COMMA && token->gap != DIGIT_QUOTE)
            break;
    }
    return end;
}

/* The digits of some tokens as a number; `point` tokens from the end are decimals. */
static double digits_value(const Reader *reader, ptrdiff_t start, ptrdiff_t end, int decimals) {
    const uint32_t *letters = letters_of(reader, token_at(reader, start));
    uint32_t count = 0, fraction = decimals ? token_at(reader, end - 1)->letters : 0;
    for (ptrdiff_t at = start; at < end; at++) count += token_at(reader, at)->letters;
    uint64_t value = 0, unit = 1;
    for (uint32_t i = 0; i < count; i++) value = value * 10 + (letters[i] - '0');
    for (uint32_t i = 0; i < fraction; i++) unit *= 10;
    return (double)value / (double)unit;
}

static int all_groups(const Reader *reader, ptrdiff_t start, ptrdiff_t end, uint32_t letters) {
    for (ptrdiff_t at = start; at < end; at++)
        if (token_at(reader, at)->letters != letters) return 0;
    return 1;
}

static int same_gaps(const Reader *reader, ptrdiff_t start, ptrdiff_t end) {
    for (ptrdiff_t at = start + 2; at < end; at++)
        if (token_at(reader, at)->gap != token_at(reader, start + 1)->gap) return 0;
    return 1;
}

static int is_scaled_decimal(const Reader *reader, ptrdiff_t start, ptrdiff_t end) {
    if (end - start != 2 || token_at(reader, start + 1)->gap != DECIMAL_POINT) return 0;
    return scale_at(reader, end) || (kind_is(reader, end, WORD) && glued_suffix(reader, end));
}

/* Whether runs of digits are one number, and its value. */
static int read_value(const Reader *reader, ptrdiff_t start, ptrdiff_t end, double *value) {
    const RawToken *first = token_at(reader, start);
    ptrdiff_t groups = end - start;
    uint32_t letters = 0;
    for (ptrdiff_t at = start; at < end; at++) letters += token_at(reader, at)->letters;
    if (letters > LONGEST_NUMBER) return 0;
    *value = digits_value(reader, start, end, 0);
    if (groups == 1) return 1;
    int same = same_gaps(reader, start, end), gap = token_at(reader, start + 1)->gap;
    int thousands = first->letters <= GROUP && letters_of(reader, first)[0] != '0' &&
                    all_groups(reader, start + 1, end, GROUP);
    if (same && thousands && !is_scaled_decimal(reader, start, end)) return 1;
    int lakh = groups > LAKH_GROUP && all_groups(reader, start + 1, end - 1, LAKH_GROUP) &&
               token_at(reader, end - 1)->letters == GROUP;
    if (same && gap == DECIMAL_COMMA && lakh) return 1;
    int last = token_at(reader, end - 1)->gap;
    int grouped = same_gaps(reader, start, end - 1) && last != gap &&
                  all_groups(reader, start + 1, end - 1, GROUP);
    if ((last != DECIMAL_POINT && last != DECIMAL_COMMA) || (groups != 2 && !grouped)) return 0;
    *value = digits_value(reader, start, end, 1);
    return 1;
}

static int is_disease_year(const Reader *reader, ptrdiff_t at) {
    const RawToken *token = token_at(reader, at);
    const uint32_t *letters = letters_of(reader, token);
    if (token->letters != 2 || letters[0] != '1' || letters[1] != '9' || !reader->written) return 0;
    const RawToken *before = &reader->text->other[reader->written - 1];
    letters = letters_of(reader, before);
    for (size_t i = 0; i < sizeof COVID / sizeof *COVID; i++) {
        uint32_t count = 0;
        while (count < before->letters && COVID[i][count] == letters[count]) count++;
        if (count == before->letters && !COVID[i][count]) return 1;
    }
    return 0;
}

/* Multiply by what stands behind the digits; the end of it. */
static ptrdiff_t with_suffix(const Reader *reader, ptrdiff_t at, double *value) {
    if (!kind_is(reader, at, WORD)) return at;
    const RawToken *token = token_at(reader, at);
    double suffix = glued_suffix(reader, at);
    if (!suffix && (token->glued || token->gap == GAP_SPACE || token->gap == GAP_HYPHEN))
        suffix = scale_at(reader, at);
    if (!suffix && token->glued && named(reader, token, ORDINALS)) return at + 1;
    if (!suffix && token->glued) suffix = hangul_power(letters_of(reader, token), token->letters);
    if (suffix) *value *= suffix;
    return suffix ? at + 1 : at;
}

static ptrdiff_t read_digits(Reader *reader, ptrdiff_t start) {
    ptrdiff_t end = groups_end(reader, start);
    double value;
    if (!read_value(reader, start, end, &value)) {
        for (ptrdiff_t at = start; at < end; at++) {
            const RawToken *token = token_at(reader, at);
            if (token->letters > LONGEST_NUMBER) put_token(reader, token);
            else put_number(reader, at, at + 1, digits_value(reader, at, at + 1, 0));
        }
        return end;
    }
    if (end - start == 1 && is_disease_year(reader, start)) return end;
    ptrdiff_t after = with_suffix(reader, end, &value);
    put_number(reader, start, end, value);
    return after;
}

static ptrdiff_t with_units(const Reader *reader, ptrdiff_t at, double *value) {
    double units = 0;
    int tens = *value >= 20 && *value < 100 && (double)((int)*value / 10 * 10) == *value;
    if (!tens || !kind_is(reader, at, WORD)) return at;
    uint64_t running = token_at(reader, at)->running;
    find_number(&reader->tables->lexicon, reader->text->language, FORM_NUMBER, running, &units);
    if (units <= 0 || units >= 10) return at;
    *value += units;
    return at + 1;
}

static ptrdiff_t read_word(Reader *reader, ptrdiff_t at) {
    const RawToken *token = token_at(reader, at);
    double value = token->letter_case == UPPER ? named(reader, token, ROMAN) : 0, scale;
    if (value) {
        put_number(reader, at, at + 1, value);
        return at + 1;
    }
    int language = reader->text->language;
    uint8_t uses = remember(reader->tables, language, letters_of(reader, token), token)->uses;
    if (!(uses & USE_NUMBER)) {
        put_token(reader, token)->uses = uses;
        return at + 1;
    }
    find_number(&reader->tables->lexicon, language, FORM_NUMBER, token->running, &value);
    ptrdiff_t end = with_units(reader, at + 1, &value);
    for (; (scale = scale_at(reader, end)) != 0; end++) value *= scale;
    put_number(reader, at, at + 1, value);
    return end;
}

static int is_numeral_at(const Reader *reader, ptrdiff_t at) {
    if (!kind_is(reader, at, CHARACTER)) return 0;
    uint32_t code = letters_of(reader, token_at(reader, at))[0];
    return digit_of(code) >= 0 || power_of(code) > 0;
}

static int are_number(const Reader *reader, const uint32_t *letters, ptrdiff_t count,
                      ptrdiff_t end) {
    int digits = 0, powers = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        digits |= digit_of(letters[i]) >= 0;
        powers |= power_of(letters[i]) > 0;
    }
    if (digits && powers) return 1;
    if (!kind_is(reader, end, CHARACTER) || !token_at(reader, end)->glued) return 0;
    return is_counted(letters_of(reader, token_at(reader, end))[0]) && (digits || count > 1);
}

static ptrdiff_t multiply(Reader *reader, const uint32_t *letters, ptrdiff_t count, ptrdiff_t end) {
    RawToken *number = &reader->text->other[reader->written - 1];
    ptrdiff_t powers = 0;
    while (powers < count && power_of(letters[powers])) number->value *= power_of(letters[powers++]);
    if (powers < count) number->value += numeral_value(letters + powers, (uint32_t)(count - powers));
    while (kind_is(reader, end, NUMBER) && token_at(reader, end)->glued &&
           token_at(reader, end)->letters <= GROUP + 1 && token_at(reader, end + 1) &&
           token_at(reader, end + 1)->glued && token_at(reader, end + 1)->letters == 1 &&
           power_of(letters_of(reader, token_at(reader, end + 1))[0])) {
        double factor = power_of(letters_of(reader, token_at(reader, end + 1))[0]);
        number->value += digits_value(reader, end, end + 1, 0) * factor;
        end += 2;
    }
    return end;
}

static ptrdiff_t read_numerals(Reader *reader, ptrdiff_t start) {
    ptrdiff_t end = start + 1;
    while (is_numeral_at(reader, end) && token_at(reader, end)->glued) end++;
    const uint32_t *letters = letters_of(reader, token_at(reader, start));
    const RawToken *before = reader->written ? &reader->text->other[reader->written - 1] : NULL;
    if (before && before->kind == NUMBER && before->valued && token_at(reader, start)->glued &&
        power_of(letters[0]))
        return multiply(reader, letters, end - start, end);
    if (are_number(reader, letters, end - start, end))
        put_number(reader, start, end, numeral_value(letters, (uint32_t)(end - start)));
    else
        for (ptrdiff_t at = start; at < end; at++) put_token(reader, token_at(reader, at));
    return end;
}

/* numbers.read_numbers */
void read_numbers(Text *text, const Tables *tables) {
    Reader reader = {text, tables, 0};
    fetch_memos(tables, text);
    for (ptrdiff_t at = 0; at < text->token_count;) {
        if (text->tokens[at].kind == NUMBER) at = read_digits(&reader, at);
        else if (is_numeral_at(&reader, at)) at = read_numerals(&reader, at);
        else if (text->tokens[at].kind == WORD) at = read_word(&reader, at);
        else put_token(&reader, &text->tokens[at++]);
    }
    RawToken *read = text->other;
    text->other = text->tokens;
    text->tokens = read;
    text->token_count = reader.written;
}
