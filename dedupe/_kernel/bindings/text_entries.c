/* What prepares texts, as Python calls it. */

#include <stdlib.h>
#include <string.h>

#include "bindings/entries.h"
#include "text/prepare.h"

enum { FIRSTS = (1 << 16) + 1 };

#define KEYS(name, like) \
    {name, 'u', 4, like, 0}, {name "_firsts", 'u', 4, 0, 0}, {name "_filter", 'u', 8, 0, 0}

#define TABLES \
    {"pages", 'u', 2, 0, 0}, {"entries", 'u', 4, 0, 0}, {"expansions", 'u', 4, 0, 0}, \
    KEYS("word_keys", 'w'), {"word_languages", 'u', 1, 'w', 0}, {"word_bits", 'u', 1, 'w', 0}, \
    KEYS("char_keys", 'h'), {"char_languages", 'u', 1, 'h', 0}, {"char_bits", 'u', 1, 'h', 0}, \
    KEYS("entry_keys", 'e'), {"entry_values", 'u', 2, 'e', 0}, \
    KEYS("number_keys", 'n'), {"number_values", 'f', 8, 'n', 0}, \
    {"phrase_meanings", 'u', 2, 'p', 0}, {"phrase_ends", 'u', 4, 'P', 0}, \
    {"part_lengths", 'u', 1, 'q', 0}, {"part_keys", 'u', 4, 'q', 0}, \
    KEYS("tag_keys", 't'), {"tag_kinds", 'u', 1, 't', 0}, \
    KEYS("outlet_keys", 'o'), KEYS("generic_keys", 'g'), {"memos", 'u', 8, 0, 1}

enum { TABLE_ARRAYS = 36, KEY_BITS = 32, CACHE_LINE = 64 };

/* The bits of a key that the number of a bit in a filter does not have; 0 for a filter that is not
 * a power of two of words. */
static int filter_shift(ptrdiff_t words) {
    int bits = 6;
    while (bits < KEY_BITS && (ptrdiff_t)1 << (bits - 6) < words) bits++;
    return words == (ptrdiff_t)1 << (bits - 6) ? KEY_BITS - bits : 0;
}

/* Keys, their firsts and their filter, three arrays. */
static int open_keys(const Py_buffer *v, Keys *out) {
    *out = (Keys){v[0].buf, v[1].buf, v[2].buf, items(&v[0]), filter_shift(items(&v[2]))};
    return items(&v[1]) == FIRSTS && !out->firsts[0] && out->firsts[FIRSTS - 1] == out->count &&
           out->shift;
}

