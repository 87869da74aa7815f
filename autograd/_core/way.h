/* A way: a compiled function of arguments of given kinds, whose numbers it reads where they lie.

   It answers by machine code, or with None, which sends the call on.  What a call writes to is
   its own, so that a function may be called again, by another thread or by a row in Python, meanwhile. */

#ifndef AUTOGRAD_WAY_H
#define AUTOGRAD_WAY_H

#include "arguments.h"

static PyObject *name_paths, *name_routes, *name_use_first;

/* --- Routes --------------------------------------------------------------------------------------- */

/* The paths of the function now: a tuple, or NULL with an exception set. */
static PyObject *paths_of(const Way *way)
{
    PyObject *paths = PyObject_GetAttr(way->paths, name_paths);
    if (paths != NULL && !PyTuple_Check(paths)) {
        PyErr_SetString(PyExc_TypeError, "paths are a tuple");
        Py_CLEAR(paths);
    }
    return paths;
}

/* The machine code of a path: a new reference, or NULL with an exception set. */
static Route *route_for(const Way *way, PyObject *path)
{
    PyObject *routes = PyObject_GetAttr(path, name_routes), *route = NULL;
    if (routes != NULL && PyDict_Check(routes))
        route = Py_XNewRef(PyDict_GetItemWithError(routes, way->key));
    Py_XDECREF(routes);
    if (route == NULL && !PyErr_Occurred())
        route = PyObject_CallOneArg(way->route_of, path);
    if (route == NULL)
        return NULL;
    if (!Py_IS_TYPE(route, route_type)) {
        PyErr_Format(PyExc_TypeError, "expected a Route, not %R", route);
        Py_CLEAR(route);
        return NULL;
    }
    Route *found = (Route *)route;
    if (found->shared != way->shared + PyTuple_GET_SIZE(found->captured) || found->columns != way->columns
        || way->by_rows != (found->rows != NULL)) {
        PyErr_SetString(PyExc_ValueError, "a route is for other numbers than the arguments have");
        Py_CLEAR(found);
    }
    return found;
}

/* --- One point ------------------------------------------------------------------------------------ */

typedef struct {
    double few[2 * NUMBERS_ON_STACK];
    double *start;
    Py_ssize_t size;
} Numbers;

#define MOST_SPARE ((Py_ssize_t)1 << 16) /* numbers: half a megabyte */

/* The memory of an earlier call, for the next one; a call that takes it leaves none. */
static double *spare;
static Py_ssize_t spare_size;

static void release_numbers(Numbers *numbers)
{
    if (numbers->start == numbers->few)
        return;
    if (numbers->size > MOST_SPARE || numbers->size <= spare_size) {
        PyMem_Free(numbers->start);
        return;
    }
    PyMem_Free(spare);
    spare = numbers->start;
    spare_size = numbers->size;
}

