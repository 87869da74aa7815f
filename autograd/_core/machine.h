/* A function of machine code as an object of Python: `f(in, out)` on arrays of doubles, called with numbers. */

#ifndef AUTOGRAD_MACHINE_H
#define AUTOGRAD_MACHINE_H

#include "rules.h"

/* Returns 1, 0 for no result, or -1 where memory ran out. */
typedef int (*PointFunction)(const double *inputs, double *outputs);

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    PointFunction function;
    Py_ssize_t inputs, outputs;
    int releases;    /* the interpreter's lock, during the call */
    PyObject *owner; /* keeps the function where it is */
} MachineFunction;

#define NUMBERS_ON_STACK 64

static int called(PointFunction function, const double *inputs, double *outputs, int releases)
{
    if (!releases)
        return function(inputs, outputs);
    int code;
    Py_BEGIN_ALLOW_THREADS
    code = function(inputs, outputs);
    Py_END_ALLOW_THREADS
    return code;
}

static PyObject *machine_results(const double *out, Py_ssize_t count)
{
    if (count == 1)
        return PyFloat_FromDouble(out[0]);
    PyObject *results = PyTuple_New(count);
    for (Py_ssize_t i = 0; results != NULL && i < count; i++) {
        PyObject *number = PyFloat_FromDouble(out[i]);
        if (number == NULL)
            Py_CLEAR(results);
        else
            PyTuple_SET_ITEM(results, i, number);
    }
    return results;
}

static PyObject *machine_call(PyObject *self, PyObject *const *arguments, size_t flags, PyObject *keywords)
{
    MachineFunction *machine = (MachineFunction *)self;
    Py_ssize_t given = PyVectorcall_NARGS(flags);
    if (keywords != NULL && PyTuple_GET_SIZE(keywords) > 0) {
        PyErr_SetString(PyExc_TypeError, "machine code takes its numbers by position, not by name");
        return NULL;
    }
    if (given != machine->inputs)
        return PyErr_Format(
            PyExc_TypeError, "this machine code takes %zd numbers, not %zd", machine->inputs, given);
    double few[NUMBERS_ON_STACK], *numbers = few;
    if (machine->inputs + machine->outputs > NUMBERS_ON_STACK) {
        numbers = PyMem_Malloc((size_t)(machine->inputs + machine->outputs) * sizeof(double));
        if (numbers == NULL)
            return PyErr_NoMemory();
    }
    double *out = numbers + machine->inputs;
    PyObject *results = NULL;
    for (Py_ssize_t i = 0; i < given; i++)
        if (real(arguments[i], &numbers[i]) < 0)
            goto done;
    int code = called(machine->function, numbers, out, machine->releases);
    if (code > 0)
        results = machine_results(out, machine->outputs);
    else if (code == 0)
        results = Py_NewRef(Py_None);
    else
        PyErr_NoMemory();
done:
    if (numbers != few)
        PyMem_Free(numbers);
    return results;
}

/* split_columns(columns): which are no floats, as bytes; the floats, packed; the others, as a list. */
static PyObject *split_columns(PyObject *Py_UNUSED(module), PyObject *columns)
{
    PyObject *items = PySequence_Fast(columns, "columns are a sequence of floats and arrays");
    if (items == NULL)
        return NULL;
    Py_ssize_t count = PySequence_Fast_GET_SIZE(items), floats = 0;
    PyObject *varying = PyBytes_FromStringAndSize(NULL, count), *arrays = PyList_New(0), *result = NULL;
    PyObject *numbers = PyByteArray_FromStringAndSize(NULL, count * (Py_ssize_t)sizeof(double));
    if (varying == NULL || arrays == NULL || numbers == NULL)
        goto done;
    char *varies = PyBytes_AS_STRING(varying), *packed = PyByteArray_AS_STRING(numbers);
    for (Py_ssize_t i = 0; i < count; i++) {
        PyObject *item = PySequence_Fast_GET_ITEM(items, i);
        varies[i] = !PyFloat_Check(item);
        if (!varies[i])
            memcpy(packed + floats++ * sizeof(double), &((PyFloatObject *)item)->ob_fval, sizeof(double));
        else if (PyList_Append(arrays, item) < 0)
            goto done;
    }
    if (PyByteArray_Resize(numbers, floats * (Py_ssize_t)sizeof(double)) == 0)
        result = PyTuple_Pack(3, varying, numbers, arrays);
done:
    Py_DECREF(items);
    Py_XDECREF(varying);
    Py_XDECREF(numbers);
    Py_XDECREF(arrays);
    return result;
}

typedef int (*RowsFunction)(
    const double *shared, const double *const *columns, int64_t first, int64_t last, double *const *outputs,
    char *missed);

/* The bytes of what has some, contiguous: 0, or -1 with an exception set. */
static int view_of(PyObject *thing, Py_buffer *view, int writable)
{
    return PyObject_GetBuffer(thing, view, writable ? PyBUF_WRITABLE : PyBUF_SIMPLE);
}

