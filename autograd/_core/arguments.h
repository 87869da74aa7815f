/* The arguments of a call: whether they are of the kinds that a way is for, and their numbers in memory. */

#ifndef AUTOGRAD_ARGUMENTS_H
#define AUTOGRAD_ARGUMENTS_H

#include "route.h"

typedef struct {
    int dimensions;    /* -1 for a float */
    int by_rows;       /* along the first dimension, which is of any length */
    Py_ssize_t count;  /* of the numbers, or of those of a row */
    Py_ssize_t *shape;
} Kind;

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    PyObject *kinds;    /* as they were given */
    PyObject *paths;    /* the `Paths` of the function */
    PyObject *key;      /* of its routes among those of a path */
    PyObject *route_of; /* makes one, and leaves it there */
    int by_rows;        /* whether arguments have rows, */
    int reduced, mean;  /* which are added up, and divided by their number */
    Py_ssize_t arguments;
    Py_ssize_t shared;  /* numbers of arguments that are no rows */
    Py_ssize_t columns;
    Kind *kind;
    Py_ssize_t *lengths; /* of all shapes */
} Way;

#define VIEWS_ON_STACK 6

/* The memory of the arguments of a call, one view for each; of floats it is empty. */
typedef struct {
    Py_buffer few[VIEWS_ON_STACK];
    Py_buffer *view;
    Py_ssize_t opened;
} Views;

static void close_views(Views *views)
{
    while (views->opened > 0) {
        Py_buffer *view = &views->view[--views->opened];
        if (view->obj != NULL)
            PyBuffer_Release(view);
    }
    if (views->view != views->few)
        PyMem_Free(views->view);
    views->view = views->few;
}

/* Whether an array is of the kind: doubles of this machine one after another.  It leaves it seen by `view`. */
static int view_of_kind(PyObject *array, const Kind *kind, Py_buffer *view)
{
    if (!Py_IS_TYPE(array, ndarray_type))
        return 0;
    if (PyObject_GetBuffer(array, view, PyBUF_ND | PyBUF_FORMAT) < 0) {
        PyErr_Clear(); /* the long way says what is wrong with it */
        view->obj = NULL;
        return 0;
    }
    int is_alike = view->ndim == kind->dimensions && strcmp(view->format, "d") == 0
                   && (uintptr_t)view->buf % sizeof(double) == 0;
    for (int i = kind->by_rows; is_alike && i < kind->dimensions; i++)
        is_alike = view->shape[i] == kind->shape[i];
    if (!is_alike) {
        PyBuffer_Release(view);
        view->obj = NULL;
    }
    return is_alike;
}

/* Whether the arguments of a call are those of the way, whose memory is then seen by the views. */
static int open_views(const Way *way, PyObject *const *arguments, size_t flags, PyObject *keywords, Views *views)
{
    views->view = views->few;
    views->opened = 0;
    if (PyVectorcall_NARGS(flags) != way->arguments || (keywords != NULL && PyTuple_GET_SIZE(keywords) > 0))
        return 0;
    for (Py_ssize_t i = 0; i < way->arguments; i++)
        if (PyFloat_CheckExact(arguments[i]) != (way->kind[i].dimensions < 0))
            return 0;
    if (way->arguments > VIEWS_ON_STACK) {
        views->view = PyMem_Malloc((size_t)way->arguments * sizeof(Py_buffer));
        if (views->view == NULL) {
            views->view = views->few;
            return 0;
        }
    }
    for (; views->opened < way->arguments; views->opened++) {
        Py_buffer *view = &views->view[views->opened];
        view->obj = NULL;
        if (way->kind[views->opened].dimensions < 0)
            continue;
        if (!view_of_kind(arguments[views->opened], &way->kind[views->opened], view)) {
            close_views(views);
            return 0;
        }
    }
    return 1;
}

/* Copies what is no rows: floats, and whole arrays.  Returns where it ends. */
static double *copy_shared(const Way *way, PyObject *const *arguments, const Views *views, double *numbers)
{
    for (Py_ssize_t i = 0; i < way->arguments; i++) {
        const Kind *kind = &way->kind[i];
        if (kind->dimensions < 0)
            *numbers++ = PyFloat_AS_DOUBLE(arguments[i]);
        else if (!kind->by_rows) {
            memcpy(numbers, views->view[i].buf, (size_t)kind->count * sizeof(double));
            numbers += kind->count;
        }
    }
    return numbers;
}

#endif