static int open_tables(const Py_buffer *v, Tables *out) {
    Lexicon *lexicon = &out->lexicon;
    out->table = (CharTable){v[0].buf, v[1].buf, v[2].buf, items(&v[0]), items(&v[1]),
                             items(&v[2])};
    int good = open_keys(v + 3, &lexicon->words) && open_keys(v + 8, &lexicon->chars) &&
               open_keys(v + 13, &lexicon->entries) && open_keys(v + 17, &lexicon->numbers) &&
               open_keys(v + 25, &lexicon->tags) && open_keys(v + 29, &lexicon->outlets) &&
               open_keys(v + 32, &lexicon->generic);
    lexicon->word_languages = v[6].buf;
    lexicon->word_bits = v[7].buf;
    lexicon->char_languages = v[11].buf;
    lexicon->char_bits = v[12].buf;
    lexicon->entry_values = v[16].buf;
    lexicon->number_values = v[20].buf;
    lexicon->phrase_meanings = v[21].buf;
    lexicon->phrase_ends = v[22].buf;
    lexicon->part_lengths = v[23].buf;
    lexicon->part_keys = v[24].buf;
    lexicon->tag_kinds = v[28].buf;
    lexicon->phrases = items(&v[21]);
    lexicon->parts = items(&v[23]);
    out->memos = (Memos *)(((uintptr_t)v[35].buf + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
    return good && (size_t)v[35].len == sizeof(Memos) + CACHE_LINE;
}

enum { RAW_ARRAYS = 10 };

static PyObject *run_prepare(const Py_buffer *v) {
    Tables tables;
    const Py_buffer *in = v + TABLE_ARRAYS, *to = v + TABLE_ARRAYS + RAW_ARRAYS;
    RawTexts raw = {.data = in[0].buf, .starts = in[1].buf, .ends = in[2].buf,
                    .cleaned = in[3].buf, .sources = in[4].buf, .source_keys = in[5].buf,
                    .source_ends = in[6].buf, .multipliers = in[7].buf, .offsets = in[8].buf,
                    .size = items(&in[0]), .texts = items(&in[1]),
                    .source_words = items(&in[5]), .source_count = items(&in[6]) - 1};
    PreparedTexts out = {.places = to[0].buf, .token_ends = to[1].buf, .letter_ends = to[2].buf,
                         .fingerprints = to[3].buf, .band_keys = to[4].buf, .rare_keys = to[5].buf,
                         .languages = to[6].buf, .versions = to[7].buf, .facts = to[8].buf,
                         .lengths = to[9].buf};
    const int64_t *choices = in[9].buf;
    Trouble trouble = BAD_ARRAY;
    int widths = items(&in[7]) == SLOTS && items(&in[9]) == 2 && raw.texts < INT32_MAX &&
                 items(&to[3]) == 2 * raw.texts && items(&to[4]) == BANDS * raw.texts &&
                 items(&to[5]) == RARE_KEYS * raw.texts;
    if (widths && choices[0] >= 0 && open_tables(v, &tables)) {
        raw.longest = (ptrdiff_t)choices[0];
        raw.once = choices[1] != 0;
        FREELY(trouble, prepare_texts(&raw, &tables, &out));
    }
    PyObject *result = NULL;
    if (trouble == FINE) {
        PyObject *tokens = as_room(out.tokens.data, out.tokens.size);
        PyObject *letters = as_room(out.letters.data, out.letters.size);
        if (tokens && letters) result = PyTuple_Pack(2, tokens, letters);
        Py_XDECREF(tokens);
        Py_XDECREF(letters);
    } else {
        result = outcome(trouble);
        free_room(out.tokens.data);
        free_room(out.letters.data);
    }
    return result;
}

ENTRY(prepare, TABLES, {"data", 'u', 1, 0, 0}, {"starts", 'i', 8, 'x', 0},
      {"ends", 'i', 8, 'x', 0}, {"cleaned", 'u', 1, 'x', 0}, {"sources", 'i', 4, 'x', 0},
      {"source_keys", 'u', 4, 0, 0}, {"source_ends", 'i', 8, 0, 0}, {"multipliers", 'u', 4, 's', 0},
      {"offsets", 'u', 4, 's', 0}, {"choices", 'i', 8, 0, 0}, {"places", 'i', 4, 'x', 1},
      {"token_ends", 'i', 8, 'x', 1}, {"letter_ends", 'i', 8, 'x', 1},
      {"fingerprints", 'u', 8, 0, 1}, {"band_keys", 'u', 4, 0, 1}, {"rare_keys", 'u', 4, 0, 1},
      {"languages", 'u', 1, 'x', 1}, {"versions", 'u', 1, 'x', 1}, {"facts", 'u', 1, 'x', 1},
      {"lengths", 'u', 4, 'x', 1})

static PyObject *run_digest_records(const Py_buffer *v) {
    Records records = {.data = v[0].buf, .starts = v[1].buf, .ends = v[2].buf,
                       .size = items(&v[0]), .count = items(&v[1])};
    Trouble trouble;
    FREELY(trouble, digest_records(&records, v[3].buf));
    return outcome(trouble);
}

ENTRY(digest_records, {"data", 'u', 1, 0, 0}, {"starts", 'i', 8, 'x', 0}, {"ends", 'i', 8, 'x', 0},
      {"out", 'u', 8, 'x', 1})

static PyObject *run_copy_rows(const Py_buffer *v) {
    const int64_t *width = v[1].buf;
    RowsOfBytes rows = {.data = v[0].buf, .offsets = v[2].buf, .count = items(&v[2]) - 1};
    Trouble trouble = BAD_ARRAY;
    if (items(&v[1]) == 1 && width[0] > 0 && rows.count >= 0) {
        rows.width = (ptrdiff_t)width[0];
        rows.items = items(&v[0]) / rows.width;
        FREELY(trouble, copy_rows(&rows, v[3].buf, items(&v[3]), v[4].buf, items(&v[4])));
    }
    return outcome(trouble);
}

ENTRY(copy_rows, {"data", 'u', 1, 0, 0}, {"width", 'i', 8, 0, 0}, {"offsets", 'i', 8, 0, 0},
      {"wanted", 'i', 8, 0, 0}, {"out", 'u', 1, 0, 1})

PyMethodDef TEXT_METHODS[] = {METHOD(prepare), METHOD(digest_records), METHOD(copy_rows), NO_METHOD};
