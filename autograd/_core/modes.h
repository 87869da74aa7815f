/* The modes in force in this thread, which `autograd.modes` holds, and what they make of a new node. */

#ifndef AUTOGRAD_MODES_H
#define AUTOGRAD_MODES_H

#include "memory.h"

static PyObject *modes_active;  /* a list: empty where no thread has entered a mode */
static PyObject *modes_current; /* a threading.local */
static PyObject *modes_origin;  /* a function: the user's file and line */
static PyObject *check_finite;

static inline int in_force(void)
{
    return PyList_GET_SIZE(modes_active) != 0;
}

typedef struct {
    PyObject *scope; /* a tuple that is not empty, or NULL */
    PyObject *trace; /* a Trace, or NULL */
    int paused;
    int watched;
} Modes;

static PyObject *name_dict, *name_scope, *name_trace, *name_paused, *name_watched;

/* What this thread's attribute is, if it was ever set, else NULL: borrowed, good until Python code runs. */
static PyObject *mode(PyObject *attributes, PyObject *name)
{
    return PyDict_GetItemWithError(attributes, name);
}

/* Returns -1 with an exception set.  What it finds is borrowed. */
static int read_modes(Modes *modes)
{
    memset(modes, 0, sizeof(Modes));
    PyObject *attributes = PyObject_GetAttr(modes_current, name_dict);
    if (attributes == NULL)
        return -1;
    PyObject *scope = mode(attributes, name_scope), *trace = mode(attributes, name_trace);
    PyObject *paused = mode(attributes, name_paused), *watched = mode(attributes, name_watched);
    Py_DECREF(attributes); /* the thread keeps it */
    if (PyErr_Occurred())
        return -1;
    int is_sound = (scope == NULL || PyTuple_Check(scope)) && (paused == NULL || PyLong_CheckExact(paused))
                   && (watched == NULL || PyLong_CheckExact(watched));
    if (!is_sound) {
        PyErr_SetString(PyExc_TypeError, "the modes of this thread are not as autograd.modes sets them");
        return -1;
    }
    modes->scope = scope != NULL && PyTuple_GET_SIZE(scope) > 0 ? scope : NULL;
    modes->trace = trace == Py_None ? NULL : trace;
    modes->paused = paused != NULL && PyObject_IsTrue(paused);
    modes->watched = watched != NULL && PyObject_IsTrue(watched);
    return 0;
}

/* The trace being recorded in this thread: 1 and a new reference, 0 if there is none, -1 for an exception. */
static int tracing(PyObject **trace)
{
    Modes modes;
    if (!in_force())
        return 0;
    if (read_modes(&modes) < 0)
        return -1;
    if (trace != NULL)
        *trace = Py_XNewRef(modes.trace);
    return modes.trace != NULL;
}

/* Gives a node the scope in force.  Nodes of one scope share one block for it. */
static int set_scope(Node *node, PyObject *scope)
{
    static Rare *recent; /* the block of the scope seen last, which it keeps alive */
    if (node->rare != NULL) {
        Rare *own = own_rare(node);
        if (own != NULL)
            Py_XSETREF(own->scope, Py_NewRef(scope));
        return own == NULL ? -1 : 0;
    }
    if (recent != NULL && recent->scope == scope) {
        recent->users++;
        node->rare = recent;
        return 0;
    }
    Rare *rare = rare_new(0), *older = recent;
    if (rare == NULL)
        return -1;
    rare->scope = Py_NewRef(scope);
    rare->users++;
    node->rare = recent = rare;
    rare_free(older);
    return 0;
}

static int set_origin(Node *node)
{
    PyObject *origin = PyObject_CallNoArgs(modes_origin);
    Rare *own = origin == NULL ? NULL : own_rare(node);
    if (own == NULL) {
        Py_XDECREF(origin);
        return -1;
    }
    Py_XSETREF(own->origin, origin);
    return 0;
}

/* Raises ArithmeticError if the number, which belongs to the node, is nan or infinite. */
static int require_finite(const char *what, Node *node, double number)
{
    if (isfinite(number))
        return 0;
    PyObject *done = PyObject_CallFunction(check_finite, "sOd", what, node, number);
    Py_XDECREF(done);
    return done == NULL ? -1 : 0;
}

/* Lets go of the arguments, which makes the node a leaf. */
static void forget_arguments(Node *node)
{
    Node *x = node->x, *y = node->y;
    PyObject *arguments = NULL;
    node->x = node->y = NULL;
    if (node->layout == MANY) {
        arguments = node->rare->arguments;
        node->rare->arguments = NULL;
    }
    node->layout = NO_ARGUMENTS;
    node->row = LEAF;
    Py_XDECREF(x);
    Py_XDECREF(y);
    Py_XDECREF(arguments);
}

static uint32_t constant_row; /* of the primitive that hides its argument from a derivative */

static int hide_behind_constant(Node *node)
{
    PyObject *computed = PyObject_CallMethod((PyObject *)node, "__copy__", NULL);
    if (computed == NULL)
        return -1;
    forget_arguments(node);
    node->row = constant_row;
    node->layout = X;
    node->x = (Node *)computed;
    node->dx = 0.0;
    return 0;
}

/* Applies the modes in force to a node just made, which it takes: returns it, or NULL with an exception. */
static PyObject *apply_modes(Node *node)
{
    Modes modes;
    int failed = read_modes(&modes) < 0;
    if (!failed && modes.scope != NULL)
        failed = set_scope(node, modes.scope) < 0;
    int traced = modes.trace != NULL; /* what is borrowed ends here */
    if (!failed && modes.watched)
        failed = set_origin(node) < 0 || require_finite("", node, node->data) < 0;
    if (!failed && modes.paused && traced)
        failed = hide_behind_constant(node) < 0;
    else if (!failed && modes.paused)
        forget_arguments(node);
    if (failed) {
        Py_DECREF(node);
        return NULL;
    }
    return (PyObject *)node;
}

static inline PyObject *finished(Node *node)
{
    return UNLIKELY(in_force()) ? apply_modes(node) : (PyObject *)node;
}

#endif
