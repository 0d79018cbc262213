/* The Python face of the kernel: arrays in by the buffer protocol, checked, and the GIL let go.
 *
 * A wrong type, size or number in an array raises ValueError; the loops never see it. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdlib.h>
#include <string.h>

#include "kernel.h"

enum { MOST_ARRAYS = 16 };

/* One array of a call. `type` is 'i' for signed, 'u' for unsigned or bool, 'f' for float;
 * arrays of one letter in `like` must have equally many items. */
typedef struct {
    const char *name;
    char type;
    int size;
    char like;
    int writable;
} Argument;

typedef struct {
    Py_buffer views[MOST_ARRAYS];
    int count;
} Arrays;

static void release(Arrays *arrays) {
    while (arrays->count) PyBuffer_Release(&arrays->views[--arrays->count]);
}

static Py_ssize_t items(const Py_buffer *view) { return view->len / view->itemsize; }

static int has_type(const Py_buffer *view, const Argument *argument) {
    const char *letters = argument->type == 'i' ? "bhilq" : argument->type == 'u' ? "?BHILQ" : "fd";
    const char *format = view->format;
    return format && strlen(format) == 1 && strchr(letters, format[0]) &&
           view->itemsize == argument->size && (uintptr_t)view->buf % (size_t)argument->size == 0;
}

/* Whether array `at` is as long as the first one that must be equally long. */
static int has_length(const Arrays *arrays, const Argument *arguments, int at) {
    if (!arguments[at].like) return 1;
    int first = 0;
    while (arguments[first].like != arguments[at].like) first++;
    return items(&arrays->views[first]) == items(&arrays->views[at]);
}

/* Hold the arrays of a call; -1 with an exception set, and nothing held, where one is wrong. */
static int hold(PyObject *const *given, const Argument *arguments, int count, Arrays *arrays) {
    arrays->count = 0;
    for (int i = 0; i < count; i++) {
        int flags = PyBUF_ND | PyBUF_C_CONTIGUOUS | PyBUF_FORMAT;
        if (arguments[i].writable) flags |= PyBUF_WRITABLE;
        if (PyObject_GetBuffer(given[i], &arrays->views[i], flags) < 0) goto failed;
        arrays->count++;
        if (!has_type(&arrays->views[i], &arguments[i])) {
            PyErr_Format(PyExc_ValueError, "%s: not an aligned array of %c%d",
                         arguments[i].name, arguments[i].type, arguments[i].size);
            goto failed;
        }
        if (!has_length(arrays, arguments, i)) {
            PyErr_Format(PyExc_ValueError, "%s: a wrong number of items", arguments[i].name);
            goto failed;
        }
    }
    return 0;
failed:
    release(arrays);
    return -1;
}

static int expect(Py_ssize_t given, Py_ssize_t wanted) {
    if (given == wanted) return 1;
    PyErr_Format(PyExc_TypeError, "%zd arguments, not %zd", wanted, given);
    return 0;
}

/* The width of a two-dimensional array of so many rows, or -1 with an exception set. */
static Py_ssize_t width_of(const Py_buffer *view, Py_ssize_t rows, const char *name) {
    if (view->ndim == 2 && view->shape[0] == rows) return view->shape[1];
    PyErr_Format(PyExc_ValueError, "%s: not a matrix of %zd rows", name, rows);
    return -1;
}

/* None, or ValueError where a loop met a number that points outside of its arrays. */
static PyObject *outcome(ptrdiff_t bad, const char *what) {
    if (bad == ALL_GOOD) Py_RETURN_NONE;
    return PyErr_Format(PyExc_ValueError, "%s %zd points outside of its arrays", what, bad);
}

static const Argument FEATURE_ARGUMENTS[] = {
    {"ids", 'i', 4, 'w', 0},      {"zones", 'u', 1, 'w', 0},   {"starts", 'i', 8, 't', 0},
    {"stops", 'i', 8, 't', 0},    {"weights", 'i', 8, 'v', 0}, {"stems", 'i', 4, 'v', 0},
    {"concepts", 'i', 4, 'v', 0}, {"sides", 'i', 4, 'v', 0},   {"numbers", 'u', 1, 'v', 0},
    {"left", 'i', 8, 'p', 0},     {"right", 'i', 8, 'p', 0},   {"out", 'f', 8, 0, 1},
};

