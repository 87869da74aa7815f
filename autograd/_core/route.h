/* A route: one path of a function as machine code, and how its outputs become the function's result. */

#ifndef AUTOGRAD_ROUTE_H
#define AUTOGRAD_ROUTE_H

#include "arrays.h"
#include "machine.h"

/* What a result is put together from, on a stack: numbers and arrays are pushed, and a container takes the
   topmost so many things. */
typedef struct {
    enum { NUMBER, ARRAY, TUPLE, LIST } kind;
    Py_ssize_t count; /* of the numbers, or of the things in a container */
    PyObject *shape;  /* of an array, else NULL */
} Piece;

typedef struct {
    PyObject_HEAD
    PyObject *owner;     /* keeps the functions where they are */
    PointFunction point; /* of one point; for rows, what their common numbers alone give, or NULL */
    RowsFunction rows;   /* NULL for one point */
    Py_ssize_t shared;   /* the inputs of `point`, which all rows share, the captured leaves last */
    Py_ssize_t between;  /* the outputs of `point` that are inputs of `rows` */
    Py_ssize_t columns;
    Py_ssize_t outputs;
    Py_ssize_t long_from; /* so many rows take so long that the interpreter's lock is released */
    int guarded;
    PyObject *taken;    /* gives the exception of a call back to Python, or is None: there are no such calls */
    PyObject *captured; /* a tuple of Values, which are read at every call */
    PyObject *rebuild;  /* makes the result of an array of the outputs, where there are no pieces */
    Py_ssize_t pieces;  /* how many, or -1 */
    Piece *piece;
} Route;

static PyTypeObject *route_type;
static PyObject *name_plain_data;

/* --- Results --------------------------------------------------------------------------------------- */

static PyObject *filled_container(const Piece *piece, PyObject **things)
{
    int is_tuple = piece->kind == TUPLE;
    PyObject *container = is_tuple ? PyTuple_New(piece->count) : PyList_New(piece->count);
    for (Py_ssize_t i = 0; container != NULL && i < piece->count; i++)
        if (is_tuple)
            PyTuple_SET_ITEM(container, i, things[i]);
        else
            PyList_SET_ITEM(container, i, things[i]);
    return container;
}

#define THINGS_ON_STACK 32

/* The result of the outputs, or of what was `made` for each number and array. */
static PyObject *put_together(const Route *route, const double *outputs, PyObject *const *made)
{
    PyObject *few[THINGS_ON_STACK], **stack = few, *result = NULL;
    if (route->pieces > THINGS_ON_STACK) {
        stack = PyMem_Malloc((size_t)route->pieces * sizeof(PyObject *));
        if (stack == NULL)
            return PyErr_NoMemory();
    }
    Py_ssize_t top = 0;
    for (const Piece *piece = route->piece; piece < route->piece + route->pieces; piece++) {
        PyObject *thing;
        if (piece->kind == TUPLE || piece->kind == LIST) {
            thing = filled_container(piece, stack + top - piece->count);
            top -= thing != NULL ? piece->count : 0;
        }
        else if (made != NULL)
            thing = Py_NewRef(*made++);
        else {
            thing = piece->kind == NUMBER ? PyFloat_FromDouble(*outputs)
                                          : array_of(piece->shape, outputs, piece->count);
            outputs += piece->count;
        }
        if (thing == NULL)
            goto done;
        stack[top++] = thing;
    }
    result = stack[--top];
done:
    while (top > 0)
        Py_DECREF(stack[--top]);
    if (stack != few)
        PyMem_Free(stack);
    return result;
}

/* The result of the outputs of one point, or of those of all rows together. */
static PyObject *route_result(const Route *route, const double *outputs)
{
    if (route->pieces >= 0)
        return put_together(route, outputs, NULL);
    PyObject *count = PyLong_FromSsize_t(route->outputs);
    PyObject *array = count == NULL ? NULL : array_of(count, outputs, route->outputs);
    PyObject *result = array == NULL ? NULL : PyObject_CallOneArg(route->rebuild, array);
    Py_XDECREF(count);
    Py_XDECREF(array);
    return result;
}

/* --- Calls ---------------------------------------------------------------------------------------- */

/* Reads the captured leaves; -1 with an exception set. */
static int read_captured(const Route *route, double *numbers)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(route->captured); i++) {
        PyObject *leaf = PyTuple_GET_ITEM(route->captured, i);
        if (is_value(leaf)) {
            numbers[i] = ((Node *)leaf)->data;
            continue;
        }
        PyObject *number = PyObject_GetAttr(leaf, name_plain_data);
        if (number == NULL)
            return -1;
        numbers[i] = PyFloat_AsDouble(number);
        Py_DECREF(number);
        if (numbers[i] == -1.0 && PyErr_Occurred())
            return -1;
    }
    return 0;
}

/* What Python raised while machine code called back to it: a new reference, None for nothing, NULL with an
   exception set. */
static inline PyObject *pending_error(const Route *route)
{
    return route->taken == Py_None ? Py_NewRef(Py_None) : PyObject_CallNoArgs(route->taken);
}

static inline int is_long(const Route *route, Py_ssize_t rows)
{
    return rows >= route->long_from;
}

/* --- The type ------------------------------------------------------------------------------------- */

