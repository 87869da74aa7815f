/* The call of a compiled function from Python: ways known from earlier calls are tried before the long one. */

#ifndef AUTOGRAD_DISPATCH_H
#define AUTOGRAD_DISPATCH_H

#include "way.h"

static PyObject *name_at_length;

typedef struct {
    PyObject_HEAD
    vectorcallfunc call;
    PyObject *ways; /* a tuple */
} Dispatcher;

static PyObject *dispatch(PyObject *self, PyObject *const *arguments, size_t flags, PyObject *keywords)
{
    Py_ssize_t given = PyVectorcall_NARGS(flags);
    if ((keywords == NULL || PyTuple_GET_SIZE(keywords) == 0) && !in_force()) {
        PyObject *ways = Py_NewRef(((Dispatcher *)self)->ways); /* which the call may replace */
        PyObject *found = Py_NewRef(Py_None);
        for (Py_ssize_t i = 0; found == Py_None && i < PyTuple_GET_SIZE(ways); i++)
            Py_SETREF(found, PyObject_Vectorcall(PyTuple_GET_ITEM(ways, i), arguments, (size_t)given, NULL));
        Py_DECREF(ways);
        if (found != Py_None)
            return found;
        Py_DECREF(found);
    }
    PyObject *at_length = PyObject_GetAttr(self, name_at_length);
    PyObject *found = at_length == NULL ? NULL : PyObject_Vectorcall(at_length, arguments, (size_t)given, keywords);
    Py_XDECREF(at_length);
    return found;
}

static PyObject *dispatcher_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(keywords))
{
    Dispatcher *dispatcher = (Dispatcher *)type->tp_alloc(type, 0);
    if (dispatcher == NULL)
        return NULL;
    dispatcher->call = dispatch;
    dispatcher->ways = PyTuple_New(0);
    if (dispatcher->ways == NULL)
        Py_CLEAR(dispatcher);
    return (PyObject *)dispatcher;
}

/* A class written in Python calls its instances by vectorcall from Python 3.12 on, and here before it too. */
static PyObject *dispatcher_init_subclass(PyObject *subclass, PyObject *Py_UNUSED(nothing))
{
    PyTypeObject *type = (PyTypeObject *)subclass;
    if (type->tp_call == PyVectorcall_Call) {
        type->tp_vectorcall_offset = offsetof(Dispatcher, call);
        type->tp_flags |= Py_TPFLAGS_HAVE_VECTORCALL;
    }
    Py_RETURN_NONE;
}

static PyObject *get_ways(PyObject *self, void *Py_UNUSED(closure))
{
    return Py_NewRef(((Dispatcher *)self)->ways);
}

static int set_ways(PyObject *self, PyObject *ways, void *Py_UNUSED(closure))
{
    if (ways == NULL || !PyTuple_Check(ways)) {
        PyErr_SetString(PyExc_TypeError, "ways are a tuple of what takes the arguments");
        return -1;
    }
    Py_SETREF(((Dispatcher *)self)->ways, Py_NewRef(ways));
    return 0;
}

static int dispatcher_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((Dispatcher *)self)->ways);
    return 0;
}

static int dispatcher_clear(PyObject *self)
{
    PyObject *none = PyTuple_New(0); /* there is one, which is always at hand */
    Py_XSETREF(((Dispatcher *)self)->ways, none);
    return 0;
}

static void dispatcher_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_XDECREF(((Dispatcher *)self)->ways);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef dispatcher_members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(Dispatcher, call), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static PyGetSetDef dispatcher_attributes[] = {
    {"ways", get_ways, set_ways, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef dispatcher_methods[] = {
    {"__init_subclass__", dispatcher_init_subclass, METH_CLASS | METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot dispatcher_slots[] = {
    {Py_tp_doc, "What is called by the first of its `ways` that does not return None, or else by its own\n"
                "method `_at_length`: so it is with keywords, and where any mode is active."},
    {Py_tp_new, dispatcher_new},
    {Py_tp_traverse, dispatcher_traverse},
    {Py_tp_clear, dispatcher_clear},
    {Py_tp_dealloc, dispatcher_dealloc},
    {Py_tp_call, PyVectorcall_Call},
    {Py_tp_members, dispatcher_members},
    {Py_tp_getset, dispatcher_attributes},
    {Py_tp_methods, dispatcher_methods},
    {0, NULL},
};

static PyType_Spec dispatcher_specification = {
    .name = "autograd._core.value.Dispatcher",
    .basicsize = sizeof(Dispatcher),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL
             | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = dispatcher_slots,
};

/* Adds what Python sees of machine code to the module; -1 with an exception set. */
static int add_machine(PyObject *module)
{
    struct {
        const char *name;
        PyType_Spec *specification;
        PyTypeObject **type;
    } types[] = {
        {"MachineFunction", &machine_specification, NULL},
        {"Block", &block_specification, &block_type},
        {"Route", &route_specification, &route_type},
        {"Way", &way_specification, NULL},
        {"Dispatcher", &dispatcher_specification, NULL},
    };
    for (size_t i = 0; i < Py_ARRAY_LENGTH(types); i++) {
        PyObject *type = PyType_FromSpec(types[i].specification);
        if (type == NULL || PyModule_AddObjectRef(module, types[i].name, type) < 0) {
            Py_XDECREF(type);
            return -1;
        }
        if (types[i].type != NULL)
            *types[i].type = (PyTypeObject *)type; /* kept for good */
        else
            Py_DECREF(type);
    }
    return (name_paths = PyUnicode_InternFromString("paths")) == NULL
                   || (name_routes = PyUnicode_InternFromString("routes")) == NULL
                   || (name_use_first = PyUnicode_InternFromString("use_first")) == NULL
                   || (name_at_length = PyUnicode_InternFromString("_at_length")) == NULL
                   || (name_plain_data = PyUnicode_InternFromString("_data")) == NULL
               ? -1
               : 0;
}

#endif