/* Makes room for so many numbers, of which the first are kept; -1 with MemoryError. */
static int make_room(Numbers *numbers, Py_ssize_t size, Py_ssize_t kept)
{
    if (size <= numbers->size)
        return 0;
    double *memory = spare;
    Py_ssize_t found = spare_size;
    if (size <= spare_size) {
        spare = NULL;
        spare_size = 0;
    }
    else {
        memory = PyMem_Malloc((size_t)size * sizeof(double));
        found = size;
    }
    if (memory == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(memory, numbers->start, (size_t)kept * sizeof(double));
    release_numbers(numbers);
    numbers->start = memory;
    numbers->size = found;
    return 0;
}

/* What a route gives, or None where its guards miss.  It reads one array in its own place as long as nobody can
   change that: the lock is kept, and Python is not called.  Otherwise the arguments are copied, once, and let
   go.  The numbers are those of the arguments, then of the captured leaves, then the outputs. */
static PyObject *point_by(
    const Way *way, const Route *route, PyObject *const *arguments, Views *views, Numbers *numbers, int *is_copied)
{
    int releases = is_long(route, 1);
    int in_place = !*is_copied && way->arguments == 1 && way->kind[0].dimensions >= 0 && !releases
                   && route->taken == Py_None && PyTuple_GET_SIZE(route->captured) == 0;
    Py_ssize_t kept = *is_copied ? way->shared : 0;
    if (make_room(numbers, (in_place ? 0 : route->shared) + route->outputs, kept) < 0)
        return NULL;
    const double *inputs = in_place ? views->view[0].buf : numbers->start;
    double *outputs = numbers->start + (in_place ? 0 : route->shared);
    if (!in_place) {
        if (!*is_copied)
            copy_shared(way, arguments, views, numbers->start);
        *is_copied = 1;
        close_views(views);
        if (read_captured(route, numbers->start + way->shared) < 0)
            return NULL;
    }
    int code = called(route->point, inputs, outputs, releases);
    if (code < 0)
        return PyErr_NoMemory();
    PyObject *error = pending_error(route);
    if (error == NULL)
        return NULL;
    if (code > 0 && error != Py_None) /* beyond a missed guard a row may raise */
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_DECREF(error);
    if (PyErr_Occurred())
        return NULL;
    return code > 0 ? route_result(route, outputs) : Py_NewRef(Py_None);
}

static PyObject *way_at_point(PyObject *self, PyObject *const *arguments, size_t flags, PyObject *keywords)
{
    Way *way = (Way *)self;
    Views views;
    if (!open_views(way, arguments, flags, keywords, &views))
        Py_RETURN_NONE;
    Numbers numbers;
    numbers.start = numbers.few;
    numbers.size = Py_ARRAY_LENGTH(numbers.few);
    int is_copied = 0;
    PyObject *paths = paths_of(way), *result = paths == NULL ? NULL : Py_NewRef(Py_None);
    for (Py_ssize_t i = 0; result == Py_None && i < PyTuple_GET_SIZE(paths); i++) {
        PyObject *path = PyTuple_GET_ITEM(paths, i);
        Route *route = route_for(way, path);
        Py_SETREF(result, route == NULL ? NULL : point_by(way, route, arguments, &views, &numbers, &is_copied));
        Py_XDECREF(route);
        if (i > 0 && result != NULL && result != Py_None) {
            PyObject *done = PyObject_CallMethodOneArg(way->paths, name_use_first, path);
            if (done == NULL)
                Py_CLEAR(result);
            Py_XDECREF(done);
        }
    }
    Py_XDECREF(paths);
    close_views(&views);
    release_numbers(&numbers);
    return result;
}

/* --- Many rows ------------------------------------------------------------------------------------ */

#define BLOCK 1024 /* rows whose sum is complete before the next block's begins, as `reduction` defines */
#define TOGETHER 8 /* rows that are read together while they become columns: a line of memory each */

/* The number of rows of all arguments that have some; -1 if they differ, or there are none. */
static Py_ssize_t row_count(const Way *way, const Views *views)
{
    Py_ssize_t rows = -1;
    for (Py_ssize_t i = 0; i < way->arguments; i++)
        if (way->kind[i].by_rows) {
            Py_ssize_t own = views->view[i].shape[0];
            if (own == 0 || (rows >= 0 && own != rows))
                return -1;
            rows = own;
        }
    return rows;
}

static void transpose(const double *from, double *to, Py_ssize_t rows, Py_ssize_t columns)
{
    for (Py_ssize_t first = 0; first < rows; first += TOGETHER) {
        Py_ssize_t last = first + TOGETHER < rows ? first + TOGETHER : rows;
        for (Py_ssize_t column = 0; column < columns; column++)
            for (Py_ssize_t row = first; row < last; row++)
                to[column * rows + row] = from[row * columns + column];
    }
}

/* What a call over rows works with, in one piece of memory. */
typedef struct {
    Py_ssize_t rows;
    double *shared;   /* the common numbers, and what they alone give */
    double *gathered; /* columns of the arguments */
    double *outputs;  /* columns of outputs, or the sums of blocks */
    const double **columns;
    double **targets; /* where each output begins */
    char *missed;
} Work;

/* Lays the memory out for the most that is needed; NULL with MemoryError. */
static void *new_work(const Way *way, const Route *route, Work *work)
{
    Py_ssize_t heights = way->reduced ? (work->rows + BLOCK - 1) / BLOCK : work->rows;
    double size = (double)route->shared + (double)route->between + (double)way->columns * (double)work->rows
                  + (double)route->outputs * (double)heights + (double)work->rows;
    if (size > (double)(PY_SSIZE_T_MAX / 16))
        return PyErr_NoMemory();
    Py_ssize_t shared = route->shared + route->between, gathered = way->columns * work->rows;
    Py_ssize_t outputs = route->outputs * heights, pointers = way->columns + route->outputs;
    char *memory = PyMem_Malloc(
        (size_t)(shared + gathered + outputs) * sizeof(double) + (size_t)pointers * sizeof(void *)
        + (size_t)(route->guarded ? work->rows : 0) + 1);
    if (memory == NULL)
        return PyErr_NoMemory();
    work->shared = (double *)(void *)memory;
    work->gathered = work->shared + shared;
    work->outputs = work->gathered + gathered;
    work->columns = (const double **)(void *)(work->outputs + outputs);
    work->targets = (double **)(void *)(work->columns + way->columns);
    work->missed = (char *)(work->targets + route->outputs);
    for (Py_ssize_t i = 0; i < route->outputs; i++)
        work->targets[i] = work->outputs + i * heights;
    return memory;
}

/* Makes columns of the rows: a copy, except that a column is read in its own place if this thread cannot change
   it during the call.  Another could, as it can while NumPy computes: a copy would double the time of a short function. */
static void gather(const Way *way, const Views *views, Work *work, int in_place)
{
    double *to = work->gathered;
    const double **column = work->columns;
    for (Py_ssize_t i = 0; i < way->arguments; i++) {
        const Kind *kind = &way->kind[i];
        if (!kind->by_rows)
            continue;
        const double *from = views->view[i].buf;
        if (kind->count == 1 && in_place) {
            *column++ = from;
            continue;
        }
        transpose(from, to, work->rows, kind->count);
        for (Py_ssize_t j = 0; j < kind->count; j++, to += work->rows)
            *column++ = to;
    }
}

/* The arrays that the results of all rows become, of which those with one number per row are filled at once:
   the first `made` of `arrays` and `views`.  Returns -1 with an exception set. */
static int make_arrays(const Route *route, Work *work, PyObject **arrays, Py_buffer *views, Py_ssize_t *made)
{
    double **target = work->targets;
    for (const Piece *piece = route->piece; piece < route->piece + route->pieces; piece++) {
        if (piece->kind == TUPLE || piece->kind == LIST)
            continue;
        Py_ssize_t further = piece->shape == NULL ? 0 : PyTuple_GET_SIZE(piece->shape);
        PyObject *shape = PyTuple_New(1 + further), *rows = PyLong_FromSsize_t(work->rows);
        if (shape == NULL || rows == NULL) {
            Py_XDECREF(shape);
            Py_XDECREF(rows);
            return -1;
        }
        PyTuple_SET_ITEM(shape, 0, rows);
        for (Py_ssize_t i = 0; i < further; i++)
            PyTuple_SET_ITEM(shape, 1 + i, Py_NewRef(PyTuple_GET_ITEM(piece->shape, i)));
        arrays[*made] = new_array(shape, piece->count * work->rows, &views[*made]);
        Py_DECREF(shape);
        if (arrays[*made] == NULL)
            return -1;
        if (piece->count == 1)
            *target = views[*made].buf;
        target += piece->count;
        ++*made;
    }
    return 0;
}

/* Fills the arrays with several numbers per row from the columns of these. */
static void fill_arrays(const Route *route, const Work *work, Py_buffer *views)
{
    double *const *target = work->targets;
    for (const Piece *piece = route->piece; piece < route->piece + route->pieces; piece++) {
        if (piece->kind == TUPLE || piece->kind == LIST)
            continue;
        if (piece->count > 1) /* its columns lie one after another */
            transpose(*target, views->buf, piece->count, work->rows);
        target += piece->count;
        views++;
    }
}

/* 1 if every row's guards hold, 0 if not, -1 with an exception set. */
static int run_rows(const Route *route, const Work *work)
{
    if (route->between > 0 && route->point(work->shared, work->shared + route->shared) < 0) {
        PyErr_NoMemory();
        return -1;
    }
    int code;
    char *missed = route->guarded ? work->missed : NULL;
    if (is_long(route, work->rows)) {
        Py_BEGIN_ALLOW_THREADS
        code = route->rows(work->shared, work->columns, 0, work->rows, work->targets, missed);
        Py_END_ALLOW_THREADS
    }
    else
        code = route->rows(work->shared, work->columns, 0, work->rows, work->targets, missed);
    if (code < 0) {
        PyErr_NoMemory();
        return -1;
    }
    PyObject *error = pending_error(route);
    if (error == NULL)
        return -1;
    int holds = missed == NULL || memchr(missed, 1, (size_t)work->rows) == NULL;
    int raises = holds && error != Py_None;
    if (raises)
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    Py_DECREF(error);
    return raises ? -1 : holds;
}

/* The sums or means of the outputs, from those of their blocks, in order; in place. */
static void add_blocks(const Way *way, const Route *route, const Work *work)
{
    Py_ssize_t blocks = (work->rows + BLOCK - 1) / BLOCK;
    double share = 1.0 / (double)work->rows;
    for (Py_ssize_t i = 0; i < route->outputs; i++) {
        double total = work->targets[i][0];
        for (Py_ssize_t block = 1; block < blocks; block++)
            total += work->targets[i][block];
        work->outputs[i] = way->mean ? total * share : total;
    }
}

/* An array (outputs, rows) for Python to take apart. */
static PyObject *stacked(const Route *route, const Work *work)
{
    Py_buffer view;
    PyObject *shape = Py_BuildValue("nn", route->outputs, work->rows);
    PyObject *array = shape == NULL ? NULL : new_array(shape, route->outputs * work->rows, &view);
    Py_XDECREF(shape);
    if (array == NULL)
        return NULL;
    memcpy(view.buf, work->outputs, (size_t)(route->outputs * work->rows) * sizeof(double));
    PyBuffer_Release(&view);
    PyObject *result = PyObject_CallOneArg(route->rebuild, array);
    Py_DECREF(array);
    return result;
}

/* The results of all rows as arrays, or None where guards miss. */
static PyObject *rows_as_arrays(const Route *route, Work *work)
{
    PyObject *result = NULL;
    Py_ssize_t made = 0;
    PyObject **arrays = PyMem_Malloc((size_t)route->pieces * sizeof(PyObject *));
    Py_buffer *views = PyMem_Malloc((size_t)route->pieces * sizeof(Py_buffer));
    if (arrays == NULL || views == NULL)
        PyErr_NoMemory();
    else if (make_arrays(route, work, arrays, views, &made) == 0) {
        int holds = run_rows(route, work);
        if (holds > 0) {
            fill_arrays(route, work, views);
            result = put_together(route, NULL, arrays);
        }
        else if (holds == 0)
            result = Py_NewRef(Py_None);
    }
    for (Py_ssize_t i = 0; i < made; i++) {
        PyBuffer_Release(&views[i]);
        Py_DECREF(arrays[i]);
    }
    PyMem_Free(arrays);
    PyMem_Free(views);
    return result;
}

/* What a route gives over the rows, or None where guards miss. */
static PyObject *rows_by(const Way *way, const Route *route, PyObject *const *arguments, Views *views)
{
    Work work = {.rows = row_count(way, views)};
    if (work.rows < 0)
        Py_RETURN_NONE;
    void *memory = new_work(way, route, &work);
    if (memory == NULL)
        return NULL;
    PyObject *result = NULL;
    int in_place = route->taken == Py_None;
    double *captured = copy_shared(way, arguments, views, work.shared);
    gather(way, views, &work, in_place);
    if (!in_place)
        close_views(views);
    if (read_captured(route, captured) < 0)
        goto done;
    if (!way->reduced && route->pieces >= 0)
        result = rows_as_arrays(route, &work);
    else {
        int holds = run_rows(route, &work);
        if (holds == 0)
            result = Py_NewRef(Py_None);
        else if (holds > 0 && way->reduced) {
            add_blocks(way, route, &work);
            result = route_result(route, work.outputs);
        }
        else if (holds > 0)
            result = stacked(route, &work);
    }
done:
    PyMem_Free(memory);
    return result;
}

/* Rows that take several paths are for Python, which parts them. */
static PyObject *way_over_rows(PyObject *self, PyObject *const *arguments, size_t flags, PyObject *keywords)
{
    Way *way = (Way *)self;
    Views views;
    if (!open_views(way, arguments, flags, keywords, &views))
        Py_RETURN_NONE;
    PyObject *result = NULL, *paths = paths_of(way);
    if (paths != NULL && PyTuple_GET_SIZE(paths) == 0)
        result = Py_NewRef(Py_None);
    else if (paths != NULL) {
        Route *route = route_for(way, PyTuple_GET_ITEM(paths, 0));
        result = route == NULL ? NULL : rows_by(way, route, arguments, &views);
        Py_XDECREF(route);
    }
    Py_XDECREF(paths);
    close_views(&views);
    return result;
}

/* --- The type of ways ----------------------------------------------------------------------------- */

/* Reads a kind: None for a float, or a shape, which begins with -1 where there are rows of any number.
   Returns how many lengths it has, or -1 with an exception set. */
static Py_ssize_t read_kind(PyObject *thing, Kind *kind, Py_ssize_t *lengths)
{
    *kind = (Kind){.dimensions = -1, .count = 1, .shape = lengths};
    if (thing == Py_None)
        return 0;
    Py_ssize_t dimensions = PyTuple_GET_SIZE(thing);
    for (Py_ssize_t i = 0; i < dimensions; i++) {
        lengths[i] = PyLong_AsSsize_t(PyTuple_GET_ITEM(thing, i));
        if (lengths[i] == -1 && PyErr_Occurred())
            return -1;
        if (i == 0 && lengths[i] == -1)
            kind->by_rows = 1;
        else if (lengths[i] < 0) {
            PyErr_Format(PyExc_ValueError, "no array has the shape %R", thing);
            return -1;
        }
        else
            kind->count *= lengths[i];
    }
    kind->dimensions = (int)dimensions;
    return dimensions;
}

static int read_kinds(Way *way)
{
    Py_ssize_t all = 0;
    way->arguments = PyTuple_GET_SIZE(way->kinds);
    for (Py_ssize_t i = 0; i < way->arguments; i++) {
        PyObject *thing = PyTuple_GET_ITEM(way->kinds, i);
        if (thing != Py_None && !PyTuple_Check(thing)) {
            PyErr_Format(PyExc_TypeError, "the kind of an argument is None or a shape, not %R", thing);
            return -1;
        }
        all += thing == Py_None ? 0 : PyTuple_GET_SIZE(thing);
    }
    way->kind = PyMem_Calloc((size_t)way->arguments + 1, sizeof(Kind));
    way->lengths = PyMem_Calloc((size_t)all + 1, sizeof(Py_ssize_t));
    if (way->kind == NULL || way->lengths == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    Py_ssize_t *lengths = way->lengths;
    for (Py_ssize_t i = 0; i < way->arguments; i++) {
        Py_ssize_t used = read_kind(PyTuple_GET_ITEM(way->kinds, i), &way->kind[i], lengths);
        if (used < 0)
            return -1;
        lengths += used;
        *(way->kind[i].by_rows ? &way->columns : &way->shared) += way->kind[i].count;
        way->by_rows |= way->kind[i].by_rows;
    }
    return 0;
}

static PyObject *way_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"kinds", "paths", "key", "route_of", "reduce", NULL};
    PyObject *kinds, *paths, *key, *route_of;
    const char *reduce = NULL;
    if (!PyArg_ParseTupleAndKeywords(
            args, keywords, "O!OOO|z", names, &PyTuple_Type, &kinds, &paths, &key, &route_of, &reduce))
        return NULL;
    if (require_numpy() < 0)
        return NULL;
    Way *way = (Way *)type->tp_alloc(type, 0);
    if (way == NULL)
        return NULL;
    way->kinds = Py_NewRef(kinds);
    way->paths = Py_NewRef(paths);
    way->key = Py_NewRef(key);
    way->route_of = Py_NewRef(route_of);
    way->reduced = reduce != NULL;
    way->mean = way->reduced && strcmp(reduce, "mean") == 0;
    if (read_kinds(way) < 0)
        Py_CLEAR(way);
    else
        way->call = way->by_rows ? way_over_rows : way_at_point;
    return (PyObject *)way;
}