/* Reads a piece: None, the shape of an array, or a pair of `tuple` or `list` and a length. */
static int read_piece(PyObject *thing, Piece *piece)
{
    *piece = (Piece){.kind = NUMBER, .count = 1};
    if (thing == Py_None)
        return 0;
    if (!PyTuple_Check(thing))
        goto wrong;
    PyObject *first = PyTuple_GET_SIZE(thing) == 2 ? PyTuple_GET_ITEM(thing, 0) : NULL;
    if (first == (PyObject *)&PyTuple_Type || first == (PyObject *)&PyList_Type) {
        piece->kind = first == (PyObject *)&PyTuple_Type ? TUPLE : LIST;
        piece->count = PyLong_AsSsize_t(PyTuple_GET_ITEM(thing, 1));
    }
    else {
        piece->kind = ARRAY;
        for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(thing); i++) {
            Py_ssize_t length = PyLong_AsSsize_t(PyTuple_GET_ITEM(thing, i));
            if (length < 0 || (length > 0 && piece->count > PY_SSIZE_T_MAX / length))
                goto wrong;
            piece->count *= length;
        }
        piece->shape = Py_NewRef(thing);
    }
    if (piece->count >= 0)
        return 0;
wrong:
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "a result has no piece %R", thing);
    return -1;
}

/* Reads the pieces, which are to use up the outputs and to leave one thing; -1 with an exception set. */
static int read_pieces(Route *route, PyObject *things)
{
    route->pieces = -1;
    if (things == Py_None)
        return 0;
    PyObject *items = PySequence_Fast(things, "the pieces of a result are a sequence, or None");
    if (items == NULL)
        return -1;
    Py_ssize_t count = PySequence_Fast_GET_SIZE(items), outputs = 0, top = 0;
    route->piece = PyMem_Calloc((size_t)count + 1, sizeof(Piece));
    int failed = route->piece == NULL;
    if (failed)
        PyErr_NoMemory();
    for (route->pieces = 0; !failed && route->pieces < count;) {
        Piece *piece = &route->piece[route->pieces];
        failed = read_piece(PySequence_Fast_GET_ITEM(items, route->pieces), piece) < 0;
        if (failed)
            break;
        route->pieces++;
        int is_container = piece->kind == TUPLE || piece->kind == LIST;
        failed = is_container ? piece->count > top : piece->count > route->outputs - outputs;
        outputs += is_container || failed ? 0 : piece->count;
        top += is_container && !failed ? 1 - piece->count : 1;
    }
    Py_DECREF(items);
    if (!failed && outputs == route->outputs && top == 1)
        return 0;
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "%R is not what makes one result of %zd outputs", things, route->outputs);
    return -1;
}

static PyObject *route_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"code", "captured", "pieces", "rebuild", NULL};
    Route given = {0};
    unsigned long long point, rows;
    PyObject *pieces;
    if (!PyArg_ParseTupleAndKeywords(
            args, keywords, "(OKKnnnnnpO)O!OO", names, &given.owner, &point, &rows, &given.shared,
            &given.between, &given.columns, &given.outputs, &given.long_from, &given.guarded, &given.taken,
            &PyTuple_Type, &given.captured, &pieces, &given.rebuild))
        return NULL;
    if ((point == 0 && (rows == 0 || given.between > 0)) || given.shared < PyTuple_GET_SIZE(given.captured)
        || given.between < 0 || given.columns < 0 || given.outputs < 0) {
        PyErr_SetString(PyExc_ValueError, "a route has an address, and no negative number of numbers");
        return NULL;
    }
    if (require_numpy() < 0)
        return NULL;
    Route *route = (Route *)type->tp_alloc(type, 0);
    if (route == NULL)
        return NULL;
    given.ob_base = route->ob_base;
    *route = given;
    route->point = (PointFunction)(uintptr_t)point;
    route->rows = (RowsFunction)(uintptr_t)rows;
    Py_INCREF(route->owner);
    Py_INCREF(route->taken);
    Py_INCREF(route->captured);
    Py_INCREF(route->rebuild);
    if (read_pieces(route, pieces) < 0)
        Py_CLEAR(route);
    return (PyObject *)route;
}

static int route_traverse(PyObject *self, visitproc visit, void *arg)
{
    Route *route = (Route *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(route->owner);
    Py_VISIT(route->taken);
    Py_VISIT(route->captured);
    Py_VISIT(route->rebuild);
    return 0;
}

/* What it refers to it keeps to its end, so that a call in progress never meets it without. */
static void route_dealloc(PyObject *self)
{
    Route *route = (Route *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    for (Py_ssize_t i = 0; i < route->pieces; i++)
        Py_XDECREF(route->piece[i].shape);
    PyMem_Free(route->piece);
    Py_XDECREF(route->owner);
    Py_XDECREF(route->taken);
    Py_XDECREF(route->captured);
    Py_XDECREF(route->rebuild);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot route_slots[] = {
    {Py_tp_doc, "Route(code, captured, pieces, rebuild)\n--\n\n"
                "Machine code of one path, which a `Way` calls.\n\n"
                "`code` is a `kernel.Code`.  `captured` are the Values that it reads.  `pieces` put a result\n"
                "together: None for a number, the shape of an array, `(tuple, n)` or `(list, n)` for what is\n"
                "made of the n things before it.  Where `pieces` is None, `rebuild` makes the result."},
    {Py_tp_new, route_new},
    {Py_tp_traverse, route_traverse},
    {Py_tp_dealloc, route_dealloc},
    {0, NULL},
};

static PyType_Spec route_specification = {
    .name = "autograd._core.value.Route",
    .basicsize = sizeof(Route),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = route_slots,
};

#endif
