/* Score pairs of records: the twin of dedupe/scoring/score.py. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scoring/pairs.h"

/* score.LEAST_PART, GENERIC_ODDS, and what score.further_odds goes by */
enum { LEAST_PART = 2, OF_PARTS = 5 };
static const double GENERIC_ODDS = -1.5, NEUTRAL_ODDS = -2.5, UNLIKE_SHARE = 0.3,
                    ALIKE_SHARE = 0.6, MOST_FIELD_OBJECTION = 1.0;

/* The weight of a word in the pre-filter. */
INLINE int64_t filter_weight(const Side *side, int at) {
    return (int64_t)side->tokens[at]->weight * zone_factor(side->tokens[at]);
}

/* score.is_promising, after find_meetings */
static int is_promising(const Side *left, const Side *right) {
    int64_t total = 0, met = 0;
    uint64_t met_right[MASKS] = {0};
    for (int i = 0; i < left->count; i++) {
        uint64_t any = 0;
        for (int m = 0; m < MASKS; m++) {
            any |= left->meets[i][m];
            met_right[m] |= left->meets[i][m];
        }
        total += filter_weight(left, i);
        met += any ? filter_weight(left, i) : 0;
    }
    for (int j = 0; j < right->count; j++) {
        total += filter_weight(right, j);
        met += met_right[j / 64] >> j % 64 & 1 ? filter_weight(right, j) : 0;
    }
    return OF_PARTS * met >= LEAST_PART * total;
}

/* The texts of two records in each field, and what has been found of them. */
typedef struct {
    Side left[MOST_FIELDS], right[MOST_FIELDS];
    int64_t held;
    int both[MOST_FIELDS];
} Desk;

static void reset(Side *side) {
    memset(side->match, 0, (size_t)side->count);
    memset(side->place, 0xFF, (size_t)side->count * sizeof *side->place);
}

/* Gather the texts of a record. */
static int take_record(const Scoring *scoring, int64_t record, Side *sides) {
    for (ptrdiff_t field = 0; field < scoring->fields; field++) {
        int32_t text = scoring->rows[field * scoring->records + record];
        sides[field].count = 0;
        if (text >= scoring->contents->texts) return 0;
        if (text >= 0 && !gather(scoring->contents, text, &sides[field], scoring->numbers == IGNORE))
            return 0;
    }
    return 1;
}

/* The field that leads: of those that both records have the first of the highest weight. */
static int leading_field(const Scoring *scoring, Desk *desk) {
    int lead = -1;
    for (int field = 0; field < (int)scoring->fields; field++) {
        desk->both[field] = desk->left[field].count && desk->right[field].count;
        if (desk->both[field] && (lead < 0 || scoring->weights[field] > scoring->weights[lead]))
            lead = field;
    }
    return lead;
}

static double field_odds(const Scoring *scoring, Desk *desk, int field, double *row) {
    Side *left = &desk->left[field], *right = &desk->right[field];
    reset(left);
    reset(right);
    align(left, right);
    fill_features(left, right, row);
    double odds = sum_trees(scoring->scorer, row);
    int generic = left->facts & right->facts & FACT_GENERIC;
    return generic && odds > GENERIC_ODDS ? GENERIC_ODDS : odds;
}

/* score.further_odds */
static double further_odds(double odds) {
    double unlike = UNLIKE_SHARE * (fmin(odds, 0) - NEUTRAL_ODDS);
    return fmax(unlike, -MOST_FIELD_OBJECTION) + ALIKE_SHARE * fmax(odds, 0);
}

/* score.combine of the fields of two records that are gathered. */
static double pair_odds(const Scoring *scoring, Desk *desk, int prune, double *features) {
    double rows[MOST_FIELDS][FEATURES], total = 0;
    int lead = leading_field(scoring, desk), promising = !prune;
    if (lead < 0) return -INFINITY;
    for (int field = 0; field < (int)scoring->fields; field++) {
        if (!desk->both[field]) continue;
        find_meetings(&desk->left[field], &desk->right[field]);
        promising |= is_promising(&desk->left[field], &desk->right[field]);
    }
    if (!promising) return -INFINITY;
    for (int field = 0; field < (int)scoring->fields; field++) {
        if (!desk->both[field]) continue;
        double *row = features ? features + field * FEATURES : rows[field];
        double odds = field_odds(scoring, desk, field, row);
        if (field == lead && scoring->numbers == STRICT && row[NUMBERS_MIN] > 0) return -INFINITY;
        double share = scoring->weights[field] / scoring->weights[lead];
        total += field == lead ? odds : share * further_odds(odds);
    }
    return total;
}

