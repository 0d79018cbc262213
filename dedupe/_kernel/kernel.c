/* The Python face of the kernel: arrays in, the GIL let go, arrays filled. */

#include "arrays.h"
#include "candidates.h"
#include "kernel.h"

/* Evaluate without the GIL. */
#define FREELY(result, expression) \
    do { \
        Py_BEGIN_ALLOW_THREADS \
        result = expression; \
        Py_END_ALLOW_THREADS \
    } while (0)

/* A Python function of the arrays that follow its name. */
#define ENTRY(name, ...) \
    static PyObject *enter_##name(PyObject *module, PyObject *const *given, Py_ssize_t count) { \
        static const Argument wanted[] = {__VA_ARGS__}; \
        (void)module; \
        return with_arrays(given, count, wanted, sizeof wanted / sizeof *wanted, run_##name); \
    }

#define METHOD(name) {#name, (PyCFunction)(void (*)(void))enter_##name, METH_FASTCALL, NULL}

/* None, or the exception for what went wrong in a loop; `caller` is run_ and its name. */
static PyObject *outcome_of(Trouble trouble, const char *caller) {
    if (trouble == NO_MEMORY) return PyErr_NoMemory();
    if (trouble == FINE) Py_RETURN_NONE;
    return PyErr_Format(PyExc_ValueError, "%s: a number in an array is out of bounds or order",
                        caller + sizeof "run_" - 1);
}

#define outcome(trouble) outcome_of(trouble, __func__)

static int has_width(const Py_buffer *view, Py_ssize_t rows, Py_ssize_t wanted, const char *name) {
    Py_ssize_t width = width_of(view, rows, name);
    if (width >= 0 && width != wanted)
        PyErr_Format(PyExc_ValueError, "%s: not %zd columns", name, wanted);
    return width == wanted;
}

#define FOLDING {"pages", 'u', 2, 0, 0}, {"entries", 'u', 4, 0, 0}, {"expansions", 'u', 4, 0, 0}

static Folding folding_of(const Py_buffer *v) {
    return (Folding){v[0].buf, v[1].buf, v[2].buf, items(&v[0]), items(&v[1]), items(&v[2])};
}

static PyObject *run_folded_length(const Py_buffer *v) {
    Folding table = folding_of(v);
    ptrdiff_t total;
    FREELY(total, folded_length(&table, v[3].buf, items(&v[3])));
    return total < 0 ? outcome(BAD_ARRAY) : PyLong_FromSsize_t(total);
}

ENTRY(folded_length, FOLDING, {"raw", 'u', 4, 0, 0})

static PyObject *run_scan(const Py_buffer *v) {
    Folding table = folding_of(v);
    const Py_buffer *o = v + 5;
    NewTokens out = {o[0].buf, o[1].buf, o[2].buf, o[3].buf, o[4].buf, o[5].buf, o[6].buf,
                     o[7].buf, o[8].buf, 0, 0};
    Trouble trouble;
    FREELY(trouble, scan(&table, v[3].buf, items(&v[3]), v[4].buf, items(&v[4]), &out, items(o)));
    return outcome(trouble);
}

ENTRY(scan, FOLDING, {"raw", 'u', 4, 0, 0}, {"sizes", 'i', 8, 't', 0},
      {"hashes", 'u', 8, 'c', 1}, {"kinds", 'u', 1, 'c', 1}, {"cases", 'u', 1, 'c', 1},
      {"gaps", 'u', 1, 'c', 1}, {"starts", 'i', 8, 'c', 1}, {"stops", 'i', 8, 'c', 1},
      {"offsets", 'i', 8, 'T', 1}, {"codes", 'u', 4, 'c', 1}, {"bounds", 'i', 8, 'T', 1})

#define TOKENS \
    {"hashes", 'u', 8, 'k', 0}, {"kinds", 'u', 1, 'k', 0}, {"cases", 'u', 1, 'k', 0}, \
    {"gaps", 'u', 1, 'k', 0}, {"starts", 'i', 8, 'k', 0}, {"stops", 'i', 8, 'k', 0}, \
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
        trouble = open_table(&lists[open], phrases[open].buf, items(&phrases[open]), tokens->tokens);
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
      {"outlets", 'u', 8, 0, 0}, {"learned", 'u', 8, 0, 0}, {"heads", 'i', 8, 't', 1},
      {"tails", 'i', 8, 't', 1}, {"versions", 'i', 2, 't', 1}, {"withdrawn", 'u', 1, 't', 1})

