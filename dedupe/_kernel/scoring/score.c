/* Score pairs of records: the twin of dedupe/scoring/score.py. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "scoring/pairs.h"

/* score.GENERIC_ODDS, and what score.further_odds goes by */
static const double GENERIC_ODDS = -1.5, NEUTRAL_ODDS = -2.5, UNLIKE_SHARE = 0.3,
                    ALIKE_SHARE = 0.6, MOST_FIELD_OBJECTION = 1.0;

/* The texts of two records in each field, and what has been found of them. */
typedef struct {
    Side left[MOST_FIELDS], right[MOST_FIELDS];
    WordTable tables[MOST_FIELDS];
    double rows[MOST_FIELDS][FEATURES];
    uint8_t leaves[MOST_FIELDS][MOST_TREES];
    int both[MOST_FIELDS], lead;
} Desk;

/* Pick the words of a record. */
static int take_record(const Scoring *scoring, int64_t record, Side *sides) {
    for (ptrdiff_t field = 0; field < scoring->fields; field++) {
        int32_t text = scoring->rows[field * scoring->records + record];
        sides[field].count = 0;
        if (text >= scoring->contents->texts) return 0;
        if (text >= 0 &&
            !pick_words(scoring->contents, text, &sides[field], scoring->numbers == IGNORE))
            return 0;
    }
    return 1;
}

/* Take the record that others are compared with. */
static int take_left(const Scoring *scoring, int64_t record, Desk *desk) {
    if (!take_record(scoring, record, desk->left)) return 0;
    for (ptrdiff_t field = 0; field < scoring->fields; field++) {
        if (!desk->left[field].count) continue;
        spread_words(&desk->left[field]);
        fill_table(&desk->tables[field], &desk->left[field]);
    }
    return 1;
}

/* Find the fields that both records have, and the one that leads: the first of the highest weight. */
static void choose_fields(const Scoring *scoring, Desk *desk) {
    desk->lead = -1;
    for (int field = 0; field < (int)scoring->fields; field++) {
        desk->both[field] = desk->left[field].count && desk->right[field].count;
        if (!desk->both[field]) continue;
        if (desk->lead < 0 || scoring->weights[field] > scoring->weights[desk->lead])
            desk->lead = field;
    }
}

/* Find the meetings of all fields; whether one of them is promising. */
static int is_promising(const Scoring *scoring, Desk *desk) {
    int promising = 0;
    for (int field = 0; field < (int)scoring->fields; field++)
        if (desk->both[field])
            promising |= find_meetings(&desk->tables[field], &desk->left[field], &desk->right[field]);
    return promising;
}

/* score.further_odds */
static double further_odds(double odds) {
    double unlike = UNLIKE_SHARE * (fmin(odds, 0) - NEUTRAL_ODDS);
    return fmax(unlike, -MOST_FIELD_OBJECTION) + ALIKE_SHARE * fmax(odds, 0);
}

/* score.combine of the leaves that are left. */
static double combine(const Scoring *scoring, const Desk *desk) {
    double total = 0;
    for (int field = 0; field < (int)scoring->fields; field++) {
        if (!desk->both[field]) continue;
        double odds = sum_leaves(scoring->scorer, desk->leaves[field]);
        int generic = desk->left[field].facts & desk->right[field].facts & FACT_GENERIC;
        if (generic && odds > GENERIC_ODDS) odds = GENERIC_ODDS;
        double share = scoring->weights[field] / scoring->weights[desk->lead];
        total += field == desk->lead ? odds : share * further_odds(odds);
    }
    return total;
}

/* Align the texts of a field whose meetings were found, and count what has a counterpart. */
static void count_words(Desk *desk, int field) {
    spread_words(&desk->right[field]);
    align(&desk->tables[field], &desk->left[field], &desk->right[field]);
    fill_counts(&desk->left[field], &desk->right[field], desk->rows[field]);
}

/* The log-odds of two records that are taken, or minus infinity where they are below `least`. With
 * `full` all features are found, whatever becomes of the pair. */
