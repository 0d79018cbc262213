/* What compares and judges pairs, as Python calls it. */

#include "bindings/entries.h"

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
      {"starts", 'i', 8, 't', 0}, {"ends", 'i', 8, 't', 0}, {"words", 'i', 4, 0, 0},
      {"left", 'i', 8, 'p', 0}, {"right", 'i', 8, 'p', 0}, {"out", 'f', 8, 0, 1})

static PyObject *run_returning(const Py_buffer *v) {
    Py_ssize_t pairs = items(&v[2]), count = v[1].ndim ? v[1].shape[0] : 0;
    PairReturns returns = {v[0].buf, v[1].buf, v[0].ndim ? v[0].shape[0] : 0, count};
    if (!has_width(&v[0], returns.texts, RARE_PAIRS, "keys")) return NULL;
    if (!has_width(&v[1], count, RETURN_COUNTS, "pair_returns")) return NULL;
    if (!has_width(&v[4], pairs, RETURN_COUNTS, "out")) return NULL;
    Trouble trouble;
    FREELY(trouble, returning(&returns, v[2].buf, v[3].buf, pairs, v[4].buf));
    return outcome(trouble);
}

ENTRY(returning, {"keys", 'i', 4, 0, 0}, {"pair_returns", 'f', 8, 0, 0}, {"left", 'i', 8, 'p', 0},
      {"right", 'i', 8, 'p', 0}, {"out", 'f', 8, 0, 1})

static PyObject *run_count_spans(const Py_buffer *v) {
    Py_ssize_t values = items(&v[0]) - 1;
    ActiveDays active_days = {v[0].buf, v[1].buf, v[2].buf, values, items(&v[1]), items(&v[2])};
    if (!has_width(&v[4], values, 2, "out")) return NULL;
    Trouble trouble;
    FREELY(trouble, count_spans(&active_days, v[3].buf, v[4].buf));
    return outcome(trouble);
}

ENTRY(count_spans, {"starts", 'i', 8, 'T', 0}, {"records", 'i', 4, 0, 0}, {"days", 'i', 4, 'r', 0},
      {"survivors", 'u', 1, 'r', 0}, {"out", 'i', 8, 0, 1})

/* Whether a scorer's arrays, from the first on, are of one shape. */
static int take_scorer(const Py_buffer *v, QuickScorer *scorer) {
    Py_ssize_t rows = v[2].ndim ? v[2].shape[0] : 0, trees = width_of(&v[2], rows, "left");
    *scorer = (QuickScorer){v[0].buf, v[1].buf, v[2].buf, v[3].buf, items(&v[0]), items(&v[1]) - 1,
                       rows, trees, items(&v[3])};
    return trees >= 0;
}

#define SCORER \
    {"cuts", 'f', 8, 0, 0}, {"firsts", 'i', 8, 0, 0}, {"left", 'u', 1, 0, 0}, \
    {"leaves", 'f', 8, 0, 0}

static PyObject *run_log_odds(const Py_buffer *v) {
    QuickScorer scorer;
    Py_ssize_t count = items(&v[5]), columns = width_of(&v[4], count, "rows");
    if (!take_scorer(v, &scorer) || columns < 0) return NULL;
    Trouble trouble;
    FREELY(trouble, log_odds(&scorer, v[4].buf, count, columns, v[5].buf));
    return outcome(trouble);
}

ENTRY(log_odds, SCORER, {"rows", 'f', 8, 0, 0}, {"totals", 'f', 8, 0, 1})

static PyObject *run_score_features(const Py_buffer *v) {
    QuickScorer scorer;
    FeatureRows rows = {v[4].buf, v[5].buf, v[6].buf, items(&v[7])};
    if (!take_scorer(v, &scorer)) return NULL;
    if (!has_width(&v[4], rows.pairs, VIEW, "primary")) return NULL;
    if (!has_width(&v[5], rows.pairs, VIEW, "back")) return NULL;
    if (!has_width(&v[6], rows.pairs, CONTEXT, "context")) return NULL;
    Trouble trouble;
    FREELY(trouble, score_features(&scorer, &rows, v[7].buf, v[8].buf));
    return outcome(trouble);
}

