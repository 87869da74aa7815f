/* The recording of an operation: a node with its value, its arguments and its partials. */

#ifndef AUTOGRAD_RECORD_H
#define AUTOGRAD_RECORD_H

#include "rules.h"

/* A node without arguments; NULL with MemoryError set. */
static INLINE Node *new_node(uint32_t row, uint8_t layout, double data)
{
    Node *node = allocate();
    if (UNLIKELY(node == NULL))
        return NULL;
    node->data = data;
    node->x = node->y = NULL;
    node->rare = NULL;
    node->weakrefs = NULL;
    node->row = row;
    node->layout = layout;
    node->state = 0;
    return node;
}

static inline PyObject *recorded_x(uint32_t row, Node *x, double out, double dx)
{
    Node *node = new_node(row, X, out);
    if (UNLIKELY(node == NULL))
        return NULL;
    node->dx = dx;
    node->x = (Node *)Py_NewRef(x);
    return finished(node);
}

static inline PyObject *recorded_x_y(uint32_t row, Node *x, Node *y, double out, double dx, double dy)
{
    Node *node = new_node(row, X_Y, out);
    if (UNLIKELY(node == NULL))
        return NULL;
    node->dx = dx;
    node->dy = dy;
    node->x = (Node *)Py_NewRef(x);
    node->y = (Node *)Py_NewRef(y);
    return finished(node);
}

/* With a number before or after x, as the layout says. */
static inline PyObject *recorded_x_and_number(
    uint32_t row, uint8_t layout, Node *x, double number, double out, double dx)
{
    Node *node = new_node(row, layout, out);
    if (UNLIKELY(node == NULL))
        return NULL;
    node->dx = dx;
    node->dy = number;
    node->x = (Node *)Py_NewRef(x);
    return finished(node);
}

/* What follows turns the generated functions of a row, which compute, into those that record.  `name` is the
   row's, ROW_name its number. */