static double pair_odds(const Scoring *scoring, Desk *desk, int full, double least) {
    choose_fields(scoring, desk);
    if (desk->lead < 0 || (!is_promising(scoring, desk) && !full)) return -INFINITY;
    for (int field = 0; field < (int)scoring->fields; field++) {
        if (!desk->both[field]) continue;
        count_words(desk, field);
        all_leaves(scoring->scorer, desk->leaves[field]);
        rule_out(scoring->scorer, desk->rows[field], ~(uint32_t)LATE_FEATURES, desk->leaves[field]);
    }
    if (scoring->numbers == STRICT && desk->rows[desk->lead][NUMBERS_MIN] > 0 && !full)
        return -INFINITY;
    if (least > -INFINITY && combine(scoring, desk) < least) return -INFINITY;
    for (int field = 0; field < (int)scoring->fields; field++) {
        if (!desk->both[field]) continue;
        fill_late(&desk->left[field], &desk->right[field], desk->rows[field]);
        rule_out(scoring->scorer, desk->rows[field], LATE_FEATURES, desk->leaves[field]);
    }
    return combine(scoring, desk);
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

/* Write down the features of the fields that both records have. */
static void put_features(const Scoring *scoring, const Desk *desk, double *out) {
    for (ptrdiff_t field = 0; field < scoring->fields; field++)
        if (desk->both[field])
            memcpy(out + field * FEATURES, desk->rows[field], sizeof desk->rows[field]);
}

/* Take the records of pair `i`, where the one before it is on the desk. */
static Trouble take_pair(const Scoring *scoring, const int64_t *left, const int64_t *right,
                         ptrdiff_t i, Desk *desk) {
    int known = i && left[i] == left[i - 1];
    if (!is_record(scoring, left[i]) || !is_record(scoring, right[i])) return BAD_ARRAY;
    if (!known && !take_left(scoring, left[i], desk)) return BAD_ARRAY;
    return take_record(scoring, right[i], desk->right) ? FINE : BAD_ARRAY;
}

Trouble score_pairs(const Scoring *scoring, const int64_t *left, const int64_t *right,
                    ptrdiff_t count, double *features, double *out) {
    if (!is_sound(scoring)) return BAD_ARRAY;
    Desk *desk = malloc(sizeof *desk);
    Trouble trouble = desk ? FINE : NO_MEMORY;
    for (ptrdiff_t i = 0; i < count && trouble == FINE; i++) {
        trouble = take_pair(scoring, left, right, i, desk);
        if (trouble == FINE) out[i] = pair_odds(scoring, desk, features != NULL, -INFINITY);
        if (trouble == FINE && features)
            put_features(scoring, desk, features + i * scoring->fields * FEATURES);
    }
    free(desk);
    return trouble;
}

Trouble find_similarities(const Scoring *scoring, const int64_t *left, const int64_t *right,
                          ptrdiff_t count, double *out) {
    if (!is_sound(scoring)) return BAD_ARRAY;
    Desk *desk = malloc(sizeof *desk);
    Trouble trouble = desk ? FINE : NO_MEMORY;
    for (ptrdiff_t i = 0; i < count && trouble == FINE; i++, out += scoring->fields) {
        trouble = take_pair(scoring, left, right, i, desk);
        if (trouble != FINE) break;
        choose_fields(scoring, desk);
        is_promising(scoring, desk);
        for (int field = 0; field < (int)scoring->fields; field++) {
            if (!desk->both[field]) continue;
            count_words(desk, field);
            out[field] = desk->rows[field][DICE];
        }
    }
    free(desk);
    return trouble;
}

/* The text of a record in the first field that may be looked at soon, -1 for none. */
INLINE int32_t text_ahead(const Scoring *scoring, uint32_t record) {
    int32_t text = (ptrdiff_t)record < scoring->records ? scoring->rows[record] : -1;
    return text < scoring->contents->texts ? text : -1;
}

/* Ask memory for a text that is scored soon: first for where it is, then for its words. */
INLINE void fetch_place(const Scoring *scoring, uint32_t record) {
    int32_t text = text_ahead(scoring, record);
    if (text < 0) return;
    FETCH(scoring->contents->offsets + text);
    FETCH(scoring->contents->letter_offsets + text);
    FETCH(scoring->contents->facts + text);
}

INLINE void fetch_words(const Scoring *scoring, uint32_t record) {
    int32_t text = text_ahead(scoring, record);
    if (text < 0) return;
    const char *place = (const char *)(scoring->contents->tokens + scoring->contents->offsets[text]);
    FETCH(place);
    FETCH(place + 64);
    FETCH(place + 128);
    FETCH(scoring->contents->letters + scoring->contents->letter_offsets[text]);
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
    enum { WORDS_AHEAD = 6, PLACES_AHEAD = 16 };
    if (!is_sound(scoring) || first < 0 || last > scoring->records) return BAD_ARRAY;
    Desk *desk = malloc(sizeof *desk);
    Trouble trouble = desk ? FINE : NO_MEMORY;
    for (ptrdiff_t record = first; record < last && trouble == FINE; record++) {
        int64_t start = starts[record - first], end = starts[record - first + 1];
        if (start < 0 || end < start || end > partner_count) trouble = BAD_ARRAY;
        if (trouble != FINE || start == end) continue;
        if (!take_left(scoring, record, desk)) trouble = BAD_ARRAY;
        for (int64_t i = start; i < end && trouble == FINE; i++) {
            if (i + PLACES_AHEAD < partner_count) fetch_place(scoring, partners[i + PLACES_AHEAD]);
            if (i + WORDS_AHEAD < partner_count) fetch_words(scoring, partners[i + WORDS_AHEAD]);
            if (!is_record(scoring, partners[i]) ||
                !take_record(scoring, partners[i], desk->right)) {
                trouble = BAD_ARRAY;
                break;
            }
            double odds = pair_odds(scoring, desk, 0, least);
            if (odds >= least) trouble = put_pair(out, record, partners[i], odds);
        }
    }
    free(desk);
    return trouble;
}
