/* What looks up, groups and counts hashes and words, as Python calls it. */

#include "candidates.h"
#include "entries.h"

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

static PyObject *run_count_words(const Py_buffer *v) {
    Holdings held = {v[0].buf, v[1].buf, items(&v[0]) - 1, items(&v[1])};
    Trouble trouble;
    FREELY(trouble, count_words(&held, v[2].buf, v[3].buf, items(&v[3])));
    return outcome(trouble);
}

ENTRY(count_words, {"ends", 'i', 8, 'T', 0}, {"words", 'i', 4, 0, 0}, {"counted", 'u', 1, 't', 0},
      {"out", 'i', 8, 0, 1})

PyMethodDef KEY_METHODS[] = {
    METHOD(first_seen), METHOD(find_hashes), METHOD(find_sorted), METHOD(find_within),
    METHOD(group_keys), METHOD(pair_members), METHOD(count_words), NO_METHOD,
};
