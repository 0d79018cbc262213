/* The arrays of a call, by the buffer protocol. */

#ifndef DEDUPE_ARRAYS_H
#define DEDUPE_ARRAYS_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

enum { MOST_ARRAYS = 56 };

/* What one array must be. `type` is 'i' for signed, 'u' for unsigned or bool, 'f' for float, of
 * `size` bytes. Arrays of one letter in `like` have equally many items; the capital of a letter
 * is for one item more. Those that are written to have `out`. */
typedef struct {
    const char *name;
    char type;
    int size;
    char like;
    int out;
} Argument;

/* Hold the arrays of a call, run it, and let go of them; NULL with an exception set where one is
 * wrong, and then nothing is run. */
PyObject *with_arrays(PyObject *const *given, Py_ssize_t count, const Argument *wanted, int needed,
                      PyObject *(*run)(const Py_buffer *));

Py_ssize_t items(const Py_buffer *view);

/* The width of a two-dimensional array of so many rows, or -1 with an exception set. */
Py_ssize_t width_of(const Py_buffer *view, Py_ssize_t rows, const char *name);

/* An object with the buffer protocol that owns what take_room gave; it is freed on failure too. */
PyObject *as_room(void *start, size_t size);

#endif
