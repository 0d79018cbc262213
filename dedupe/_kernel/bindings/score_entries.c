/* What scores pairs of records, as Python calls it. */

#include "bindings/entries.h"
#include "scoring/metadata.h"
#include "scoring/pairs.h"

#define CONTENTS \
    {"tokens", 'u', 1, 0, 0}, {"offsets", 'i', 8, 'O', 0}, {"letters", 'u', 1, 0, 0}, \
    {"letter_offsets", 'i', 8, 'O', 0}, {"facts", 'u', 1, 'o', 0}
#define SCORER \
    {"cuts", 'f', 8, 0, 0}, {"firsts", 'i', 8, 0, 0}, {"left_leaves", 'u', 1, 0, 0}, \
    {"leaves", 'f', 8, 0, 0}, {"base", 'f', 8, 0, 0}
#define SCORING CONTENTS, SCORER, {"rows", 'i', 4, 0, 0}, {"weights", 'f', 8, 0, 0}, \
    {"numbers", 'i', 8, 0, 0}

enum { SCORER_ARRAYS = 5, SCORING_ARRAYS = 13 };

static Contents contents_of(const Py_buffer *v) {
    return (Contents){.tokens = v[0].buf, .offsets = v[1].buf, .letters = v[2].buf,
                      .letter_offsets = v[3].buf, .facts = v[4].buf, .texts = items(&v[4]),
                      .token_count = v[0].len / (Py_ssize_t)sizeof(Token),
                      .letter_count = items(&v[2])};
}

static int scorer_of(const Py_buffer *v, QuickScorer *out) {
    int table = v[2].ndim == 2;
    *out = (QuickScorer){.cuts = v[0].buf, .firsts = v[1].buf, .left = v[2].buf,
                         .leaves = v[3].buf, .questions = items(&v[0]),
                         .features = items(&v[1]) - 1, .rows = table ? v[2].shape[0] : 0,
                         .trees = table ? v[2].shape[1] : 0, .room = items(&v[3])};
    if (items(&v[4]) == 1) out->base = *(const double *)v[4].buf;
    return table && out->features > 0 && items(&v[4]) == 1;
}

static int scoring_of(const Py_buffer *v, const Contents *contents, QuickScorer *scorer,
                      Scoring *out) {
    *out = (Scoring){.contents = contents, .scorer = scorer, .rows = v[10].buf,
                     .weights = v[11].buf, .fields = items(&v[11])};
    if (!scorer_of(v + 5, scorer) || items(&v[12]) != 1 || out->fields < 1) return 0;
    out->numbers = (int)*(const int64_t *)v[12].buf;
    out->records = items(&v[10]) / out->fields;
    return items(&v[10]) == out->records * out->fields;
}

static PyObject *score_with(const Py_buffer *v, double *features) {
    Contents contents = contents_of(v);
    QuickScorer scorer;
    Scoring scoring;
    const Py_buffer *to = v + SCORING_ARRAYS;
    Trouble trouble = BAD_ARRAY;
    if (scoring_of(v, &contents, &scorer, &scoring))
        FREELY(trouble, score_pairs(&scoring, to[0].buf, to[1].buf, items(&to[0]), features,
                                    to[2].buf));
    return outcome_of(trouble, "run_score");
}

static PyObject *run_score(const Py_buffer *v) { return score_with(v, NULL); }

ENTRY(score, SCORING, {"left", 'i', 8, 'p', 0}, {"right", 'i', 8, 'p', 0}, {"out", 'f', 8, 'p', 1})

static PyObject *run_features(const Py_buffer *v) {
    const Py_buffer *to = v + SCORING_ARRAYS;
    Py_ssize_t wanted = items(&v[11]) * FEATURES * items(&to[0]);
    return items(&to[3]) == wanted ? score_with(v, to[3].buf) : outcome(BAD_ARRAY);
}

ENTRY(features, SCORING, {"left", 'i', 8, 'p', 0}, {"right", 'i', 8, 'p', 0},
      {"out", 'f', 8, 'p', 1}, {"features", 'f', 8, 0, 1})

static PyObject *run_similarities(const Py_buffer *v) {
    Contents contents = contents_of(v);
    QuickScorer scorer;
    Scoring scoring;
    const Py_buffer *to = v + SCORING_ARRAYS;
    Trouble trouble = BAD_ARRAY;
    if (scoring_of(v, &contents, &scorer, &scoring) &&
        items(&to[2]) == scoring.fields * items(&to[0]))
        FREELY(trouble, find_similarities(&scoring, to[0].buf, to[1].buf, items(&to[0]), to[2].buf));
    return outcome(trouble);
}

ENTRY(similarities, SCORING, {"left", 'i', 8, 'p', 0}, {"right", 'i', 8, 'p', 0},
      {"out", 'f', 8, 0, 1})

