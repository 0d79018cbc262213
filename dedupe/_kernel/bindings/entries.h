/* How a function of the kernel is entered from Python: arrays in, the GIL let go, arrays filled. */

#ifndef DEDUPE_ENTRIES_H
#define DEDUPE_ENTRIES_H

#include "bindings/arrays.h"
#include "kernel.h"

/* Evaluate without the GIL. */
#define FREELY(result, expression) \
    do { \
        Py_BEGIN_ALLOW_THREADS \
        result = expression; \
        Py_END_ALLOW_THREADS \
    } while (0)

/* A Python function of the arrays that follow its name. */
#define ENTRY(name, ...) \
    static PyObject *enter_##name(PyObject *module, PyObject *const *given, Py_ssize_t count) { \
        static const Argument wanted[] = {__VA_ARGS__}; \
        (void)module; \
        return with_arrays(given, count, wanted, sizeof wanted / sizeof *wanted, run_##name); \
    }

#define METHOD(name) {#name, (PyCFunction)(void (*)(void))enter_##name, METH_FASTCALL, NULL}
#define NO_METHOD {NULL, NULL, 0, NULL}

/* None, or the exception for what went wrong in a loop; `caller` is run_ and its name. */
PyObject *outcome_of(Trouble trouble, const char *caller);

#define outcome(trouble) outcome_of(trouble, __func__)

/* Whether a matrix has so many columns; an exception is set where not. */
int has_width(const Py_buffer *view, Py_ssize_t rows, Py_ssize_t wanted, const char *name);

extern PyMethodDef TEXT_METHODS[], BLOCKING_METHODS[], SCORE_METHODS[], MAPPED_METHODS[];

#endif
