/* Numpy's large arrays in files: where a run takes more memory than it may, the same code runs over
 * mapped files, which the system writes out and reads back. The files have no names. */

#define _GNU_SOURCE
#include "bindings/entries.h"

#include <stdlib.h>
#include <string.h>

#ifndef _WIN32

#include <errno.h>
#include <fcntl.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LONGEST_PATH = 4096, SET_HANDLER = 304, PAGE = 4096 };

typedef struct {
    void *start;
    size_t size;
} Map;

static struct {
    pthread_mutex_t lock;
    Map *maps;
    size_t count, room, least;
    char folder[LONGEST_PATH];
    int trouble; /* what the system said when a file could not be made, else 0 */
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int open_unnamed(void) {
#ifdef O_TMPFILE
    int made = open(state.folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (made >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT)) return made;
#endif
    char path[LONGEST_PATH + 32];
    snprintf(path, sizeof path, "%s/dedupe-XXXXXX", state.folder);
    int file = mkstemp(path);
    if (file >= 0) unlink(path);
    return file;
}

/* Give a file its size, with room on the disk for all of it: a page without room ends a process. */
static int reserve(int file, size_t size) {
#ifdef __linux__
    int trouble = EINTR;
    while (trouble == EINTR) trouble = posix_fallocate(file, 0, (off_t)size);
    return trouble;
#else
    return ftruncate(file, (off_t)size) ? errno : 0;
#endif
}

static int remember(void *start, size_t size) {
    pthread_mutex_lock(&state.lock);
    if (state.count == state.room) {
        Map *maps = realloc(state.maps, (2 * state.room + 64) * sizeof *maps);
        if (maps) {
            state.maps = maps;
            state.room = 2 * state.room + 64;
        }
    }
    int fits = state.count < state.room;
    if (fits) state.maps[state.count++] = (Map){start, size};
    pthread_mutex_unlock(&state.lock);
    return fits;
}

/* The size of a mapped array, 0 for any other; with `forget` it is no longer one. */
static size_t size_of(void *start, int forget) {
    size_t size = 0;
    if ((uintptr_t)start % PAGE) return 0;
    pthread_mutex_lock(&state.lock);
    for (size_t i = state.count; i-- && !size;)
        if (state.maps[i].start == start) {
            size = state.maps[i].size;
            if (forget) state.maps[i] = state.maps[--state.count];
        }
    pthread_mutex_unlock(&state.lock);
    return size;
}

static void *map_file(size_t size) {
    int file = open_unnamed();
    int trouble = file < 0 ? errno : reserve(file, size);
    void *start = MAP_FAILED;
    if (!trouble) {
        start = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (start == MAP_FAILED) trouble = errno;
    }
    if (file >= 0) close(file);
    if (start != MAP_FAILED && remember(start, size)) return start;
    if (start != MAP_FAILED) munmap(start, size);
    state.trouble = trouble ? trouble : ENOMEM;
    return NULL;
}

static int is_large(size_t size) { return state.folder[0] && size >= state.least; }

static void *take(void *context, size_t size) {
    (void)context;
    return is_large(size) ? map_file(size) : malloc(size);
}

static void *take_clear(void *context, size_t count, size_t size) {
    (void)context;
    int fits = !size || count <= SIZE_MAX / size;
    return fits && is_large(count * size) ? map_file(count * size) : calloc(count, size);
}

static void let_go(void *context, void *start, size_t size) {
    (void)context, (void)size;
    size_t mapped = size_of(start, 1);
    if (mapped)
        munmap(start, mapped);
    else
        free(start);
}

static void *change_size(void *context, void *start, size_t size) {
    size_t mapped = size_of(start, 0);
    if (!mapped) return realloc(start, size);
    void *other = take(context, size);
    if (other) {
        memcpy(other, start, mapped < size ? mapped : size);
        let_go(context, start, mapped);
    }
    return other;
}

/* PyDataMem_Handler of numpy, NEP 49. */
static struct {
    char name[127];
    uint8_t version;
    void *context;
    void *(*take)(void *, size_t);
    void *(*take_clear)(void *, size_t, size_t);
    void *(*change_size)(void *, void *, size_t);
    void (*let_go)(void *, void *, size_t);
} handler = {"dedupe_mapped", 1, NULL, take, take_clear, change_size, let_go};

/* Have numpy take arrays from here, or again from where it did. */
static PyObject *set_handler(int own) {
    PyObject *numpy = PyImport_ImportModule("numpy._core._multiarray_umath");
    if (!numpy) {
        PyErr_Clear();
        numpy = PyImport_ImportModule("numpy.core._multiarray_umath");
    }
    PyObject *api = numpy ? PyObject_GetAttrString(numpy, "_ARRAY_API") : NULL;
    void **functions = api ? PyCapsule_GetPointer(api, NULL) : NULL;
    PyObject *capsule = functions && own ? PyCapsule_New(&handler, "mem_handler", NULL) : NULL;
    PyObject *before = NULL;
    if (functions && (capsule || !own)) {
        PyObject *(*set)(PyObject *);
        memcpy(&set, &functions[SET_HANDLER], sizeof set);
        before = set(capsule);
    }
    Py_XDECREF(capsule);
    Py_XDECREF(api);
    Py_XDECREF(numpy);
    if (!before) return NULL;
    Py_DECREF(before);
    Py_RETURN_NONE;
}

static PyObject *enter_map_arrays(PyObject *module, PyObject *arguments) {
    const char *folder;
    Py_ssize_t least;
    (void)module;
    if (!PyArg_ParseTuple(arguments, "sn", &folder, &least)) return NULL;
    if (strlen(folder) >= LONGEST_PATH) return PyErr_Format(PyExc_ValueError, "a path is too long");
    strcpy(state.folder, folder);
    state.least = least > 0 ? (size_t)least : 1;
    state.trouble = 0;
    return set_handler(folder[0] != 0);
}

static PyObject *enter_release_pages(PyObject *module, PyObject *nothing) {
    (void)module, (void)nothing;
    Py_BEGIN_ALLOW_THREADS
    pthread_mutex_lock(&state.lock);
    for (size_t i = 0; i < state.count; i++)
        madvise(state.maps[i].start, state.maps[i].size, MADV_DONTNEED);
    pthread_mutex_unlock(&state.lock);
#ifdef __GLIBC__
    malloc_trim(0); /* the C library keeps what was freed */
#endif
    Py_END_ALLOW_THREADS
    Py_RETURN_NONE;
}

static PyObject *enter_mapping_trouble(PyObject *module, PyObject *nothing) {
    (void)module, (void)nothing;
    return PyUnicode_FromString(state.trouble ? strerror(state.trouble) : "");
}

static PyObject *enter_trim_heap(PyObject *module, PyObject *nothing) {
    (void)module;
    (void)nothing;
#ifdef __GLIBC__
    Py_BEGIN_ALLOW_THREADS
    malloc_trim(0);
    Py_END_ALLOW_THREADS
#endif
    Py_RETURN_NONE;
}

PyMethodDef MAPPED_METHODS[] = {
    {"map_arrays", enter_map_arrays, METH_VARARGS, NULL},
    {"release_pages", enter_release_pages, METH_NOARGS, NULL},
    {"mapping_trouble", enter_mapping_trouble, METH_NOARGS, NULL},
    {"trim_heap", enter_trim_heap, METH_NOARGS, NULL},
    NO_METHOD,
};

void *take_room(size_t size) { return take(NULL, size); }

void *take_zeros(size_t count, size_t size) { return take_clear(NULL, count, size); }

void *change_room(void *start, size_t used, size_t size) {
    if (!is_large(size)) return change_size(NULL, start, size);
    void *other = map_file(size);
    if (other && start) {
        memcpy(other, start, used);
        free_room(start);
    }
    return other;
}

void free_room(void *start) { let_go(NULL, start, 0); }

#else

/* Arrays stay in memory here. */
static PyObject *enter_nothing(PyObject *module, PyObject *given) {
    (void)module;
    (void)given;
    Py_RETURN_NONE;
}

static PyObject *enter_no_trouble(PyObject *module, PyObject *nothing) {
    (void)module;
    (void)nothing;
    return PyUnicode_FromString("");
}

PyMethodDef MAPPED_METHODS[] = {
    {"map_arrays", enter_nothing, METH_VARARGS, NULL},
    {"release_pages", enter_nothing, METH_NOARGS, NULL},
    {"mapping_trouble", enter_no_trouble, METH_NOARGS, NULL},
    {"trim_heap", enter_nothing, METH_NOARGS, NULL},
    NO_METHOD,
};

void *take_room(size_t size) { return malloc(size); }

void *take_zeros(size_t count, size_t size) { return calloc(count, size); }

void *change_room(void *start, size_t used, size_t size) {
    (void)used;
    return realloc(start, size);
}

void free_room(void *start) { free(start); }

#endif

typedef struct {
    PyObject_HEAD
    void *start;
    Py_ssize_t size;
} Room;

static int view_room(PyObject *self, Py_buffer *view, int flags) {
    Room *room = (Room *)self;
    return PyBuffer_FillInfo(view, self, room->start, room->size, 0, flags);
}

static void drop_room(PyObject *self) {
    PyTypeObject *type = Py_TYPE(self);
    free_room(((Room *)self)->start);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyType_Slot ROOM_SLOTS[] = {
    {Py_bf_getbuffer, (void *)view_room}, {Py_tp_dealloc, (void *)drop_room}, {0, NULL}};

static PyType_Spec ROOM = {"dedupe._native.Room", sizeof(Room), 0,
                           Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, ROOM_SLOTS};

PyObject *as_room(void *start, size_t size) {
    static PyObject *type;
    if (!type) type = PyType_FromSpec(&ROOM);
    Room *room = type ? PyObject_New(Room, (PyTypeObject *)type) : NULL;
    if (!room) {
        free_room(start);
        return NULL;
    }
    room->start = start;
    room->size = (Py_ssize_t)size;
    return (PyObject *)room;
}