static PyObject *run_score_candidates(const Py_buffer *v) {
    Contents contents = contents_of(v);
    QuickScorer scorer;
    Scoring scoring;
    const Py_buffer *in = v + SCORING_ARRAYS;
    const int64_t *range = in[2].buf;
    const double *least = in[3].buf;
    Bytes out = {0};
    Trouble trouble = BAD_ARRAY;
    if (scoring_of(v, &contents, &scorer, &scoring) && items(&in[2]) == 2 && items(&in[3]) == 1 &&
        items(&in[0]) == range[1] - range[0] + 1)
        FREELY(trouble, score_candidates(&scoring, in[0].buf, in[1].buf, items(&in[1]), range[0],
                                         range[1], least[0], &out));
    if (trouble == FINE) return as_room(out.data, out.size);
    free_room(out.data);
    return outcome(trouble);
}

ENTRY(score_candidates, SCORING, {"starts", 'i', 8, 0, 0}, {"partners", 'u', 4, 0, 0},
      {"range", 'i', 8, 0, 0}, {"least", 'f', 8, 0, 0})

static PyObject *run_log_odds(const Py_buffer *v) {
    QuickScorer scorer;
    Trouble trouble = BAD_ARRAY;
    Py_ssize_t count = items(&v[6]);
    if (scorer_of(v, &scorer) && is_scorer(&scorer, scorer.features) &&
        items(&v[5]) == scorer.features * count) {
        const double *rows = v[5].buf;
        double *out = v[6].buf;
        Py_BEGIN_ALLOW_THREADS
        for (Py_ssize_t i = 0; i < count; i++) out[i] = sum_trees(&scorer, rows + i * scorer.features);
        Py_END_ALLOW_THREADS
        trouble = FINE;
    }
    return outcome(trouble);
}

ENTRY(log_odds, SCORER, {"rows", 'f', 8, 0, 0}, {"out", 'f', 8, 0, 1})

static PyObject *run_count_stems(const Py_buffer *v) {
    StemBuckets buckets = {v[0].buf, v[1].buf, v[2].buf, items(&v[2]), items(&v[0])};
    StemRecords records = {v[3].buf, v[5].buf, v[4].buf, items(&v[3])};
    Trouble trouble = BAD_ARRAY;
    if (items(&v[6]) == 3 * buckets.count)
        FREELY(trouble, count_stems(&buckets, &records, v[6].buf));
    return outcome(trouble);
}

ENTRY(count_stems, {"members", 'u', 4, 0, 0}, {"starts", 'i', 8, 'B', 0}, {"wanted", 'u', 1, 'b', 0},
      {"in_play", 'u', 1, 'r', 0}, {"days", 'i', 8, 'r', 0}, {"first", 'u', 1, 'r', 0},
      {"out", 'i', 8, 0, 1})

static PyObject *run_shared_minima(const Py_buffer *v) {
    SharedBuckets shared = {v[0].buf, v[1].buf, 0, 0, items(&v[1]) / 3};
    Trouble trouble = BAD_ARRAY;
    if (v[0].ndim == 2 && items(&v[4]) == 3 * items(&v[2])) {
        shared.records = v[0].shape[0];
        shared.width = v[0].shape[1];
        FREELY(trouble, shared_minima(&shared, v[2].buf, v[3].buf, items(&v[2]), v[4].buf));
    }
    return outcome(trouble);
}

ENTRY(shared_minima, {"of", 'u', 4, 0, 0}, {"counts", 'i', 8, 0, 0}, {"left", 'i', 8, 'p', 0},
      {"right", 'i', 8, 'p', 0}, {"out", 'i', 8, 0, 1})

static PyObject *run_adjust_pairs(const Py_buffer *v) {
    MetadataModel model = {0};
    const Py_buffer *in = v + SCORER_ARRAYS;
    const double *bounds = in[0].buf;
    RecordFacts facts = {in[1].buf, in[3].buf, in[4].buf, in[2].buf, items(&in[1])};
    SharedBuckets shared = {in[5].buf, in[6].buf, facts.count, 0, items(&in[6]) / 3};
    MetadataPairs pairs = {in[7].buf, in[8].buf, in[9].buf, items(&in[7])};
    Trouble trouble = BAD_ARRAY;
    if (scorer_of(v, &model.scorer) && items(&in[0]) == 2 && in[5].ndim == 2 &&
        in[5].shape[0] == facts.count && items(&in[4]) == 2 * facts.count) {
        shared.width = in[5].shape[1];
        model.most_objection = bounds[0];
        model.most_support = bounds[1];
        FREELY(trouble, adjust_pairs(&model, &facts, &shared, &pairs, in[10].buf));
    }
    return outcome(trouble);
}

ENTRY(adjust_pairs, SCORER, {"bounds", 'f', 8, 0, 0}, {"times", 'i', 8, 'r', 0},
      {"days_only", 'u', 1, 'r', 0}, {"outlets", 'i', 8, 'r', 0}, {"titles", 'i', 8, 0, 0},
      {"of", 'u', 4, 0, 0}, {"counts", 'i', 8, 0, 0}, {"left", 'i', 8, 'p', 0},
      {"right", 'i', 8, 'p', 0}, {"equal", 'u', 1, 'p', 0}, {"out", 'f', 8, 'p', 1})

PyMethodDef SCORE_METHODS[] = {METHOD(score), METHOD(features), METHOD(similarities), METHOD(score_candidates),
                               METHOD(log_odds), METHOD(count_stems),
                               METHOD(shared_minima), METHOD(adjust_pairs), NO_METHOD};
