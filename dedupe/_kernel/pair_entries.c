/* What compares and judges pairs, as Python calls it. */

#include "entries.h"

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
    Py_ssize_t things = items(&v[0]) - 1;
    Calendar calendar = {v[0].buf, v[1].buf, v[2].buf, things, items(&v[1]), items(&v[2])};
    if (!has_width(&v[4], things, 2, "out")) return NULL;
    Trouble trouble;
    FREELY(trouble, count_spans(&calendar, v[3].buf, v[4].buf));
    return outcome(trouble);
}

ENTRY(count_spans, {"starts", 'i', 8, 'T', 0}, {"records", 'i', 4, 0, 0}, {"days", 'i', 4, 'r', 0},
      {"alive", 'u', 1, 'r', 0}, {"out", 'i', 8, 0, 1})

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
    Screen glance = {.forest = &forest, .left = v[15].buf, .right = v[16].buf, .gaps = v[17].buf,
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

PyMethodDef PAIR_METHODS[] = {
    METHOD(aligned_features), METHOD(returning), METHOD(count_spans), METHOD(log_odds),
    METHOD(judge_looks), METHOD(glance), METHOD(screen), NO_METHOD,
};