static PyObject *run_frame(const Py_buffer *v) {
    Tokens tokens = tokens_of(v);
    NewStories out = {v[11].buf, v[12].buf, v[13].buf, v[14].buf};
    Trouble trouble;
    FREELY(trouble, frame(&tokens, v[9].buf, v[10].buf, &out));
    return outcome(trouble);
}

ENTRY(frame, TOKENS, {"heads", 'i', 8, 't', 0}, {"tails", 'i', 8, 't', 0},
      {"starts", 'i', 8, 't', 1}, {"stops", 'i', 8, 't', 1}, {"spaceless", 'u', 1, 't', 1},
      {"prints", 'u', 8, 't', 1})

static Trouble anchor_keys_in(const Tokens *tokens, const Py_buffer *v, uint64_t *out) {
    Table words;
    Trouble trouble = open_table(&words, v[2].buf, items(&v[2]), tokens->tokens);
    if (trouble == FINE) trouble = anchor_keys(tokens, v[0].buf, v[1].buf, &words, v[3].buf, out);
    close_table(&words);
    return trouble;
}

static PyObject *run_anchor_keys(const Py_buffer *v) {
    Tokens tokens = tokens_of(v);
    if (!has_width(&v[13], tokens.texts, ANCHOR_KEYS, "out")) return NULL;
    Trouble trouble;
    FREELY(trouble, anchor_keys_in(&tokens, v + 9, v[13].buf));
    return outcome(trouble);
}

ENTRY(anchor_keys, TOKENS, {"heads", 'i', 8, 't', 0}, {"tails", 'i', 8, 't', 0},
      {"words", 'u', 8, 'w', 0}, {"weights", 'i', 8, 'W', 0}, {"out", 'u', 8, 0, 1})

static PyObject *run_band_keys(const Py_buffer *v) {
    Stories stories = {v[0].buf, v[1].buf, v[2].buf, v[3].buf, items(&v[0]), items(&v[1])};
    Py_ssize_t bands = width_of(&v[6], stories.texts, "out");
    if (bands < 0) return NULL;
    Sketch sketch = {v[4].buf, v[5].buf, items(&v[4]), bands};
    Trouble trouble;
    FREELY(trouble, band_keys(&sketch, &stories, v[6].buf));
    return outcome(trouble);
}

ENTRY(band_keys, {"codes", 'u', 4, 0, 0}, {"starts", 'i', 8, 't', 0}, {"stops", 'i', 8, 't', 0},
      {"spaceless", 'u', 1, 't', 0}, {"multipliers", 'u', 4, 'p', 0}, {"offsets", 'u', 4, 'p', 0},
      {"out", 'u', 8, 0, 1})

static PyObject *run_first_seen(const Py_buffer *v) {
    Spans words = {v[1].buf, v[2].buf, items(&v[0])};
    ptrdiff_t found;
    Trouble trouble;
    FREELY(trouble, first_seen(v[0].buf, &words, v[3].buf, items(&v[3]), v[4].buf, &found));
    return trouble == FINE ? PyLong_FromSsize_t(found) : outcome(trouble);
}

ENTRY(first_seen, {"hashes", 'u', 8, 't', 0}, {"starts", 'i', 8, 't', 0}, {"stops", 'i', 8, 't', 0},
      {"codes", 'u', 4, 0, 0}, {"out", 'i', 8, 't', 1})

static PyObject *run_find_hashes(const Py_buffer *v) {
    Trouble trouble;
    FREELY(trouble, find_hashes(v[0].buf, items(&v[0]), v[1].buf, items(&v[1]), v[2].buf));
    return outcome(trouble);
}

ENTRY(find_hashes, {"keys", 'u', 8, 0, 0}, {"wanted", 'u', 8, 'w', 0}, {"out", 'i', 8, 'w', 1})

static PyObject *run_find_sorted(const Py_buffer *v) {
    Trouble trouble;
    FREELY(trouble, find_sorted(v[0].buf, items(&v[0]), v[1].buf, items(&v[1]), v[2].buf));
    return outcome(trouble);
}