static PyObject *call_aligned_features(PyObject *module, PyObject *const *given, Py_ssize_t count) {
    (void)module;
    Arrays arrays;
    if (!expect(12, count) || hold(given, FEATURE_ARGUMENTS, 12, &arrays) < 0) return NULL;
    Py_buffer *v = arrays.views;
    Column column = {v[0].buf, v[1].buf, v[2].buf, v[3].buf, v[4].buf, v[5].buf, v[6].buf,
                     v[7].buf, v[8].buf, items(&v[0]), items(&v[2]), items(&v[4])};
    Py_ssize_t pairs = items(&v[9]), stride = width_of(&v[11], pairs, "out");
    PyObject *result = NULL;
    if (stride >= 0 && stride < ALIGNED_FEATURES) {
        PyErr_Format(PyExc_ValueError, "out: fewer than %d columns", ALIGNED_FEATURES);
    } else if (stride >= 0) {
        ptrdiff_t bad;
        Py_BEGIN_ALLOW_THREADS
        bad = aligned_features(&column, v[9].buf, v[10].buf, pairs, v[11].buf, stride);
        Py_END_ALLOW_THREADS
        result = outcome(bad, "pair");
    }
    release(&arrays);
    return result;
}

static const Argument MODEL_ARGUMENTS[] = {
    {"roots", 'i', 8, 0, 0},   {"features", 'i', 8, 'n', 0}, {"thresholds", 'f', 8, 'n', 0},
    {"yes", 'i', 8, 'n', 0},   {"no", 'i', 8, 'n', 0},       {"missing", 'u', 1, 'n', 0},
    {"values", 'f', 8, 'n', 0}, {"rows", 'f', 8, 0, 0},      {"out", 'f', 8, 0, 1},
};

static PyObject *run_model(const Forest *forest, const Py_buffer *rows, const Py_buffer *out) {
    Py_ssize_t count = items(out), columns = width_of(rows, count, "rows");
    if (columns < 0) return NULL;
    if (forest->nodes > INT32_MAX) return outcome(forest->nodes, "node");
    Node *nodes = malloc(forest_size(forest) + 1);
    if (!nodes) return PyErr_NoMemory();
    ptrdiff_t bad;
    Py_BEGIN_ALLOW_THREADS
    bad = pack_forest(forest, columns, nodes);
    if (bad == ALL_GOOD) log_odds(forest, nodes, rows->buf, count, columns, out->buf);
    Py_END_ALLOW_THREADS
    free(nodes);
    return outcome(bad, "node");
}

static PyObject *call_log_odds(PyObject *module, PyObject *const *given, Py_ssize_t count) {
    (void)module;
    Arrays arrays;
    if (!expect(11, count)) return NULL;
    double base = PyFloat_AsDouble(given[0]);
    if (base == -1 && PyErr_Occurred()) return NULL;
    long depth = PyLong_AsLong(given[1]);
    if (depth == -1 && PyErr_Occurred()) return NULL;
    if (hold(given + 2, MODEL_ARGUMENTS, 9, &arrays) < 0) return NULL;
    Py_buffer *v = arrays.views;
    Forest forest = {base, v[0].buf, v[1].buf, v[3].buf, v[4].buf, v[2].buf, v[6].buf, v[5].buf,
                     items(&v[0]), items(&v[1]), depth};
    PyObject *result = run_model(&forest, &v[7], &v[8]);
    release(&arrays);
    return result;
}

static PyMethodDef METHODS[] = {
    {"aligned_features", (PyCFunction)(void (*)(void))call_aligned_features, METH_FASTCALL, NULL},
    {"log_odds", (PyCFunction)(void (*)(void))call_log_odds, METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

static int prepare(PyObject *module) {
    (void)module;
#if HAVE_WIDE
    __builtin_cpu_init();
    choose_alignment(__builtin_cpu_supports("avx2"));
#endif
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