#define UNARY(name)                                                       \
    static PyObject *record_##name(Node *x)                               \
    {                                                                     \
        double out, dx;                                                   \
        name##_by_x(x->data, &out, &dx);                                  \
        return recorded_x(ROW_##name, x, out, dx);                          \
    }                                                                     \
    static PyObject *method_##name(PyObject *x, PyObject *Py_UNUSED(no))  \
    {                                                                     \
        return record_##name((Node *)x);                                  \
    }                                                                     \
    static void name##_by_all(const double *x, double *out, double *dx)   \
    {                                                                     \
        name##_by_x(x[0], out, dx);                                       \
    }

#define BINARY(name)                                                      \
    static PyObject *record_##name##_x_y(Node *x, Node *y)                \
    {                                                                     \
        double out, dx, dy;                                               \
        name##_by_x_y(x->data, y->data, &out, &dx, &dy);                  \
        return recorded_x_y(ROW_##name, x, y, out, dx, dy);                 \
    }                                                                     \
    static PyObject *record_##name##_x_number(Node *x, double y)          \
    {                                                                     \
        double out, dx;                                                   \
        name##_by_x(x->data, y, &out, &dx);                               \
        return recorded_x_and_number(ROW_##name, X_NUMBER, x, y, out, dx);  \
    }                                                                     \
    static PyObject *record_##name##_number_x(double x, Node *y)          \
    {                                                                     \
        double out, dy;                                                   \
        name##_by_y(x, y->data, &out, &dy);                               \
        return recorded_x_and_number(ROW_##name, NUMBER_X, y, x, out, dy);  \
    }                                                                     \
    static void name##_by_all(const double *x, double *out, double *dx)   \
    {                                                                     \
        name##_by_x_y(x[0], x[1], out, &dx[0], &dx[1]);                   \
    }

#define UNARY_FORMULA(text)                                                        \
    {                                                                              \
        .name = #text, .arity = 1, .compute = text##_by_all, .x = record_##text,   \
        .method = {#text, method_##text, METH_NOARGS, #text "($self, /)\n--\n\n"}, \
    }
#define BINARY_FORMULA(text)                                                                  \
    {                                                                                         \
        .name = #text, .arity = 2, .compute = text##_by_all, .x_y = record_##text##_x_y,      \
        .x_number = record_##text##_x_number, .number_x = record_##text##_number_x,           \
    }
#define GENERAL_FORMULA(text, count) {.name = #text, .arity = count, .compute = text##_by_all}

/* --- Any row on any mixture of Values and numbers ------------------------------------------------- */

#define USUAL_ARGUMENTS 8

/* Gives a node that has none its arguments, a tuple of Values and floats, and their partials. */
static int place(Node *node, PyObject *arguments, const double *partials)
{
    Py_ssize_t count = PyTuple_GET_SIZE(arguments);
    PyObject *first = count > 0 ? PyTuple_GET_ITEM(arguments, 0) : NULL;
    PyObject *second = count > 1 ? PyTuple_GET_ITEM(arguments, 1) : NULL;
    int first_is_value = count > 0 && is_value(first), second_is_value = count > 1 && is_value(second);
    if (count == 1 && first_is_value) {
        node->layout = X;
        node->x = (Node *)Py_NewRef(first);
        node->dx = partials[0];
    }
    else if (count == 2 && (first_is_value || second_is_value)) {
        node->layout = first_is_value ? second_is_value ? X_Y : X_NUMBER : NUMBER_X;
        node->x = (Node *)Py_NewRef(first_is_value ? first : second);
        node->dx = partials[first_is_value ? 0 : 1];
        if (first_is_value && second_is_value)
            node->y = (Node *)Py_NewRef(second);
        node->dy = node->layout == X_Y        ? partials[1]
                   : node->layout == X_NUMBER ? PyFloat_AS_DOUBLE(second)
                                              : PyFloat_AS_DOUBLE(first);
    }
    else if (count > 0) {
        Rare *rare = rare_new(count);
        if (rare == NULL)
            return -1;
        rare->arguments = Py_NewRef(arguments);
        memcpy(rare->partials, partials, (size_t)count * sizeof(double));
        node->rare = rare;
        node->layout = MANY;
    }
    return 0;
}

/* The number of a Value or of a float. */
static inline double number_of(PyObject *operand)
{
    return is_value(operand) ? ((Node *)operand)->data : PyFloat_AS_DOUBLE(operand);
}

/* A leaf of the type given, a subclass's too; NULL with an exception set. */
static Node *new_leaf(PyTypeObject *type, double data)
{
    if (type == value_type)
        return new_node(LEAF, NO_ARGUMENTS, data);
    Node *node = (Node *)type->tp_alloc(type, 0);
    if (node == NULL)
        return NULL;
    node->data = data;
    node->row = LEAF;
    node->slab = NO_SLAB;
    node->layout = NO_ARGUMENTS;
    return node;
}

/* The value of a row that is computed in Python, as it came, and, where they are asked for, its partials. */
static PyObject *call_row(PyObject *primitive, PyObject *operands, double *partials)
{
    Py_ssize_t count = PyTuple_GET_SIZE(operands);
    PyObject *numbers = PyTuple_New(count), *value = NULL, *out = NULL, *converted = NULL;
    double number;
    for (Py_ssize_t i = 0; numbers != NULL && i < count; i++) {
        PyObject *operand = PyFloat_FromDouble(number_of(PyTuple_GET_ITEM(operands, i)));
        if (operand == NULL)
            Py_CLEAR(numbers);
        else
            PyTuple_SET_ITEM(numbers, i, operand);
    }
    if (numbers == NULL || (value = PyObject_GetAttrString(primitive, "value")) == NULL)
        goto done;
    out = PyObject_CallObject(value, numbers);
    if (out == NULL || partials == NULL)
        goto done;
    if (real(out, &number) == 0)
        converted = PyFloat_FromDouble(number);
    int failed = converted == NULL;
    for (Py_ssize_t i = 0; !failed && i < count; i++) {
        partials[i] = 0.0;
        if (!is_value(PyTuple_GET_ITEM(operands, i)))
            continue;
        PyObject *partial = PyObject_CallMethod(primitive, "local_derivative", "nOO", i, numbers, converted);
        failed = partial == NULL || real(partial, &partials[i]) < 0;
        Py_XDECREF(partial);
    }
    if (failed)
        Py_CLEAR(out);
done:
    Py_XDECREF(converted);
    Py_XDECREF(value);
    Py_XDECREF(numbers);
    return out;
}

/* The same of a row with a formula, whose partials are always computed. */
static PyObject *compute_row(const Rule *rule, PyObject *operands, double *partials)
{
    Py_ssize_t count = PyTuple_GET_SIZE(operands);
    double numbers[USUAL_ARGUMENTS], out;
    for (Py_ssize_t i = 0; i < count; i++)
        numbers[i] = number_of(PyTuple_GET_ITEM(operands, i));
    rule->formula.compute(numbers, &out, partials);
    for (Py_ssize_t i = 0; i < count; i++)
        if (!is_value(PyTuple_GET_ITEM(operands, i)))
            partials[i] = 0.0;
    return rule->comparison ? PyBool_FromLong(out != 0.0) : PyFloat_FromDouble(out);
}

/* Records a row on operands, Values and floats; of a comparison outside a trace, the plain truth value. */
static PyObject *apply_row(uint32_t row, PyObject *operands)
{
    Rule rule = rules[row]; /* a copy, because a row that is called may declare others */
    Py_ssize_t count = PyTuple_GET_SIZE(operands);
    double usual[USUAL_ARGUMENTS], *partials = usual, data;
    Node *node = NULL;
    int is_recorded = rule.comparison ? tracing(NULL) : 1;
    if (is_recorded < 0)
        return NULL;
    if (count > USUAL_ARGUMENTS && (partials = PyMem_Malloc((size_t)count * sizeof(double))) == NULL)
        return PyErr_NoMemory();
    PyObject *out = rule.formula.compute != NULL
                        ? compute_row(&rule, operands, partials)
                        : call_row(rule.primitive, operands, is_recorded ? partials : NULL);
    if (is_recorded && out != NULL && real(out, &data) == 0) {
        node = new_leaf(rule.comparison ? condition_type : value_type, data);
        if (node != NULL && place(node, operands, partials) < 0)
            Py_CLEAR(node);
    }
    if (partials != usual)
        PyMem_Free(partials);
    if (!is_recorded)
        return out;
    Py_XDECREF(out);
    if (node == NULL)
        return NULL;
    node->row = row;
    return finished(node);
}

/* Records a row on arguments as a user gives them, with a Value among them. */
static PyObject *apply_to(uint32_t row, PyObject *const *arguments, Py_ssize_t count)
{
    Formula formula = rules[row].formula; /* a copy, because a number's conversion may declare rows */
    if (formula.x != NULL)
        return formula.x((Node *)arguments[0]);
    if (formula.x_y != NULL) {
        double number;
        if (!is_value(arguments[1]))
            return real(arguments[1], &number) < 0 ? NULL : formula.x_number((Node *)arguments[0], number);
        if (!is_value(arguments[0]))
            return real(arguments[0], &number) < 0 ? NULL : formula.number_x(number, (Node *)arguments[1]);
        return formula.x_y((Node *)arguments[0], (Node *)arguments[1]);
    }
    PyObject *operands = PyTuple_New(count), *result = NULL;
    for (Py_ssize_t i = 0; operands != NULL && i < count; i++) {
        PyObject *operand = Py_NewRef(arguments[i]);
        if (!is_value(operand) && !PyFloat_CheckExact(operand)) {
            double converted;
            int failed = real(operand, &converted) < 0;
            Py_SETREF(operand, failed ? NULL : PyFloat_FromDouble(converted));
        }
        if (operand == NULL)
            Py_CLEAR(operands);
        else
            PyTuple_SET_ITEM(operands, i, operand);
    }
    if (operands != NULL)
        result = apply_row(row, operands);
    Py_XDECREF(operands);
    return result;
}

/* The number of a declared row; -1 if there is none, perhaps with an exception set. */
static int64_t find_rule(PyObject *primitive)
{
    PyObject *number = PyDict_GetItemWithError(rule_numbers, primitive);
    return number == NULL ? -1 : (int64_t)PyLong_AsUnsignedLong(number);
}

static inline int takes(uint32_t row, Py_ssize_t count)
{
    return count == rules[row].arity || (rules[row].variadic && count > rules[row].arity);
}

/* Value._apply_primitive(primitive, arguments): any row on any mixture of Values and numbers. */
static PyObject *apply_primitive(PyObject *Py_UNUSED(type), PyObject *const *given, Py_ssize_t count)
{
    if (count != 2 || !PyTuple_Check(given[1])) {
        PyErr_SetString(PyExc_TypeError, "_apply_primitive takes a primitive and a tuple of its arguments");
        return NULL;
    }
    int64_t row = find_rule(given[0]);
    if (row < 0) {
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_TypeError, "expected a primitive of the table, not %R", given[0]);
        return NULL;
    }
    PyObject *const *arguments = &PyTuple_GET_ITEM(given[1], 0);
    Py_ssize_t arity = PyTuple_GET_SIZE(given[1]);
    int values = 0;
    for (Py_ssize_t i = 0; i < arity; i++)
        values += is_value(arguments[i]);
    if (!takes((uint32_t)row, arity) || values == 0) {
        PyErr_Format(PyExc_TypeError, "%R does not take %zd arguments with %d Values", given[0], arity, values);
        return NULL;
    }
    return apply_to((uint32_t)row, arguments, arity);
}

/* A method's arguments as Python passes them to a function: a tuple that begins with self. */
static PyObject *with_self(PyObject *self, PyObject *const *args, Py_ssize_t count)
{
    PyObject *all = PyTuple_New(count + 1);
    if (all == NULL)
        return NULL;
    PyTuple_SET_ITEM(all, 0, Py_NewRef(self));
    for (Py_ssize_t i = 0; i < count; i++)
        PyTuple_SET_ITEM(all, i + 1, Py_NewRef(args[i]));
    return all;
}

/* The keyword arguments of a call as a dict. */
static PyObject *named_arguments(PyObject *const *values, PyObject *keywords)
{
    PyObject *named = PyDict_New();
    for (Py_ssize_t i = 0; named != NULL && keywords != NULL && i < PyTuple_GET_SIZE(keywords); i++)
        if (PyDict_SetItem(named, PyTuple_GET_ITEM(keywords, i), values[i]) < 0)
            Py_CLEAR(named);
    return named;
}

/* A call handed to a function in Python, which takes the arguments apart or says what is wrong with them. */
static PyObject *in_python(
    PyObject *function, PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    PyObject *all = with_self(self, args, count), *named = named_arguments(args + count, keywords);
    PyObject *result = all == NULL || named == NULL ? NULL : PyObject_Call(function, all, named);
    Py_XDECREF(all);
    Py_XDECREF(named);
    return result;
}

/* The value for numbers that Python has itself. */
static PyObject *compute_numbers(Rule rule, PyObject *const *arguments, Py_ssize_t count)
{
    double numbers[USUAL_ARGUMENTS], partials[USUAL_ARGUMENTS], out;
    for (Py_ssize_t i = 0; i < count; i++)
        if (real(arguments[i], &numbers[i]) < 0)
            return NULL;
    rule.formula.compute(numbers, &out, partials);
    return rule.comparison ? PyBool_FromLong(out != 0.0) : PyFloat_FromDouble(out);
}

static PyObject *python_call; /* Primitive.__call__ as it is written in Python */

/* primitive(*arguments): at once for Values, floats, ints and bools, and for anything else as in Python. */
static PyObject *call_primitive(
    PyObject *primitive, PyObject *const *arguments, Py_ssize_t count, PyObject *keywords)
{
    int64_t row = find_rule(primitive);
    if (row < 0 && PyErr_Occurred())
        return NULL;
    if (row >= 0 && keywords == NULL && takes((uint32_t)row, count)) {
        Py_ssize_t values = 0, numbers = 0;
        for (Py_ssize_t i = 0; i < count; i++) {
            values += is_value(arguments[i]);
            numbers += is_plain_number(arguments[i]);
        }
        if (values > 0 && values + numbers == count)
            return apply_to((uint32_t)row, arguments, count);
        if (numbers == count && rules[row].formula.compute != NULL)
            return compute_numbers(rules[row], arguments, count);
    }
    return in_python(python_call, primitive, arguments, count, keywords);
}

#endif
