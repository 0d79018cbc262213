/* The Python face of the kernel: the module, its functions and their errors. */

#include "bindings/entries.h"

PyObject *outcome_of(Trouble trouble, const char *caller) {
    if (trouble == NO_MEMORY) return PyErr_NoMemory();
    if (trouble == FINE) Py_RETURN_NONE;
    return PyErr_Format(PyExc_ValueError, "%s: a number in an array is out of bounds or order",
                        caller + sizeof "run_" - 1);
}

int has_width(const Py_buffer *view, Py_ssize_t rows, Py_ssize_t wanted, const char *name) {
    Py_ssize_t width = width_of(view, rows, name);
    if (width >= 0 && width != wanted)
        PyErr_Format(PyExc_ValueError, "%s: not %zd columns", name, wanted);
    return width == wanted;
}

/* Choose the loops that this processor runs best, or those that any runs; tells which it is. */
static int choose_loops(int wide) {
#if HAVE_WIDE
    __builtin_cpu_init();
    wide = wide && __builtin_cpu_supports("avx2");
#else
    wide = 0;
#endif
    choose_minhash(wide);
    choose_scorer(wide);
    return wide;
}

static PyObject *enter_widen(PyObject *module, PyObject *wanted) {
    (void)module;
    int wide = PyObject_IsTrue(wanted);
    return wide < 0 ? NULL : PyBool_FromLong(choose_loops(wide));
}

static PyMethodDef METHODS[] = {{"widen", enter_widen, METH_O, NULL}, NO_METHOD};

static int prepare(PyObject *module) {
    PyMethodDef *const rooms[] = {TEXT_METHODS, BLOCKING_METHODS, SCORE_METHODS, MAPPED_METHODS};
    for (size_t i = 0; i < sizeof rooms / sizeof *rooms; i++)
        if (PyModule_AddFunctions(module, rooms[i]) < 0) return -1;
    choose_loops(1);
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