ENTRY(find_sorted, {"held", 'i', 8, 0, 0}, {"wanted", 'i', 8, 'w', 0}, {"out", 'i', 8, 'w', 1})

static PyObject *run_find_within(const Py_buffer *v) {
    Spans spans = {v[1].buf, v[2].buf, items(&v[1])};
    Trouble trouble;
    FREELY(trouble, find_within(v[0].buf, items(&v[0]), &spans, v[3].buf, v[4].buf, v[5].buf,
                                v[6].buf));
    return outcome(trouble);
}

ENTRY(find_within, {"data", 'u', 4, 0, 0}, {"starts", 'i', 8, 's', 0}, {"stops", 'i', 8, 's', 0},
      {"lows", 'u', 4, 's', 0}, {"highs", 'u', 4, 's', 0}, {"firsts", 'i', 8, 's', 1},
      {"sizes", 'i', 8, 's', 1})

static PyObject *run_group_keys(const Py_buffer *v) {
    Py_ssize_t height = v[0].ndim ? v[0].shape[0] : 0, width = width_of(&v[0], height, "keys");
    if (width < 0) return NULL;
    const uint64_t *part = v[3].buf;
    if (items(&v[3]) != 2) return outcome(BAD_ARRAY);
    Family family = {v[0].buf, height, width, v[1].buf, v[2].buf, items(&v[1]), part[0], part[1]};
    if (items(&v[6]) != items(&v[5])) return outcome(BAD_ARRAY);
    Buckets out = {v[4].buf, v[5].buf, v[6].buf, items(&v[4]), items(&v[5]), 0};
    Trouble trouble;
    FREELY(trouble, group_keys(&family, &out));
    return trouble == FINE ? PyLong_FromSsize_t(out.count) : outcome(trouble);
}

ENTRY(group_keys, {"keys", 'u', 8, 0, 0}, {"rows", 'i', 8, 't', 0}, {"names", 'i', 8, 't', 0},
      {"part", 'u', 8, 0, 0}, {"members", 'u', 4, 0, 1}, {"sizes", 'u', 4, 0, 1},
      {"shared", 'u', 8, 0, 1})

static PyObject *run_pair_members(const Py_buffer *v) {
    Buckets buckets = {v[0].buf, v[1].buf, NULL, items(&v[0]), items(&v[1]), items(&v[1])};
    ptrdiff_t found;
    Trouble trouble;
    FREELY(trouble, pair_members(&buckets, v[2].buf, items(&v[2]), &found));
    return trouble == FINE ? PyLong_FromSsize_t(found) : outcome(trouble);
}

ENTRY(pair_members, {"members", 'u', 4, 0, 0}, {"sizes", 'u', 4, 0, 0}, {"out", 'i', 8, 0, 1})

/* Whether a column's arrays, from the first on, have words of the right width. */
static int take_column(const Py_buffer *v, Column *column) {
    Py_ssize_t known = v[4].ndim ? v[4].shape[0] : 0;
    *column = (Column){v[0].buf, v[1].buf, v[2].buf, v[3].buf, v[4].buf, items(&v[0]),
                       items(&v[2]), known};
    return has_width(&v[4], known, sizeof(Word) / sizeof(int32_t), "words");
}

static PyObject *run_aligned_features(const Py_buffer *v) {
    Column column;
    Py_ssize_t pairs = items(&v[5]);
    if (!take_column(v, &column)) return NULL;
    if (!has_width(&v[7], pairs, ALIGNED_FEATURES, "out")) return NULL;
    Trouble trouble;
    FREELY(trouble, aligned_features(&column, v[5].buf, v[6].buf, pairs, v[7].buf));
    return outcome(trouble);
}

ENTRY(aligned_features, {"ids", 'i', 4, 'w', 0}, {"zones", 'u', 1, 'w', 0},
      {"starts", 'i', 8, 't', 0}, {"stops", 'i', 8, 't', 0}, {"words", 'i', 4, 0, 0},
      {"left", 'i', 8, 'p', 0}, {"right", 'i', 8, 'p', 0}, {"out", 'f', 8, 0, 1})

