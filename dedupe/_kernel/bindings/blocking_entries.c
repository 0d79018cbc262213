/* What groups records by keys, finds candidate pairs and connects them, as Python calls it. */

#include "bindings/entries.h"
#include "blocking/look_back.h"
#include "clustering/connect.h"

static int is_matrix_of(const Py_buffer *view, Py_ssize_t rows) {
    return view->ndim == 2 && view->shape[0] == rows;
}

/* A tuple of objects that are given up; NULL where one is. */
static PyObject *as_tuple(PyObject **parts, Py_ssize_t count) {
    PyObject *result = PyTuple_New(count);
    for (Py_ssize_t i = 0; i < count; i++) {
        if (!parts[i]) Py_CLEAR(result);
        if (result) PyTuple_SetItem(result, i, parts[i]);
        else Py_XDECREF(parts[i]);
    }
    return result;
}

/* The chains, and unless no more is wanted the members, the starts and the bucket of each key. */
static PyObject *run_group_keys(const Py_buffer *v) {
    RecordKeys keys = {.keys = v[0].buf, .rows = v[1].buf, .salts = v[2].buf};
    NewBuckets found = {0};
    Trouble trouble = BAD_ARRAY;
    if (v[0].ndim == 2 && is_matrix_of(&v[1], items(&v[2])) && items(&v[3]) == 1) {
        keys.texts = v[0].shape[0];
        keys.text_width = v[0].shape[1];
        keys.fields = v[1].shape[0];
        keys.records = v[1].shape[1];
        keys.width = keys.fields * keys.text_width;
        FREELY(trouble, group_keys(&keys, *(const uint8_t *)v[3].buf, &found));
    }
    if (trouble != FINE) {
        free_buckets(&found);
        return outcome(trouble);
    }
    size_t places = (size_t)(keys.records * keys.width) * sizeof(uint32_t);
    PyObject *parts[4] = {as_room(found.previous, places)};
    if (!found.of) return as_tuple(parts, 1);
    parts[1] = as_room(found.members, (size_t)found.member_count * sizeof(uint32_t));
    parts[2] = as_room(found.starts, (size_t)(found.count + 1) * sizeof(int64_t));
    parts[3] = as_room(found.of, places);
    return as_tuple(parts, 4);
}

ENTRY(group_keys, {"keys", 'u', 4, 0, 0}, {"rows", 'i', 4, 0, 0}, {"salts", 'u', 4, 0, 0},
      {"chains_only", 'u', 1, 0, 0})

enum { KINDS = 2, CHAIN_ARRAYS = 3 };

/* The chains of one kind of keys for so many records; 0 where the arrays do not fit. */
static int chains_of(const Py_buffer *v, Py_ssize_t records, Chains *out) {
    const int64_t *limits = v[2].buf;
    if (!is_matrix_of(&v[0], records) || items(&v[2]) != 3) return 0;
    if (items(&v[1]) < (items(&v[0]) + 7) / 8) return 0;
    *out = (Chains){v[0].buf, v[1].buf, v[0].shape[1], limits[0], limits[1], limits[2]};
    return 1;
}

/* The partners; the starts are written. */
static PyObject *run_find_candidates(const Py_buffer *v) {
    Chains chains[KINDS];
    const Py_buffer *rest = v + KINDS * CHAIN_ARRAYS;
    const int64_t *range = rest[3].buf;
    Playing playing = {rest[0].buf, rest[1].buf, rest[2].buf, items(&rest[0])};
    Candidates out = {.starts = rest[4].buf};
    Trouble trouble = BAD_ARRAY;
    int sound = items(&rest[3]) == 2 && items(&rest[4]) == range[1] - range[0] + 1;
    for (int kind = 0; kind < KINDS; kind++)
        sound = sound && chains_of(v + kind * CHAIN_ARRAYS, playing.records, &chains[kind]);
    if (sound)
        FREELY(trouble, find_candidates(chains, KINDS, &playing, range[0], range[1], &out));
    if (trouble == FINE) return as_room(out.partners, out.size * sizeof(uint32_t));
    free_room(out.partners);
    return outcome(trouble);
}

#define CHAINS(kind) \
    {kind "_previous", 'u', 4, 0, 0}, {kind "_changed", 'u', 1, 0, 0}, {kind "_limits", 'i', 8, 0, 0}

ENTRY(find_candidates, CHAINS("rare"), CHAINS("band"), {"in_play", 'u', 1, 'p', 0},
      {"before", 'u', 1, 'p', 0}, {"times", 'i', 8, 'p', 0}, {"range", 'i', 8, 0, 0},
      {"starts", 'i', 8, 0, 1})

static PyObject *run_mark_changed(const Py_buffer *v) {
    Trouble trouble = BAD_ARRAY;
    Py_ssize_t records = items(&v[1]);
    if (is_matrix_of(&v[0], records) && items(&v[2]) >= (items(&v[0]) + 7) / 8)
        FREELY(trouble, mark_changed(v[0].buf, records, v[0].shape[1], v[1].buf, v[2].buf));
    return outcome(trouble);
}

ENTRY(mark_changed, {"previous", 'u', 4, 0, 0}, {"changed", 'u', 1, 0, 0}, {"out", 'u', 1, 0, 1})

static PyObject *run_number_pairs(const Py_buffer *v) {
    ptrdiff_t numbers;
    Trouble trouble = BAD_ARRAY;
    if (items(&v[0]) == 2 * items(&v[1]))
        FREELY(trouble, number_pairs(v[0].buf, items(&v[1]), v[1].buf, &numbers));
    return trouble == FINE ? PyLong_FromSsize_t(numbers) : outcome(trouble);
}

ENTRY(number_pairs, {"pairs", 'u', 8, 0, 0}, {"out", 'i', 8, 0, 1})

static PyObject *run_connect(const Py_buffer *v) {
    Trouble trouble;
    FREELY(trouble, connect(v[0].buf, v[1].buf, items(&v[0]), v[2].buf, items(&v[2])));
    return outcome(trouble);
}

ENTRY(connect, {"left", 'i', 8, 'p', 0}, {"right", 'i', 8, 'p', 0}, {"labels", 'i', 8, 0, 1})

static PyObject *run_lead(const Py_buffer *v) {
    ScoredEdges edges = {v[1].buf, v[2].buf, v[3].buf, items(&v[1])};
    Trouble trouble;
    FREELY(trouble, lead(&edges, v[0].buf, v[4].buf, items(&v[0]), v[5].buf));
    return outcome(trouble);
}

ENTRY(lead, {"ranks", 'i', 8, 'n', 0}, {"left", 'i', 8, 'p', 0}, {"right", 'i', 8, 'p', 0},
      {"scores", 'f', 8, 'p', 0}, {"pinned", 'u', 1, 'n', 0}, {"leaders", 'i', 8, 'n', 1})

PyMethodDef BLOCKING_METHODS[] = {METHOD(group_keys),   METHOD(find_candidates),
                                  METHOD(mark_changed), METHOD(number_pairs),
                                  METHOD(connect),      METHOD(lead),
                                  NO_METHOD};
