/* The functions on texts and their keys, as Python calls them. */

#include "bindings/entries.h"

#define CHAR_TABLE {"pages", 'u', 2, 0, 0}, {"entries", 'u', 4, 0, 0}, {"expansions", 'u', 4, 0, 0}

static CharTable char_table_of(const Py_buffer *v) {
    return (CharTable){v[0].buf, v[1].buf, v[2].buf, items(&v[0]), items(&v[1]), items(&v[2])};
}

static PyObject *run_normalized_length(const Py_buffer *v) {
    CharTable table = char_table_of(v);
    ptrdiff_t total;
    FREELY(total, normalized_length(&table, v[3].buf, items(&v[3])));
    return total < 0 ? outcome(BAD_ARRAY) : PyLong_FromSsize_t(total);
}

ENTRY(normalized_length, CHAR_TABLE, {"raw", 'u', 4, 0, 0})

static PyObject *run_tokenize(const Py_buffer *v) {
    CharTable table = char_table_of(v);
    const Py_buffer *o = v + 5;
    NewTokens out = {o[0].buf, o[1].buf, o[2].buf, o[3].buf, o[4].buf, o[5].buf, o[6].buf,
                     o[7].buf, o[8].buf, 0, 0};
    Trouble trouble;
    FREELY(trouble,
           tokenize(&table, v[3].buf, items(&v[3]), v[4].buf, items(&v[4]), &out, items(o)));
    return outcome(trouble);
}

ENTRY(tokenize, CHAR_TABLE, {"raw", 'u', 4, 0, 0}, {"sizes", 'i', 8, 't', 0},
      {"hashes", 'u', 8, 'c', 1}, {"classes", 'u', 1, 'c', 1}, {"cases", 'u', 1, 'c', 1},
      {"gaps", 'u', 1, 'c', 1}, {"starts", 'i', 8, 'c', 1}, {"ends", 'i', 8, 'c', 1},
      {"offsets", 'i', 8, 'T', 1}, {"codes", 'u', 4, 'c', 1}, {"bounds", 'i', 8, 'T', 1})

#define TOKENS \
    {"hashes", 'u', 8, 'k', 0}, {"classes", 'u', 1, 'k', 0}, {"cases", 'u', 1, 'k', 0}, \
    {"gaps", 'u', 1, 'k', 0}, {"starts", 'i', 8, 'k', 0}, {"ends", 'i', 8, 'k', 0}, \
    {"offsets", 'i', 8, 'T', 0}, {"codes", 'u', 4, 0, 0}, {"bounds", 'i', 8, 'T', 0}

static Tokens tokens_of(const Py_buffer *v) {
    return (Tokens){v[0].buf, v[1].buf, v[2].buf, v[3].buf, v[4].buf, v[5].buf, v[6].buf,
                    v[7].buf, v[8].buf, items(&v[6]) - 1, items(&v[0]), items(&v[7])};
}

static Trouble find_core_in(const Tokens *tokens, const Py_buffer *phrases, NewCore *out) {
    enum { LISTS = 4 };
    Table lists[LISTS];
    Trouble trouble = FINE;
    int open = 0;
    for (; open < LISTS && trouble == FINE; open++)
        trouble =
            open_table(&lists[open], phrases[open].buf, items(&phrases[open]), tokens->tokens);
    if (trouble == FINE) trouble = find_core(tokens, lists, lists + 1, lists + 2, lists + 3, out);
    while (open) close_table(&lists[--open]);
    return trouble;
}

static PyObject *run_find_core(const Py_buffer *v) {
    Tokens tokens = tokens_of(v);
    NewCore out = {v[13].buf, v[14].buf, v[15].buf, v[16].buf};
    Trouble trouble;
    FREELY(trouble, find_core_in(&tokens, v + 9, &out));
    return outcome(trouble);
}

ENTRY(find_core, TOKENS, {"tags", 'u', 8, 0, 0}, {"gone", 'u', 8, 0, 0},
      {"outlets", 'u', 8, 0, 0}, {"learned", 'u', 8, 0, 0}, {"core_starts", 'i', 8, 't', 1},
      {"core_ends", 'i', 8, 't', 1}, {"versions", 'i', 2, 't', 1}, {"withdrawn", 'u', 1, 't', 1})

static PyObject *run_frame(const Py_buffer *v) {
    Tokens tokens = tokens_of(v);
    NewTexts out = {v[11].buf, v[12].buf, v[13].buf, v[14].buf};
    Trouble trouble;
    FREELY(trouble, frame(&tokens, v[9].buf, v[10].buf, &out));
    return outcome(trouble);
}

ENTRY(frame, TOKENS, {"core_starts", 'i', 8, 't', 0}, {"core_ends", 'i', 8, 't', 0},
      {"starts", 'i', 8, 't', 1}, {"ends", 'i', 8, 't', 1}, {"spaceless", 'u', 1, 't', 1},
      {"fingerprints", 'u', 8, 't', 1})

static Trouble rare_pair_keys_in(const Tokens *tokens, const Py_buffer *v, uint64_t *out) {
    Table words;
    Trouble trouble = open_table(&words, v[2].buf, items(&v[2]), tokens->tokens);
    if (trouble == FINE)
        trouble = rare_pair_keys(tokens, v[0].buf, v[1].buf, &words, v[3].buf, out);
    close_table(&words);
    return trouble;
}

static PyObject *run_rare_pair_keys(const Py_buffer *v) {
    Tokens tokens = tokens_of(v);
    if (!has_width(&v[13], tokens.texts, RARE_PAIRS, "out")) return NULL;
    Trouble trouble;
    FREELY(trouble, rare_pair_keys_in(&tokens, v + 9, v[13].buf));
    return outcome(trouble);
}

ENTRY(rare_pair_keys, TOKENS, {"core_starts", 'i', 8, 't', 0}, {"core_ends", 'i', 8, 't', 0},
      {"words", 'u', 8, 'w', 0}, {"weights", 'i', 8, 'W', 0}, {"out", 'u', 8, 0, 1})

static PyObject *run_band_keys(const Py_buffer *v) {
    Texts cores = {v[0].buf, v[1].buf, v[2].buf, v[3].buf, items(&v[0]), items(&v[1])};
    Py_ssize_t bands = width_of(&v[6], cores.texts, "out");
    if (bands < 0) return NULL;
    MinHash minhash = {v[4].buf, v[5].buf, items(&v[4]), bands};
    Trouble trouble;
    FREELY(trouble, band_keys(&minhash, &cores, v[6].buf));
    return outcome(trouble);
}

ENTRY(band_keys, {"codes", 'u', 4, 0, 0}, {"starts", 'i', 8, 't', 0}, {"ends", 'i', 8, 't', 0},
      {"spaceless", 'u', 1, 't', 0}, {"multipliers", 'u', 4, 'p', 0}, {"offsets", 'u', 4, 'p', 0},
      {"out", 'u', 8, 0, 1})

PyMethodDef TEXT_METHODS[] = {
    METHOD(normalized_length), METHOD(tokenize),  METHOD(find_core), METHOD(frame),
    METHOD(rare_pair_keys),    METHOD(band_keys), NO_METHOD,
};