static int is_record(const Scoring *scoring, int64_t record) {
    return record >= 0 && record < scoring->records;
}

/* Whether the settings of a scoring can be worked with. */
static int is_sound(const Scoring *scoring) {
    if (!is_scorer(scoring->scorer, FEATURES)) return 0;
    if (scoring->fields < 1 || scoring->fields > MOST_FIELDS) return 0;
    for (ptrdiff_t field = 0; field < scoring->fields; field++)
        if (!(scoring->weights[field] > 0)) return 0;
    return 1;
}

Trouble score_pairs(const Scoring *scoring, const int64_t *left, const int64_t *right,
                    ptrdiff_t count, double *features, double *out) {
    if (!is_sound(scoring)) return BAD_ARRAY;
    Desk *desk = malloc(sizeof *desk);
    Trouble trouble = desk ? FINE : NO_MEMORY;
    for (ptrdiff_t i = 0; i < count && trouble == FINE; i++) {
        if (!is_record(scoring, left[i]) || !is_record(scoring, right[i]) ||
            !take_record(scoring, left[i], desk->left) ||
            !take_record(scoring, right[i], desk->right))
            trouble = BAD_ARRAY;
        else
            out[i] = pair_odds(scoring, desk, !features,
                               features ? features + i * scoring->fields * FEATURES : NULL);
    }
    free(desk);
    return trouble;
}

/* Ask memory for the tokens of a record that is scored soon. */
static void fetch_record(const Scoring *scoring, uint32_t record) {
    int32_t text = (ptrdiff_t)record < scoring->records ? scoring->rows[record] : -1;
    if (text < 0 || text >= scoring->contents->texts) return;
    const char *place = (const char *)(scoring->contents->tokens + scoring->contents->offsets[text]);
    FETCH(place);
    FETCH(place + 64);
    FETCH(place + 128);
}

static Trouble put_pair(Bytes *out, int64_t left, int64_t right, double odds) {
    Trouble trouble = grow(out, sizeof(ScoredPair));
    if (trouble != FINE) return trouble;
    ScoredPair pair = {(uint32_t)left, (uint32_t)right, odds};
    memcpy(out->data + out->size, &pair, sizeof pair);
    out->size += sizeof pair;
    return FINE;
}

Trouble score_candidates(const Scoring *scoring, const int64_t *starts, const uint32_t *partners,
                         ptrdiff_t partner_count, ptrdiff_t first, ptrdiff_t last, double least,
                         Bytes *out) {
    enum { AHEAD = 6 };
    if (!is_sound(scoring) || first < 0 || last > scoring->records) return BAD_ARRAY;
    Desk *desk = malloc(sizeof *desk);
    Trouble trouble = desk ? FINE : NO_MEMORY;
    for (ptrdiff_t record = first; record < last && trouble == FINE; record++) {
        int64_t start = starts[record], end = starts[record + 1];
        if (start < 0 || end < start || end > partner_count) trouble = BAD_ARRAY;
        if (trouble != FINE || start == end) continue;
        if (!take_record(scoring, record, desk->left)) trouble = BAD_ARRAY;
        for (int64_t i = start; i < end && trouble == FINE; i++) {
            if (i + AHEAD < end) fetch_record(scoring, partners[i + AHEAD]);
            if (!is_record(scoring, partners[i]) ||
                !take_record(scoring, partners[i], desk->right)) {
                trouble = BAD_ARRAY;
                break;
            }
            double odds = pair_odds(scoring, desk, 1, NULL);
            if (odds >= least) trouble = put_pair(out, record, partners[i], odds);
        }
    }
    free(desk);
    return trouble;
}