static int way_traverse(PyObject *self, visitproc visit, void *arg)
{
    Way *way = (Way *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(way->kinds);
    Py_VISIT(way->paths);
    Py_VISIT(way->key);
    Py_VISIT(way->route_of);
    return 0;
}

/* What it refers to it keeps to its end, like a route. */
static void way_dealloc(PyObject *self)
{
    Way *way = (Way *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    PyMem_Free(way->kind);
    PyMem_Free(way->lengths);
    Py_XDECREF(way->kinds);
    Py_XDECREF(way->paths);
    Py_XDECREF(way->key);
    Py_XDECREF(way->route_of);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef way_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Way, call), READONLY, NULL},
    {"kinds", T_OBJECT, offsetof(Way, kinds), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot way_slots[] = {
    {Py_tp_doc, "Way(kinds, paths, key, route_of, reduce=None)\n--\n\n"
                "A compiled function of arguments of these kinds: it returns None for others.\n\n"
                "A kind is None for a float, or the shape of an array, with -1 as the number of its rows.\n"
                "The machine code of a path among `paths.paths` is the `Route` that `path.routes` has under\n"
                "the key, where `route_of(path)` leaves it."},
    {Py_tp_new, way_new},
    {Py_tp_traverse, way_traverse},
    {Py_tp_dealloc, way_dealloc},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, way_members},
    {0, NULL},
};

static PyType_Spec way_specification = {
    .name = "autograd._core.value.Way",
    .basicsize = sizeof(Way),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = way_slots,
};

#endif