/* call_point(address, inputs, outputs, releases): what the function returns, which fills the outputs.

   Both have the bytes of doubles; that they are enough of them is for the caller to know. */
static PyObject *call_point(PyObject *Py_UNUSED(module), PyObject *args)
{
    unsigned long long address;
    PyObject *inputs_object, *outputs_object;
    int releases;
    if (!PyArg_ParseTuple(args, "KOOp", &address, &inputs_object, &outputs_object, &releases))
        return NULL;
    Py_buffer inputs, outputs;
    if (view_of(inputs_object, &inputs, 0) < 0)
        return NULL;
    if (view_of(outputs_object, &outputs, 1) < 0) {
        PyBuffer_Release(&inputs);
        return NULL;
    }
    int code = called((PointFunction)(uintptr_t)address, inputs.buf, outputs.buf, releases);
    PyBuffer_Release(&inputs);
    PyBuffer_Release(&outputs);
    return PyLong_FromLong(code);
}

/* call_rows(address, shared, columns, outputs, count, missed, first, last): what the function returns.

   `shared` and each of the list of columns have the bytes of doubles, `outputs` those of as many arrays as
   `count` says, one after another.  What is long enough for the rows up to `last` is for the caller to know. */
static PyObject *call_rows(PyObject *Py_UNUSED(module), PyObject *args)
{
    unsigned long long address;
    PyObject *shared_object, *columns, *outputs_object, *missed_object, *result = NULL;
    Py_ssize_t count, first, last, opened = 0;
    if (!PyArg_ParseTuple(
            args, "KOO!OnOnn", &address, &shared_object, &PyList_Type, &columns, &outputs_object, &count,
            &missed_object, &first, &last))
        return NULL;
    Py_ssize_t given = PyList_GET_SIZE(columns);
    Py_buffer *views = PyMem_Calloc((size_t)given + 3, sizeof(Py_buffer));
    void **places = PyMem_Malloc((size_t)(given + count + 1) * sizeof(void *));
    if (views == NULL || places == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    for (; opened < given; opened++) {
        if (view_of(PyList_GET_ITEM(columns, opened), &views[opened], 0) < 0)
            goto done;
        places[opened] = views[opened].buf;
    }
    Py_buffer *shared = &views[opened];
    if (view_of(shared_object, shared, 0) < 0)
        goto done;
    Py_buffer *outputs = &views[++opened];
    if (view_of(outputs_object, outputs, 1) < 0)
        goto done;
    Py_buffer *missed = &views[++opened];
    if (missed_object != Py_None) {
        if (view_of(missed_object, missed, 1) < 0)
            goto done;
        opened++;
    }
    for (Py_ssize_t i = 0; i < count; i++)
        places[given + i] = (char *)outputs->buf + outputs->len / count * i;
    int code;
    Py_BEGIN_ALLOW_THREADS
    code = ((RowsFunction)(uintptr_t)address)(
        shared->buf, (const double *const *)places, first, last, (double *const *)(places + given), missed->buf);
    Py_END_ALLOW_THREADS
    result = PyLong_FromLong(code);
done:
    for (Py_ssize_t i = 0; views != NULL && i < opened; i++)
        PyBuffer_Release(&views[i]);
    PyMem_Free(views);
    PyMem_Free(places);
    return result;
}

static PyObject *machine_new(PyTypeObject *type, PyObject *args, PyObject *keywords)
{
    static char *names[] = {"address", "inputs", "outputs", "owner", "releases", NULL};
    unsigned long long address;
    Py_ssize_t inputs, outputs;
    PyObject *owner;
    int releases;
    if (!PyArg_ParseTupleAndKeywords(
            args, keywords, "KnnOp", names, &address, &inputs, &outputs, &owner, &releases))
        return NULL;
    if (address == 0 || inputs < 0 || outputs < 0) {
        PyErr_SetString(PyExc_ValueError, "machine code has an address, and no negative number of numbers");
        return NULL;
    }
    MachineFunction *machine = (MachineFunction *)type->tp_alloc(type, 0);
    if (machine == NULL)
        return NULL;
    machine->call = machine_call;
    machine->function = (PointFunction)(uintptr_t)address;
    machine->inputs = inputs;
    machine->outputs = outputs;
    machine->releases = releases;
    machine->owner = Py_NewRef(owner);
    return (PyObject *)machine;
}

static void machine_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    Py_XDECREF(((MachineFunction *)self)->owner);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef machine_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(MachineFunction, call), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyType_Slot machine_slots[] = {
    {Py_tp_doc, "MachineFunction(address, inputs, outputs, owner, releases)\n--\n\n"
                "The function of machine code at `address`, for as long as `owner` lives, of so many numbers.\n\n"
                "It returns a float, a tuple of floats unless there is exactly one output, or None."},
    {Py_tp_new, machine_new},
    {Py_tp_dealloc, machine_dealloc},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, machine_members},
    {0, NULL},
};

static PyType_Spec machine_specification = {
    .name = "autograd._core.value.MachineFunction",
    .basicsize = sizeof(MachineFunction),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_VECTORCALL | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = machine_slots,
};

#endif