ENTRY(score_features, SCORER, {"primary", 'f', 8, 0, 0}, {"back", 'f', 8, 0, 0},
      {"context", 'f', 8, 0, 0}, {"odds", 'f', 8, 'p', 1}, {"upper_bounds", 'f', 8, 'p', 1})

static int take_fields(const Py_buffer *v, int *fields) {
    const int64_t *given = v->buf;
    int fit = items(v) == 1 && given[0] >= 1 && given[0] <= 2;
    if (fit) *fields = (int)given[0];
    return fit;
}

static PyObject *run_prefilter_log_odds(const Py_buffer *v) {
    QuickScorer scorer;
    PairFields pairs = {.scorer = &scorer, .left = v[15].buf, .right = v[16].buf, .gaps = v[17].buf,
                     .same_source = v[18].buf, .pairs = items(&v[15])};
    if (!take_fields(&v[14], &pairs.fields)) return outcome(BAD_ARRAY);
    if (!take_column(v, &pairs.columns[0]) || !take_column(v + 5, &pairs.columns[1])) return NULL;
    if (!take_scorer(v + 10, &scorer)) return NULL;
    Trouble trouble;
    FREELY(trouble, prefilter_pairs(&pairs, v[19].buf));
    return outcome(trouble);
}

#define COLUMNS \
    {"ids", 'i', 4, 'w', 0}, {"zones", 'u', 1, 'w', 0}, {"starts", 'i', 8, 't', 0}, \
    {"ends", 'i', 8, 't', 0}, {"words", 'i', 4, 0, 0}, {"lede_ids", 'i', 4, 'v', 0}, \
    {"lede_zones", 'u', 1, 'v', 0}, {"lede_starts", 'i', 8, 't', 0}, \
    {"lede_stops", 'i', 8, 't', 0}, {"lede_words", 'i', 4, 0, 0}
#define PAIRS_OF_FIELDS \
    {"fields", 'i', 8, 0, 0}, {"left", 'i', 8, 'p', 0}, {"right", 'i', 8, 'p', 0}, \
    {"gaps", 'f', 8, 'p', 0}, {"same_source", 'f', 8, 'p', 0}, {"odds", 'f', 8, 'p', 1}

ENTRY(prefilter_log_odds, COLUMNS, SCORER, PAIRS_OF_FIELDS)

static PyObject *run_upper_bound_log_odds(const Py_buffer *v) {
    QuickScorer scorer;
    PairFields pairs = {.keys = v[10].buf, .scorer = &scorer, .left = v[16].buf, .right = v[17].buf,
                     .gaps = v[18].buf, .same_source = v[19].buf, .pairs = items(&v[16])};
    if (!take_fields(&v[15], &pairs.fields)) return outcome(BAD_ARRAY);
    if (!take_column(v, &pairs.columns[0]) || !take_column(v + 5, &pairs.columns[1])) return NULL;
    if (!has_width(&v[10], pairs.columns[0].texts, RARE_PAIRS, "keys")) return NULL;
    if (!take_scorer(v + 11, &scorer)) return NULL;
    Trouble trouble;
    FREELY(trouble, bound_pairs(&pairs, v[20].buf));
    return outcome(trouble);
}

ENTRY(upper_bound_log_odds, COLUMNS, {"keys", 'i', 4, 0, 0}, SCORER, PAIRS_OF_FIELDS)

PyMethodDef PAIR_METHODS[] = {
    METHOD(aligned_features), METHOD(returning), METHOD(count_spans), METHOD(log_odds),
    METHOD(score_features), METHOD(prefilter_log_odds), METHOD(upper_bound_log_odds), NO_METHOD,
};
