/* Arrays of NumPy, without its headers.  The memory of large ones is kept for the next, when nobody sees it any
   more: what is new from the system is cleared by it, page after page, which takes as long as many a
   computation of the numbers that come to lie there. */

#ifndef AUTOGRAD_ARRAYS_H
#define AUTOGRAD_ARRAYS_H

#include "node.h"

#if defined(__linux__)
#include <sys/mman.h>
#endif

static PyObject *numpy_empty;
static PyTypeObject *ndarray_type;

/* NumPy is met only where there is machine code to call with its arrays. */
static int require_numpy(void)
{
    if (numpy_empty != NULL)
        return 0;
    PyObject *numpy = PyImport_ImportModule("numpy");
    PyObject *array = numpy == NULL ? NULL : PyObject_GetAttrString(numpy, "ndarray");
    PyObject *empty = array == NULL ? NULL : PyObject_GetAttrString(numpy, "empty");
    Py_XDECREF(numpy);
    if (empty == NULL || !PyType_Check(array)) {
        Py_XDECREF(array);
        Py_XDECREF(empty);
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError, "numpy.ndarray is no class");
        return -1;
    }
    Py_XSETREF(ndarray_type, (PyTypeObject *)array);
    Py_XSETREF(numpy_empty, empty);
    return 0;
}

/* --- Memory --------------------------------------------------------------------------------------- */

#define LARGE ((size_t)1 << 20)     /* bytes of an array, from which on it has a block */
#define MOST_KEPT ((size_t)1 << 27) /* bytes of all blocks that are kept */
#define KEPT_BLOCKS 8
#define HUGE_PAGE ((uintptr_t)1 << 21)

typedef struct {
    void *memory;
    size_t size;
} Room;

typedef struct {
    PyObject_HEAD
    Room room;
} Block;

static PyTypeObject *block_type;
static Room kept_rooms[KEPT_BLOCKS]; /* the oldest first */
static int rooms_kept;
static size_t bytes_kept;

static Room take_room(int place)
{
    Room room = kept_rooms[place];
    bytes_kept -= room.size;
    memmove(kept_rooms + place, kept_rooms + place + 1, (size_t)(--rooms_kept - place) * sizeof(Room));
    return room;
}

static Room new_room(size_t size)
{
    for (int place = 0; place < rooms_kept; place++)
        if (kept_rooms[place].size >= size && kept_rooms[place].size / 2 <= size)
            return take_room(place);
    Room room = {PyMem_RawMalloc(size), size};
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    uintptr_t first = ((uintptr_t)room.memory + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    uintptr_t end = ((uintptr_t)room.memory + size) / HUGE_PAGE * HUGE_PAGE;
    if (room.memory != NULL && first < end)
        (void)madvise((void *)first, end - first, MADV_HUGEPAGE); /* a wish */
#endif
    return room;
}

static void keep_room(Room room)
{
    if (room.size > MOST_KEPT) {
        PyMem_RawFree(room.memory);
        return;
    }
    while (rooms_kept == KEPT_BLOCKS || bytes_kept + room.size > MOST_KEPT)
        PyMem_RawFree(take_room(0).memory);
    kept_rooms[rooms_kept++] = room;
    bytes_kept += room.size;
}

/* Whose memory has at least so many bytes, of any content; NULL with MemoryError. */
static PyObject *new_block(size_t size)
{
    Block *block = (Block *)block_type->tp_alloc(block_type, 0);
    if (block == NULL)
        return NULL;
    block->room = new_room(size);
    if (block->room.memory == NULL) {
        Py_DECREF(block);
        return PyErr_NoMemory();
    }
    return (PyObject *)block;
}

static void block_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    if (((Block *)self)->room.memory != NULL)
        keep_room(((Block *)self)->room);
    type->tp_free(self);
    Py_DECREF(type);
}

static int block_buffer(PyObject *self, Py_buffer *view, int flags)
{
    Room room = ((Block *)self)->room;
    return PyBuffer_FillInfo(view, self, room.memory, (Py_ssize_t)room.size, 0, flags);
}

static PyType_Slot block_slots[] = {
    {Py_tp_doc, "The memory of a large array."},
    {Py_tp_dealloc, block_dealloc},
    {Py_bf_getbuffer, block_buffer},
    {0, NULL},
};

static PyType_Spec block_specification = {
    .name = "autograd._core.value.Block",
    .basicsize = sizeof(Block),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = block_slots,
};

/* --- Arrays --------------------------------------------------------------------------------------- */

/* A new array of so many doubles of any value, whose memory is seen by `view`; NULL with an exception set. */
static PyObject *new_array(PyObject *shape, Py_ssize_t count, Py_buffer *view)
{
    PyObject *array = NULL;
    if ((size_t)count < LARGE / sizeof(double))
        array = PyObject_CallOneArg(numpy_empty, shape);
    else {
        PyObject *block = new_block((size_t)count * sizeof(double));
        if (block != NULL)
            array = PyObject_CallFunction((PyObject *)ndarray_type, "OsO", shape, "d", block);
        Py_XDECREF(block);
    }
    if (array != NULL && PyObject_GetBuffer(array, view, PyBUF_WRITABLE) < 0)
        Py_CLEAR(array);
    return array;
}

static PyObject *array_of(PyObject *shape, const double *numbers, Py_ssize_t count)
{
    Py_buffer view;
    PyObject *array = new_array(shape, count, &view);
    if (array == NULL)
        return NULL;
    memcpy(view.buf, numbers, (size_t)count * sizeof(double));
    PyBuffer_Release(&view);
    return array;
}

/* empty(rows, columns): what `numpy.empty((rows, columns))` gives. */
static PyObject *empty_matrix(PyObject *Py_UNUSED(module), PyObject *args)
{
    Py_ssize_t rows, columns;
    if (!PyArg_ParseTuple(args, "nn", &rows, &columns) || require_numpy() < 0)
        return NULL;
    if (rows < 0 || columns < 0 || (columns > 0 && rows > PY_SSIZE_T_MAX / (Py_ssize_t)sizeof(double) / columns)) {
        PyErr_SetString(PyExc_ValueError, "a matrix has no negative number of rows or columns, and not too many");
        return NULL;
    }
    Py_buffer view;
    PyObject *array = new_array(args, rows * columns, &view);
    if (array != NULL)
        PyBuffer_Release(&view);
    return array;
}

#endif