static PyObject *run_returning(const Py_buffer *v) {
    Py_ssize_t pairs = items(&v[2]), count = v[1].ndim ? v[1].shape[0] : 0;
    Meetings met = {v[0].buf, v[1].buf, v[0].ndim ? v[0].shape[0] : 0, count};
    if (!has_width(&v[0], met.texts, ANCHOR_KEYS, "keys")) return NULL;
    if (!has_width(&v[1], count, MEETINGS, "meetings")) return NULL;
    if (!has_width(&v[4], pairs, MEETINGS, "out")) return NULL;
    Trouble trouble;
    FREELY(trouble, returning(&met, v[2].buf, v[3].buf, pairs, v[4].buf));
    return outcome(trouble);
}

ENTRY(returning, {"keys", 'i', 4, 0, 0}, {"meetings", 'f', 8, 0, 0}, {"left", 'i', 8, 'p', 0},
      {"right", 'i', 8, 'p', 0}, {"out", 'f', 8, 0, 1})

static PyObject *run_count_spans(const Py_buffer *v) {
    Calendar calendar = {v[0].buf, v[1].buf, v[2].buf, items(&v[0])};
    Py_ssize_t count = v[4].ndim ? v[4].shape[0] : 0;
    if (!has_width(&v[4], count, 2, "out")) return NULL;
    Trouble trouble;
    FREELY(trouble, count_spans(&calendar, v[3].buf, items(&v[3]), v[4].buf, count));
    return outcome(trouble);
}

ENTRY(count_spans, {"things", 'i', 4, 'e', 0}, {"days", 'i', 4, 'e', 0},
      {"records", 'i', 4, 'e', 0}, {"alive", 'u', 1, 0, 0}, {"out", 'i', 8, 0, 1})

/* Whether a forest's arrays, from the first on, are of one shape. */
static int take_forest(const Py_buffer *v, Forest *forest) {
    Py_ssize_t rows = v[2].ndim ? v[2].shape[0] : 0, trees = width_of(&v[2], rows, "left");
    *forest = (Forest){v[0].buf, v[1].buf, v[2].buf, v[3].buf, items(&v[0]), items(&v[1]) - 1,
                       rows, trees, items(&v[3])};
    return trees >= 0;
}

#define FOREST \
    {"cuts", 'f', 8, 0, 0}, {"firsts", 'i', 8, 0, 0}, {"left", 'u', 1, 0, 0}, \
    {"leaves", 'f', 8, 0, 0}

static PyObject *run_log_odds(const Py_buffer *v) {
    Forest forest;
    Py_ssize_t count = items(&v[5]), columns = width_of(&v[4], count, "rows");
    if (!take_forest(v, &forest) || columns < 0) return NULL;
    Trouble trouble;
    FREELY(trouble, log_odds(&forest, v[4].buf, count, columns, v[5].buf));
    return outcome(trouble);
}

ENTRY(log_odds, FOREST, {"rows", 'f', 8, 0, 0}, {"totals", 'f', 8, 0, 1})

static PyObject *run_judge_looks(const Py_buffer *v) {
    Forest forest;
    Looks looks = {v[4].buf, v[5].buf, v[6].buf, items(&v[7])};
    if (!take_forest(v, &forest)) return NULL;
    if (!has_width(&v[4], looks.pairs, VIEW, "lead")) return NULL;
    if (!has_width(&v[5], looks.pairs, VIEW, "back")) return NULL;
    if (!has_width(&v[6], looks.pairs, CONTEXT, "context")) return NULL;
    Trouble trouble;
    FREELY(trouble, judge_looks(&forest, &looks, v[7].buf, v[8].buf));
    return outcome(trouble);
}

ENTRY(judge_looks, FOREST, {"lead", 'f', 8, 0, 0}, {"back", 'f', 8, 0, 0},
      {"context", 'f', 8, 0, 0}, {"odds", 'f', 8, 'p', 1}, {"hopes", 'f', 8, 'p', 1})

static int take_fields(const Py_buffer *v, int *fields) {
    const int64_t *given = v->buf;
    int fit = items(v) == 1 && given[0] >= 1 && given[0] <= 2;
    if (fit) *fields = (int)given[0];
    return fit;
}

