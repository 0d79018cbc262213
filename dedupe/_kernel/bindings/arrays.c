/* The arrays of a call, checked: a wrong one raises ValueError before any loop sees it. */

#include "bindings/arrays.h"

#include <ctype.h>
#include <string.h>

typedef struct {
    Py_buffer views[MOST_ARRAYS];
    int count;
} Arrays;

static void release(Arrays *arrays) {
    while (arrays->count) PyBuffer_Release(&arrays->views[--arrays->count]);
}

Py_ssize_t items(const Py_buffer *view) { return view->len / view->itemsize; }

static int has_type(const Py_buffer *view, const Argument *wanted) {
    const char *letters = wanted->type == 'i' ? "bhilq" : wanted->type == 'u' ? "?BHILQ" : "fd";
    const char *format = view->format;
    return format && strlen(format) == 1 && strchr(letters, format[0]) &&
           view->itemsize == wanted->size && (uintptr_t)view->buf % (size_t)wanted->size == 0;
}

static Py_ssize_t common_size(const Py_buffer *view, char like) {
    return items(view) - (isupper((unsigned char)like) ? 1 : 0);
}

/* Whether array `at` is as long as the first one of its letter, and of a size that can be. */
static int has_size(const Arrays *arrays, const Argument *wanted, int at) {
    int first = 0, like = tolower((unsigned char)wanted[at].like);
    if (!like) return 1;
    while (tolower((unsigned char)wanted[first].like) != like) first++;
    Py_ssize_t size = common_size(&arrays->views[at], wanted[at].like);
    return size >= 0 && size == common_size(&arrays->views[first], wanted[first].like);
}

static int take(PyObject *given, const Argument *wanted, int at, Arrays *arrays) {
    int flags =
        PyBUF_ND | PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (wanted[at].out ? PyBUF_WRITABLE : 0);
    const char *name = wanted[at].name;
    if (PyObject_GetBuffer(given, &arrays->views[at], flags) < 0) return 0;
    arrays->count++;
    if (!has_type(&arrays->views[at], &wanted[at])) {
        PyErr_Format(PyExc_ValueError, "%s: not an aligned array of %c%d", name, wanted[at].type,
                     wanted[at].size);
        return 0;
    }
    if (!has_size(arrays, wanted, at)) {
        PyErr_Format(PyExc_ValueError, "%s: a wrong number of items", name);
        return 0;
    }
    return 1;
}

PyObject *with_arrays(PyObject *const *given, Py_ssize_t count, const Argument *wanted, int needed,
                      PyObject *(*run)(const Py_buffer *)) {
    Arrays arrays = {.count = 0};
    PyObject *result = NULL;
    int good = count == needed && needed <= MOST_ARRAYS;
    if (!good) PyErr_Format(PyExc_TypeError, "%d arrays are needed, not %zd", needed, count);
    for (int at = 0; good && at < needed; at++) good = take(given[at], wanted, at, &arrays);
    if (good) result = run(arrays.views);
    release(&arrays);
    return result;
}

Py_ssize_t width_of(const Py_buffer *view, Py_ssize_t rows, const char *name) {
    if (view->ndim == 2 && view->shape[0] == rows) return view->shape[1];
    PyErr_Format(PyExc_ValueError, "%s: not a matrix of %zd rows", name, rows);
    return -1;
}
