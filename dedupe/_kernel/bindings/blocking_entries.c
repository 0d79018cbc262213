/* What groups records by keys, finds candidate pairs and connects them, as Python calls it. */

#include "bindings/entries.h"
#include "blocking/look_back.h"
#include "clustering/connect.h"

/* The members, starts and bucket of each key. */
static PyObject *run_group_keys(const Py_buffer *v) {
    RecordKeys keys = {.keys = v[0].buf};
    NewBuckets buckets;
    Trouble trouble = BAD_ARRAY;
    if (v[0].ndim == 2) {
        keys.records = v[0].shape[0];
        keys.width = v[0].shape[1];
        FREELY(trouble, group_keys(&keys, &buckets));
    }
    if (trouble != FINE) {
        if (v[0].ndim == 2) free_buckets(&buckets);
        return outcome(trouble);
    }
    size_t keys_size = (size_t)(keys.records * keys.width) * sizeof(uint32_t);
    PyObject *members = as_room(buckets.members, (size_t)buckets.member_count * sizeof(uint32_t));
    PyObject *starts = as_room(buckets.starts, (size_t)(buckets.count + 1) * sizeof(int64_t));
    PyObject *of = as_room(buckets.of, keys_size), *result = NULL;
    if (members && starts && of) result = PyTuple_Pack(3, members, starts, of);
    Py_XDECREF(members);
    Py_XDECREF(starts);
    Py_XDECREF(of);
    return result;
}

ENTRY(group_keys, {"keys", 'u', 4, 0, 0})

enum { KINDS = 2, BUCKET_ARRAYS = 2 };

static PyObject *run_find_candidates(const Py_buffer *v) {
    Buckets buckets[KINDS];
    LookBack looks[KINDS];
    const Py_buffer *rest = v + KINDS * BUCKET_ARRAYS;
    const int64_t *limits = rest[3].buf;
    Candidates out = {NULL, rest[4].buf};
    Trouble trouble = BAD_ARRAY;
    for (int kind = 0; kind < KINDS; kind++) {
        const Py_buffer *own = v + kind * BUCKET_ARRAYS;
        buckets[kind] = (Buckets){own[0].buf, own[1].buf, items(&own[1]) - 1, items(&own[0])};
        looks[kind] = (LookBack){.in_play = rest[0].buf, .before = rest[1].buf, .times = rest[2].buf,
                                 .records = items(&rest[0])};
    }
    if (items(&rest[3]) == 3 * KINDS) {
        for (int kind = 0; kind < KINDS; kind++) {
            looks[kind].window = limits[3 * kind];
            looks[kind].reach = limits[3 * kind + 1];
            looks[kind].undated_reach = limits[3 * kind + 2];
        }
        FREELY(trouble, find_candidates(buckets, looks, KINDS, &out));
    }
    if (trouble == FINE)
        return as_room(out.partners, (size_t)out.starts[looks[0].records] * sizeof(uint32_t));
    free_room(out.partners);
    return outcome(trouble);
}

ENTRY(find_candidates, {"rare_members", 'u', 4, 0, 0}, {"rare_starts", 'i', 8, 0, 0},
      {"band_members", 'u', 4, 0, 0}, {"band_starts", 'i', 8, 0, 0}, {"in_play", 'u', 1, 'a', 0},
      {"before", 'u', 1, 'a', 0}, {"times", 'i', 8, 'a', 0}, {"limits", 'i', 8, 0, 0}, {"starts", 'i', 8, 'A', 1})

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

PyMethodDef BLOCKING_METHODS[] = {METHOD(group_keys), METHOD(find_candidates),
                                  METHOD(number_pairs), METHOD(connect), NO_METHOD};