static PyObject *run_glance(const Py_buffer *v) {
    Forest forest;
    Glance glance = {.forest = &forest, .left = v[15].buf, .right = v[16].buf, .gaps = v[17].buf,
                     .same_source = v[18].buf, .pairs = items(&v[15])};
    if (!take_fields(&v[14], &glance.fields)) return outcome(BAD_ARRAY);
    if (!take_column(v, &glance.columns[0]) || !take_column(v + 5, &glance.columns[1])) return NULL;
    if (!take_forest(v + 10, &forest)) return NULL;
    Trouble trouble;
    FREELY(trouble, glance_pairs(&glance, v[19].buf));
    return outcome(trouble);
}

#define COLUMNS \
    {"ids", 'i', 4, 'w', 0}, {"zones", 'u', 1, 'w', 0}, {"starts", 'i', 8, 't', 0}, \
    {"stops", 'i', 8, 't', 0}, {"words", 'i', 4, 0, 0}, {"lede_ids", 'i', 4, 'v', 0}, \
    {"lede_zones", 'u', 1, 'v', 0}, {"lede_starts", 'i', 8, 't', 0}, \
    {"lede_stops", 'i', 8, 't', 0}, {"lede_words", 'i', 4, 0, 0}
#define PAIRS_OF_FIELDS \
    {"fields", 'i', 8, 0, 0}, {"left", 'i', 8, 'p', 0}, {"right", 'i', 8, 'p', 0}, \
    {"gaps", 'f', 8, 'p', 0}, {"same_source", 'f', 8, 'p', 0}, {"odds", 'f', 8, 'p', 1}

ENTRY(glance, COLUMNS, FOREST, PAIRS_OF_FIELDS)

static PyObject *run_screen(const Py_buffer *v) {
    Forest forest;
    Screen screen = {.keys = v[10].buf, .forest = &forest, .left = v[16].buf, .right = v[17].buf,
                     .gaps = v[18].buf, .same_source = v[19].buf, .pairs = items(&v[16])};
    if (!take_fields(&v[15], &screen.fields)) return outcome(BAD_ARRAY);
    if (!take_column(v, &screen.columns[0]) || !take_column(v + 5, &screen.columns[1])) return NULL;
    if (!has_width(&v[10], screen.columns[0].texts, ANCHOR_KEYS, "keys")) return NULL;
    if (!take_forest(v + 11, &forest)) return NULL;
    Trouble trouble;
    FREELY(trouble, screen_pairs(&screen, v[20].buf));
    return outcome(trouble);
}

ENTRY(screen, COLUMNS, {"keys", 'i', 4, 0, 0}, FOREST, PAIRS_OF_FIELDS)

/* Choose the loops that this processor runs best, or those that any runs; tells which it is. */
static int choose_loops(int wide) {
#if HAVE_WIDE
    __builtin_cpu_init();
    wide = wide && __builtin_cpu_supports("avx2");
#else
    wide = 0;
#endif
    choose_alignment(wide);
    choose_sketch(wide);
    choose_forest(wide);
    return wide;
}

static PyObject *enter_widen(PyObject *module, PyObject *wanted) {
    (void)module;
    int wide = PyObject_IsTrue(wanted);
    return wide < 0 ? NULL : PyBool_FromLong(choose_loops(wide));
}

static PyMethodDef METHODS[] = {
    METHOD(folded_length), METHOD(scan), METHOD(find_core), METHOD(frame), METHOD(band_keys),
    METHOD(anchor_keys), METHOD(first_seen), METHOD(find_hashes), METHOD(find_sorted),
    METHOD(find_within), METHOD(group_keys),
    METHOD(pair_members), METHOD(aligned_features), METHOD(returning),
    METHOD(log_odds), METHOD(glance), METHOD(screen), METHOD(judge_looks), METHOD(count_spans),
    {"widen", enter_widen, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static int prepare(PyObject *module) {
    (void)module;
    choose_loops(1);
    return 0;
}

static PyModuleDef_Slot SLOTS[] = {{Py_mod_exec, prepare}, {0, NULL}};

static struct PyModuleDef MODULE = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "dedupe._native",
    .m_doc = "The compiled kernel: see dedupe/kernel.py.",
    .m_methods = METHODS,
    .m_slots = SLOTS,
};

PyMODINIT_FUNC PyInit__native(void) { return PyModuleDef_Init(&MODULE); }
