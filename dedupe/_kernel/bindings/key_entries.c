/* What rows up, groups and counts hashes and words, as Python calls it. */

#include "blocking/lsh.h"
#include "bindings/entries.h"
#include "index/postings.h"

static PyObject *run_first_seen(const Py_buffer *v) {
    Spans words = {v[1].buf, v[2].buf, items(&v[0])};
    ptrdiff_t found;
    Trouble trouble;
    FREELY(trouble, first_seen(v[0].buf, &words, v[3].buf, items(&v[3]), v[4].buf, &found));
    return trouble == FINE ? PyLong_FromSsize_t(found) : outcome(trouble);
}

ENTRY(first_seen, {"hashes", 'u', 8, 't', 0}, {"starts", 'i', 8, 't', 0}, {"ends", 'i', 8, 't', 0},
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

static PyObject *run_find_postings(const Py_buffer *v) {
    Parts parts = {v[0].buf, v[1].buf, items(&v[0]), items(&v[1]) - 1};
    WantedKeys wanted_count = {v[2].buf, v[4].buf, v[3].buf, items(&v[3])};
    Trouble trouble;
    if (parts.count < 0) return outcome(BAD_ARRAY);
    FREELY(trouble, find_postings(&parts, &wanted_count, v[5].buf, v[6].buf));
    return outcome(trouble);
}

ENTRY(find_postings, {"data", 'u', 4, 0, 0}, {"bounds", 'i', 8, 0, 0}, {"parts", 'i', 8, 'k', 0},
      {"keys", 'u', 4, 'k', 0}, {"bits", 'i', 8, 'k', 0}, {"firsts", 'i', 8, 'k', 1},
      {"sizes", 'i', 8, 'k', 1})

static PyObject *run_take_postings(const Py_buffer *v) {
    const int64_t *limits = v[6].buf;
    if (items(&v[6]) != 2) return outcome(BAD_ARRAY);
    Entries entries = {v[0].buf, v[1].buf, v[2].buf, v[3].buf, v[4].buf, v[5].buf,
                       items(&v[0]), items(&v[1]), limits[0], limits[1]};
    Trouble trouble;
    FREELY(trouble, take_postings(&entries, v[7].buf, v[8].buf, items(&v[7])));
    return outcome(trouble);
}

ENTRY(take_postings, {"data", 'u', 4, 0, 0}, {"firsts", 'i', 8, 'k', 0}, {"sizes", 'i', 8, 'k', 0},
      {"numbers", 'i', 8, 'k', 0}, {"bits", 'i', 8, 'k', 0}, {"rows", 'i', 8, 'k', 0},
      {"limits", 'i', 8, 0, 0}, {"out_numbers", 'i', 8, 'r', 1}, {"out_rows", 'i', 8, 'r', 1})

static PyObject *run_merge_postings(const Py_buffer *v) {
    Parts parts = {v[0].buf, v[1].buf, items(&v[0]), items(&v[1]) - 1};
    Sources sources = {v[2].buf, v[3].buf, v[4].buf, items(&v[2])};
    const int64_t *bits = v[5].buf;
    if (parts.count < 0 || items(&v[5]) != 1 || *bits < 0 || *bits > 32 || items(&v[7]) < 1)
        return outcome(BAD_ARRAY);
    NewParts out = {v[6].buf, v[7].buf, items(&v[6]), items(&v[7]) - 1, 0, (int)*bits};
    Trouble trouble;
    FREELY(trouble, merge_postings(&parts, &sources, &out));
    return trouble == FINE ? PyLong_FromSsize_t(out.used) : outcome(trouble);
}

ENTRY(merge_postings, {"data", 'u', 4, 0, 0}, {"bounds", 'i', 8, 0, 0}, {"parts", 'i', 8, 's', 0},
      {"bits", 'i', 8, 's', 0}, {"offsets", 'i', 8, 's', 0}, {"into", 'i', 8, 0, 0},
      {"out", 'u', 4, 0, 1}, {"out_bounds", 'i', 8, 0, 1})

static PyObject *run_group_keys(const Py_buffer *v) {
    Py_ssize_t height = v[0].ndim ? v[0].shape[0] : 0, width = width_of(&v[0], height, "keys");
    if (width < 0) return NULL;
    const uint64_t *part = v[3].buf;
    if (items(&v[3]) != 2) return outcome(BAD_ARRAY);
    BlockingTable table = {v[0].buf, height,       width,   v[1].buf,
                           v[2].buf, items(&v[1]), part[0], part[1]};
    if (items(&v[6]) != items(&v[5])) return outcome(BAD_ARRAY);
    Buckets out = {v[4].buf, v[5].buf, v[6].buf, items(&v[4]), items(&v[5]), 0};
    Trouble trouble;
    FREELY(trouble, group_keys(&table, &out));
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
    WordColumn held = {v[0].buf, v[1].buf, items(&v[0]) - 1, items(&v[1])};
    Trouble trouble;
    FREELY(trouble, count_words(&held, v[2].buf, v[3].buf, items(&v[3])));
    return outcome(trouble);
}

ENTRY(count_words, {"ends", 'i', 8, 'T', 0}, {"words", 'i', 4, 0, 0}, {"counted", 'u', 1, 't', 0},
      {"out", 'i', 8, 0, 1})

PyMethodDef KEY_METHODS[] = {
    METHOD(first_seen), METHOD(find_hashes), METHOD(find_sorted), METHOD(find_postings),
    METHOD(take_postings), METHOD(merge_postings), METHOD(group_keys), METHOD(pair_members),
    METHOD(count_words), NO_METHOD,
};
