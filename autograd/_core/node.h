/* A node of the graph: a number, how it was computed, and what few nodes bear besides. */

#ifndef AUTOGRAD_NODE_H
#define AUTOGRAD_NODE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <structmember.h>
#include <math.h>
#include <stdint.h>

#ifdef Py_GIL_DISABLED
#error "the engine in C relies on the interpreter's lock: without it the engine in Python is used"
#endif

#if defined(__GNUC__) || defined(__clang__)
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)
#define INLINE inline __attribute__((always_inline))
#define NOINLINE __attribute__((noinline))
#else
#define INLINE inline
#define NOINLINE
#define UNLIKELY(condition) (condition)
#endif

/* A label, a scope, the line of the user's program, and the arguments that do not fit into a node.  Nodes
   that have nothing but their scope share one block. */
typedef struct {
    Py_ssize_t users;
    PyObject *label;     /* a str, or NULL for "" */
    PyObject *scope;     /* a tuple of str, or NULL for () */
    PyObject *origin;    /* a str, or NULL */
    PyObject *arguments; /* a tuple of Values and floats, or NULL where they lie in the node */
    double partials[];   /* one for each of these arguments */
} Rare;

typedef struct Node Node;

struct Node {
    PyObject_HEAD
    double data;
    double grad; /* counts only where HAS_GRAD is set */
    double dx;   /* the partial by x; of a leaf, during a sweep, the gradient it had before */
    double dy;   /* the partial by y, or the number among two arguments */
    Node *x;     /* the first argument that is a Value, and */
    Node *y;     /* the second of two; NULL where there is none */
    Rare *rare;
    PyObject *weakrefs;
    uint32_t row;   /* the number of its primitive, or LEAF */
    uint16_t slab;  /* where its memory comes from, or NO_SLAB */
    uint8_t layout; /* how the arguments lie in it */
    uint8_t state;  /* the bits below */
};

#define LEAF UINT32_MAX
#define NO_SLAB UINT16_MAX

/* The layouts: a further one concerns `place`, `forget_arguments`, `walk`, `hand_on`, `get_arguments` and
   `get_partials`. */
enum {
    NO_ARGUMENTS,
    X,        /* f(v) */
    X_Y,      /* f(v, w) */
    X_NUMBER, /* f(v, 2.0) */
    NUMBER_X, /* f(2.0, v) */
    MANY,     /* all of them in a block of their own */
};

/* The bits of the state. */
enum {
    HAS_GRAD = 1, /* something has set `grad` since it was cleared */
    HAD_GRAD = 2, /* the same before the sweep in progress */
    VISITED = 4,  /* by the sort in progress */
};

#if UINTPTR_MAX == UINT64_MAX && !defined(Py_TRACE_REFS)
_Static_assert(sizeof(Node) <= 100, "a node of one or two arguments takes at most 100 bytes");
#endif

static PyTypeObject *value_type;
static PyTypeObject *condition_type;

static inline int is_value(PyObject *object)
{
    return PyObject_TypeCheck(object, value_type);
}

/* --- What is rare --------------------------------------------------------------------------------- */

static Rare *rare_new(Py_ssize_t arguments)
{
    Rare *rare = PyMem_Malloc(sizeof(Rare) + (size_t)arguments * sizeof(double));
    if (rare == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    rare->users = 1;
    rare->label = rare->scope = rare->origin = rare->arguments = NULL;
    return rare;
}

static void rare_free(Rare *rare)
{
    if (rare == NULL || --rare->users > 0)
        return;
    PyObject *held[] = {rare->label, rare->scope, rare->origin, rare->arguments};
    PyMem_Free(rare);
    for (size_t i = 0; i < Py_ARRAY_LENGTH(held); i++)
        Py_XDECREF(held[i]);
}

/* The block of this node alone, to be written to; NULL with MemoryError set. */
static Rare *own_rare(Node *node)
{
    Rare *shared = node->rare;
    if (shared != NULL && shared->users == 1)
        return shared;
    Rare *own = rare_new(0);
    if (own == NULL)
        return NULL;
    if (shared != NULL) { /* what is shared has no arguments */
        own->label = Py_XNewRef(shared->label);
        own->scope = Py_XNewRef(shared->scope);
        own->origin = Py_XNewRef(shared->origin);
        rare_free(shared);
    }
    return node->rare = own;
}

static inline PyObject *argument_of(const Node *node, Py_ssize_t position)
{
    return PyTuple_GET_ITEM(node->rare->arguments, position);
}

static inline Py_ssize_t argument_count(const Node *node)
{
    return PyTuple_GET_SIZE(node->rare->arguments);
}

#endif
