/* The rows of the table as this engine knows them, and the numbers that stand beside Values.

   A new primitive is a row of `primitives.py`: the build writes its formula in C, or leaves an algorithm to
   Python.  What a row's `c` calls beside the library stands in `straightline.py`. */

#ifndef AUTOGRAD_RULES_H
#define AUTOGRAD_RULES_H

#include "modes.h"

/* A row's value and partials in C, generated from the table.  Those that record take Values that exist. */
typedef struct {
    const char *name;
    Py_ssize_t arity;
    PyMethodDef method;                        /* of a row of one argument */
    PyObject *(*x)(Node *);                    /* records f(v), */
    PyObject *(*x_y)(Node *, Node *);          /* f(v, w), */
    PyObject *(*x_number)(Node *, double);     /* f(v, 2.0), */
    PyObject *(*number_x)(double, Node *);     /* f(2.0, v) */
    void (*compute)(const double *, double *, double *); /* of an array: the value and all partials */
} Formula;

typedef struct {
    PyObject *primitive;
    Formula formula; /* empty for a row that is computed in Python */
    Py_ssize_t arity;
    uint64_t selects; /* bit by position, the last for all beyond: a partial of 0 was not selected */
    int comparison;
    int variadic;
} Rule;

static Rule *rules;
static uint32_t rule_count;
static PyObject *rule_numbers; /* a dict from Primitive to its place among the rules */

static inline int skips(uint32_t row, Py_ssize_t position)
{
    return (int)(rules[row].selects >> (position < 63 ? position : 63) & 1);
}

/* The build keeps the compiler from replacing calls of the C library; these functions are exact. */
#if defined(__GNUC__) || defined(__clang__)
#define fabs __builtin_fabs
#define sqrt __builtin_sqrt
#define copysign __builtin_copysign
#endif

/* --- Numbers -------------------------------------------------------------------------------------- */

static PyObject *python_real; /* rows.real: the double nearest to a number of any kind, or TypeError */

static inline int is_plain_number(PyObject *thing)
{
    return PyFloat_CheckExact(thing) || PyLong_CheckExact(thing) || PyBool_Check(thing);
}

/* The double of what is a real number; -1 with an exception set for anything else. */
static int real(PyObject *thing, double *number)
{
    if (PyFloat_CheckExact(thing)) {
        *number = PyFloat_AS_DOUBLE(thing);
        return 0;
    }
    if (PyLong_CheckExact(thing) || PyBool_Check(thing)) {
        *number = PyLong_AsDouble(thing);
        if (*number != -1.0 || !PyErr_Occurred())
            return 0;
        PyErr_Clear(); /* too large: the Python function knows its sign */
    }
    PyObject *converted = PyObject_CallOneArg(python_real, thing);
    if (converted == NULL)
        return -1;
    *number = PyFloat_AsDouble(converted);
    Py_DECREF(converted);
    return *number == -1.0 && PyErr_Occurred() ? -1 : 0;
}

/* The same for the other operand of an operator: 1 if it is a number, 0 if it is none, -1 for an exception. */
static inline int operand(PyObject *thing, double *number)
{
    if (PyFloat_CheckExact(thing)) {
        *number = PyFloat_AS_DOUBLE(thing);
        return 1;
    }
    if (real(thing, number) == 0)
        return 1;
    if (!PyErr_ExceptionMatches(PyExc_TypeError))
        return -1;
    PyErr_Clear();
    return 0;
}

#endif
