/* `Value` in C: the same as `autograd/value.py`, to the last bit and to the word.

   The parts, each of which needs those before it: a node, its memory, the modes, the rules of the table, the
   recording of operations, the sweep; `formulas.h` is generated from the table when the extension is built.
   The lock is held throughout a call, and Python code runs in the middle of an operation only where a row is
   computed in Python, or in anomaly mode. */

#include "node.h"
#include "memory.h"
#include "modes.h"
#include "rules.h"
#include "record.h"
#include "sweep.h"
#include "formulas.h"

static PyObject *names;       /* the module autograd.node, whose functions refuse what cannot be */
static PyObject *checked;     /* copying.checked */
static PyObject *empty_name;  /* "" */
static PyObject *initial;     /* what gives the arguments of an unusual call of the constructor */

static PyObject *refuse(const char *function, PyObject *argument)
{
    return argument == NULL ? PyObject_CallMethod(names, function, NULL)
                            : PyObject_CallMethod(names, function, "O", argument);
}

/* --- Leaves --------------------------------------------------------------------------------------- */

/* Makes a leaf of the node, whatever it was before.  `label` may be NULL. */
static int initialise(Node *node, PyObject *data, PyObject *label)
{
    double number;
    if (real(data, &number) < 0)
        return -1;
    if (label != NULL && !PyUnicode_Check(label)) {
        int is_empty_tuple = PyTuple_Check(label) && PyTuple_GET_SIZE(label) == 0;
        if (!is_empty_tuple) {
            Py_XDECREF(refuse("refuse_label", label));
            return -1;
        }
        label = NULL;
    }
    if (label != NULL && PyUnicode_GetLength(label) == 0)
        label = NULL;
    if (UNLIKELY(node->layout != NO_ARGUMENTS))
        forget_arguments(node);
    node->data = number;
    clear_gradient(node);
    if (UNLIKELY(node->rare != NULL)) {
        Rare *rare = node->rare;
        node->rare = NULL;
        rare_free(rare);
    }
    if (label != NULL) {
        PyObject *exact = PyUnicode_FromObject(label); /* no subclass, which might refer to the node */
        Rare *own = exact == NULL ? NULL : own_rare(node);
        if (own == NULL) {
            Py_XDECREF(exact);
            return -1;
        }
        own->label = exact;
    }
    if (UNLIKELY(in_force())) {
        Modes modes;
        if (read_modes(&modes) < 0 || (modes.scope != NULL && set_scope(node, modes.scope) < 0)
            || (modes.watched && set_origin(node) < 0))
            return -1;
    }
    return 0;
}

static PyObject *value_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(keywords))
{
    return (PyObject *)new_leaf(type, 0.0);
}

static int value_init(PyObject *self, PyObject *args, PyObject *keywords)
{
    PyObject *data, *label, *operation, *children;
    Py_ssize_t count = PyTuple_GET_SIZE(args);
    if (keywords == NULL && (count == 1 || count == 2))
        return initialise(
            (Node *)self, PyTuple_GET_ITEM(args, 0), count == 2 ? PyTuple_GET_ITEM(args, 1) : NULL);
    PyObject *all = PyTuple_New(count + 1), *given = NULL;
    if (all == NULL)
        return -1;
    PyTuple_SET_ITEM(all, 0, Py_NewRef(self));
    for (Py_ssize_t i = 0; i < count; i++)
        PyTuple_SET_ITEM(all, i + 1, Py_NewRef(PyTuple_GET_ITEM(args, i)));
    given = PyObject_Call(initial, all, keywords);
    Py_DECREF(all);
    if (given == NULL)
        return -1;
    int failed = !PyArg_ParseTuple(given, "OOOO", &data, &label, &operation, &children);
    double number;
    failed = failed || real(data, &number) < 0; /* what is wrong is told in the order of the arguments */
    int has_operation = failed ? -1 : PyObject_IsTrue(operation);
    if (has_operation == 0)
        has_operation = PyObject_IsTrue(children);
    if (has_operation > 0)
        Py_XDECREF(refuse("refuse_operation", NULL));
    failed = has_operation != 0 || initialise((Node *)self, data, label) < 0;
    Py_DECREF(given);
    return failed ? -1 : 0;
}

/* Value(data), Value(data, label) and Value(data, label=label), with nothing packed into a tuple. */
static PyObject *value_vectorcall(PyObject *type, PyObject *const *args, size_t flags, PyObject *keywords)
{
    Py_ssize_t count = PyVectorcall_NARGS(flags), named = keywords == NULL ? 0 : PyTuple_GET_SIZE(keywords);
    int is_usual = named == 0 ? count == 1 || count == 2
                              : count == 1 && named == 1
                                    && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(keywords, 0), "label") == 0;
    if ((PyTypeObject *)type == value_type && is_usual && value_type->tp_init == value_init) {
        Node *node = new_node(LEAF, NO_ARGUMENTS, 0.0);
        if (node != NULL && initialise(node, args[0], count + named == 2 ? args[1] : NULL) < 0)
            Py_CLEAR(node);
        return (PyObject *)node;
    }
    PyObject *tuple = PyTuple_New(count), *named_arguments = named == 0 ? NULL : PyDict_New(), *made = NULL;
    int failed = tuple == NULL || (named > 0 && named_arguments == NULL);
    for (Py_ssize_t i = 0; !failed && i < count; i++)
        PyTuple_SET_ITEM(tuple, i, Py_NewRef(args[i]));
    for (Py_ssize_t i = 0; !failed && i < named; i++)
        failed = PyDict_SetItem(named_arguments, PyTuple_GET_ITEM(keywords, i), args[count + i]) < 0;
    if (!failed)
        made = PyType_Type.tp_call(type, tuple, named_arguments);
    Py_XDECREF(tuple);
    Py_XDECREF(named_arguments);
    return made;
}

/* --- What a node knows ---------------------------------------------------------------------------- */

/* `del v.name`, which C calls with no value: in Python's words for a property. */
static int refuse_deletion(PyObject *self, const char *name)
{
    PyErr_Format(
        PyExc_AttributeError, "property '%s' of '%s' object has no deleter", name, Py_TYPE(self)->tp_name);
    return -1;
}

static PyObject *get_data(PyObject *self, void *Py_UNUSED(closure))
{
    PyObject *trace;
    int is_traced = tracing(&trace);
    if (is_traced > 0) {
        PyObject *done = PyObject_CallMethod(trace, "refuse_reading", "O", self);
        Py_DECREF(trace);
        Py_XDECREF(done);
        is_traced = done == NULL ? -1 : 0;
    }
    return is_traced < 0 ? NULL : PyFloat_FromDouble(((Node *)self)->data);
}

static int set_data(PyObject *self, PyObject *number, void *Py_UNUSED(closure))
{
    Node *node = (Node *)self;
    double converted;
    if (number == NULL)
        return refuse_deletion(self, "data");
    if (node->row != LEAF) {
        Py_XDECREF(refuse("refuse_assignment", self));
        return -1;
    }
    if (real(number, &converted) < 0)
        return -1;
    node->data = converted;
    return 0;
}

static PyObject *get_plain_data(PyObject *self, void *Py_UNUSED(closure))
{
    return PyFloat_FromDouble(((Node *)self)->data);
}

static PyObject *get_grad(PyObject *self, void *Py_UNUSED(closure))
{
    const Node *node = (Node *)self;
    return PyFloat_FromDouble(node->state & HAS_GRAD ? node->grad : 0.0);
}

static int set_grad(PyObject *self, PyObject *number, void *Py_UNUSED(closure))
{
    double converted;
    if (number == NULL)
        return refuse_deletion(self, "grad");
    if (real(number, &converted) < 0)
        return -1;
    ((Node *)self)->grad = converted;
    ((Node *)self)->state |= HAS_GRAD;
    return 0;
}

static PyObject *get_has_grad(PyObject *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(((Node *)self)->state & HAS_GRAD);
}

static PyObject *get_label(PyObject *self, void *Py_UNUSED(closure))
{
    const Rare *rare = ((Node *)self)->rare;
    return Py_NewRef(rare != NULL && rare->label != NULL ? rare->label : empty_name);
}

static int set_label(PyObject *self, PyObject *label, void *Py_UNUSED(closure))
{
    if (label == NULL)
        return refuse_deletion(self, "label");
    if (!PyUnicode_Check(label)) {
        Py_XDECREF(refuse("refuse_label", label));
        return -1;
    }
    PyObject *exact = PyUnicode_FromObject(label);
    Rare *own = exact == NULL ? NULL : own_rare((Node *)self);
    if (own == NULL) {
        Py_XDECREF(exact);
        return -1;
    }
    Py_XSETREF(own->label, exact);
    return 0;
}

static PyObject *get_scope(PyObject *self, void *Py_UNUSED(closure))
{
    const Rare *rare = ((Node *)self)->rare;
    return rare != NULL && rare->scope != NULL ? Py_NewRef(rare->scope) : PyTuple_New(0);
}

static PyObject *get_origin(PyObject *self, void *Py_UNUSED(closure))
{
    const Rare *rare = ((Node *)self)->rare;
    return Py_NewRef(rare != NULL && rare->origin != NULL ? rare->origin : Py_None);
}

static PyObject *get_primitive(PyObject *self, void *Py_UNUSED(closure))
{
    const Node *node = (Node *)self;
    return Py_NewRef(node->row == LEAF ? Py_None : rules[node->row].primitive);
}

static PyObject *get_arguments(PyObject *self, void *Py_UNUSED(closure))
{
    const Node *node = (Node *)self;
    switch (node->layout) {
    case X:
        return PyTuple_Pack(1, node->x);
    case X_Y:
        return PyTuple_Pack(2, node->x, node->y);
    case X_NUMBER:
        return Py_BuildValue("(Od)", node->x, node->dy);
    case NUMBER_X:
        return Py_BuildValue("(dO)", node->dy, node->x);
    case MANY:
        return Py_NewRef(node->rare->arguments);
    default:
        return PyTuple_New(0);
    }
}

static PyObject *get_partials(PyObject *self, void *Py_UNUSED(closure))
{
    const Node *node = (Node *)self;
    switch (node->layout) {
    case X:
        return Py_BuildValue("(d)", node->dx);
    case X_Y:
        return Py_BuildValue("(dd)", node->dx, node->dy);
    case X_NUMBER:
        return Py_BuildValue("(dd)", node->dx, 0.0);
    case NUMBER_X:
        return Py_BuildValue("(dd)", 0.0, node->dx);
    case MANY: {
        PyObject *partials = PyTuple_New(argument_count(node));
        for (Py_ssize_t i = 0; partials != NULL && i < argument_count(node); i++) {
            PyObject *partial = PyFloat_FromDouble(node->rare->partials[i]);
            if (partial == NULL)
                Py_CLEAR(partials);
            else
                PyTuple_SET_ITEM(partials, i, partial);
        }
        return partials;
    }
    default:
        return PyTuple_New(0);
    }
}

static PyGetSetDef attributes[] = {
    {"data", get_data, set_data, DOCUMENTATION_data, NULL},
    {"_data", get_plain_data, NULL, NULL, NULL},
    {"grad", get_grad, set_grad, DOCUMENTATION_grad, NULL},
    {"_has_grad", get_has_grad, NULL, NULL, NULL},
    {"label", get_label, set_label, DOCUMENTATION_label, NULL},
    {"scope", get_scope, NULL, DOCUMENTATION_scope, NULL},
    {"_origin", get_origin, NULL, NULL, NULL},
    {"primitive", get_primitive, NULL, DOCUMENTATION_primitive, NULL},
    {"arguments", get_arguments, NULL, DOCUMENTATION_arguments, NULL},
    {"partials", get_partials, NULL, DOCUMENTATION_partials, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

/* --- Methods -------------------------------------------------------------------------------------- */

static PyObject *value_backward(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    double seed = 1.0;
    Modes modes = {NULL, NULL, 0, 0};
    Py_ssize_t named = keywords == NULL ? 0 : PyTuple_GET_SIZE(keywords);
    if (count + named > 1) {
        PyErr_Format(
            PyExc_TypeError, "Value.backward() takes from 1 to 2 positional arguments but %zd were given",
            count + named + 1);
        return NULL;
    }
    if (named > 0 && PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(keywords, 0), "seed") != 0) {
        PyErr_Format(
            PyExc_TypeError, "Value.backward() got an unexpected keyword argument '%U'",
            PyTuple_GET_ITEM(keywords, 0));
        return NULL;
    }
    if (UNLIKELY(in_force()) && read_modes(&modes) < 0)
        return NULL;
    if (modes.trace != NULL)
        return refuse("refuse_sweep", NULL);
    if (count + named == 1 && real(args[0], &seed) < 0)
        return NULL;
    if (backward(self, seed, modes.watched) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *value_zero_grad(PyObject *self, PyObject *Py_UNUSED(no))
{
    if (zero_grad(self) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *copying_reduced, *topological_order_function;

static PyObject *value_reduce(PyObject *self, PyObject *Py_UNUSED(no))
{
    return PyObject_CallFunctionObjArgs(copying_reduced, self, topological_order_function, NULL);
}

/* Value._restored(record): a node of what `copying.record` gave, which may have come from anywhere since. */
static PyObject *value_restored(PyObject *type, PyObject *record)
{
    PyObject *primitive, *arguments, *partials, *grad, *label, *scope;
    double data, usual[USUAL_ARGUMENTS], *numbers = usual;
    Node *node = NULL;
    PyObject *sound = PyObject_CallFunctionObjArgs(checked, record, (PyObject *)value_type, NULL);
    if (sound == NULL
        || !PyArg_ParseTuple(
            sound, "OO!O!dOUO!", &primitive, &PyTuple_Type, &arguments, &PyTuple_Type, &partials, &data, &grad,
            &label, &PyTuple_Type, &scope))
        goto done;
    Py_ssize_t count = PyTuple_GET_SIZE(partials);
    int64_t row = primitive == Py_None ? (int64_t)LEAF : find_rule(primitive);
    if (row < 0) {
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_TypeError, "expected a primitive of the table, not %R", primitive);
        goto done;
    }
    if (count > USUAL_ARGUMENTS && (numbers = PyMem_Malloc((size_t)count * sizeof(double))) == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    for (Py_ssize_t i = 0; i < count; i++)
        numbers[i] = PyFloat_AsDouble(PyTuple_GET_ITEM(partials, i));
    node = new_leaf((PyTypeObject *)type, data);
    if (node == NULL || place(node, arguments, numbers) < 0)
        goto failed;
    node->row = (uint32_t)row;
    if (grad != Py_None) {
        node->grad = PyFloat_AsDouble(grad);
        node->state |= HAS_GRAD;
    }
    if (PyUnicode_GetLength(label) > 0 && set_label((PyObject *)node, label, NULL) < 0)
        goto failed;
    if (PyTuple_GET_SIZE(scope) > 0 && set_scope(node, scope) < 0)
        goto failed;
    goto done;
failed:
    Py_CLEAR(node);
done:
    if (numbers != usual)
        PyMem_Free(numbers);
    Py_XDECREF(sound);
    return (PyObject *)node;
}

static PyMethodDef methods[] = {
    {"backward", (PyCFunction)(void (*)(void))value_backward, METH_FASTCALL | METH_KEYWORDS,
     "backward($self, seed=1.0)\n--\n\n" DOCUMENTATION_backward},
    {"zero_grad", value_zero_grad, METH_NOARGS, "zero_grad($self)\n--\n\n" DOCUMENTATION_zero_grad},
    {"__reduce__", value_reduce, METH_NOARGS, NULL},
    {"_restored", value_restored, METH_CLASS | METH_O, NULL},
    {"_apply_primitive", (PyCFunction)(void (*)(void))apply_primitive, METH_STATIC | METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

/* --- Python's operators --------------------------------------------------------------------------- */

/* The rows that Python's operators are, and the power of 2; in the order of OPERATOR_NAMES. */
enum {
    ADD, SUB, MUL, TRUEDIV, FLOORDIV, MOD, POW, SQUARE, NEG, ABS, LT, LE, EQ, NE, GT, GE, CONSTANT, OPERATORS
};
static const char *const operator_names[OPERATORS] = {
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "square", "neg", "abs",
    "lt",  "le",  "eq",  "ne",      "gt",       "ge",  "constant",
};
static Formula operators[OPERATORS];
static uint32_t operator_rows[OPERATORS];

static inline PyObject *binary(int operator, PyObject *a, PyObject *b)
{
    const Formula *formula = &operators[operator];
    double number;
    int is_number;
    if (PyFloat_CheckExact(b) || !is_value(b)) { /* then a is a Value */
        if ((is_number = operand(b, &number)) > 0)
            return formula->x_number((Node *)a, number);
    }
    else if (!PyFloat_CheckExact(a) && is_value(a))
        return formula->x_y((Node *)a, (Node *)b);
    else if ((is_number = operand(a, &number)) > 0)
        return formula->number_x(number, (Node *)b);
    return is_number < 0 ? NULL : Py_NewRef(Py_NotImplemented);
}

#define BINARY_OPERATOR(name, operator)                        \
    static PyObject *value_##name(PyObject *a, PyObject *b)    \
    {                                                          \
        return binary(operator, a, b);                         \
    }
BINARY_OPERATOR(add, ADD)
BINARY_OPERATOR(sub, SUB)
BINARY_OPERATOR(mul, MUL)
BINARY_OPERATOR(truediv, TRUEDIV)
BINARY_OPERATOR(floordiv, FLOORDIV)
BINARY_OPERATOR(mod, MOD)

static PyObject *value_power(PyObject *a, PyObject *b, PyObject *modulus)
{
    double number;
    if (modulus != Py_None)
        Py_RETURN_NOTIMPLEMENTED;
    if (is_value(a) && !is_value(b)) {
        int is_number = operand(b, &number);
        if (is_number <= 0)
            return is_number < 0 ? NULL : Py_NewRef(Py_NotImplemented);
        return number == 2.0 ? operators[SQUARE].x((Node *)a) : operators[POW].x_number((Node *)a, number);
    }
    return binary(POW, a, b);
}

static PyObject *value_negative(PyObject *self)
{
    return operators[NEG].x((Node *)self);
}

static PyObject *value_absolute(PyObject *self)
{
    return operators[ABS].x((Node *)self);
}

static PyObject *value_richcompare(PyObject *self, PyObject *other, int comparison)
{
    static const int order[] = {[Py_LT] = LT, [Py_LE] = LE, [Py_EQ] = EQ, [Py_NE] = NE, [Py_GT] = GT, [Py_GE] = GE};
    double x = ((Node *)self)->data, y;
    if (is_value(other))
        y = ((Node *)other)->data;
    else {
        int is_number = operand(other, &y);
        if (is_number <= 0)
            return is_number < 0 ? NULL : Py_NewRef(Py_NotImplemented);
    }
    int is_traced = tracing(NULL);
    if (is_traced < 0)
        return NULL;
    if (is_traced) {
        PyObject *operands = is_value(other) ? PyTuple_Pack(2, self, other) : Py_BuildValue("(Od)", self, y);
        PyObject *condition = operands == NULL ? NULL : apply_row(operator_rows[order[comparison]], operands);
        Py_XDECREF(operands);
        return condition;
    }
    Py_RETURN_RICHCOMPARE(x, y, comparison);
}

static int value_bool(PyObject *self)
{
    int is_traced = tracing(NULL);
    if (is_traced < 0)
        return -1;
    if (!is_traced)
        return ((Node *)self)->data != 0.0;
    PyObject *zero = PyFloat_FromDouble(0.0);
    PyObject *condition = zero == NULL ? NULL : PyObject_RichCompare(self, zero, Py_NE);
    int outcome = condition == NULL ? -1 : PyObject_IsTrue(condition);
    Py_XDECREF(zero);
    Py_XDECREF(condition);
    return outcome;
}

/* --- The type ------------------------------------------------------------------------------------- */

static PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(Node, weakrefs), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

static Py_hash_t value_hash(PyObject *self)
{
    return PyBaseObject_Type.tp_hash(self);
}

static void value_free(void *memory)
{
    recycle(memory);
}

/* Called for instances of subclasses written in Python, which the collector tracks.  That there is one keeps
   Value itself from inheriting the collector from its base. */
static int value_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static PyType_Slot slots[] = {
    {Py_tp_doc, DOCUMENTATION_Value},
    {Py_tp_new, value_new},
    {Py_tp_init, value_init},
    {Py_tp_dealloc, value_dealloc},
    {Py_tp_free, value_free},
    {Py_tp_traverse, value_traverse},
    {Py_tp_hash, value_hash},
    {Py_tp_richcompare, value_richcompare},
    {Py_tp_getset, attributes},
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {Py_nb_add, value_add},
    {Py_nb_subtract, value_sub},
    {Py_nb_multiply, value_mul},
    {Py_nb_true_divide, value_truediv},
    {Py_nb_floor_divide, value_floordiv},
    {Py_nb_remainder, value_mod},
    {Py_nb_power, value_power},
    {Py_nb_negative, value_negative},
    {Py_nb_absolute, value_absolute},
    {Py_nb_bool, value_bool},
    {0, NULL},
};

static PyType_Spec specification = {
    .name = "autograd.engine.Value",
    .basicsize = sizeof(Node),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = slots,
};

/* --- The module ----------------------------------------------------------------------------------- */

/* declare(row): takes up a row of the table. */
static PyObject *declare(PyObject *Py_UNUSED(module), PyObject *primitive)
{
    Rule rule = {.primitive = primitive};
    PyObject *name = PyObject_GetAttrString(primitive, "name"), *number = NULL, *done = NULL;
    PyObject *arity = PyObject_GetAttrString(primitive, "arity");
    PyObject *comparison = PyObject_GetAttrString(primitive, "comparison");
    PyObject *variadic = PyObject_GetAttrString(primitive, "variadic");
    if (name == NULL || arity == NULL || comparison == NULL || variadic == NULL)
        goto done;
    rule.arity = PyLong_AsSsize_t(arity);
    rule.comparison = PyObject_IsTrue(comparison);
    rule.variadic = PyObject_IsTrue(variadic);
    for (int position = 0; position < 64; position++) {
        PyObject *skipped = PyObject_CallMethod(primitive, "skips", "i", position);
        int is_skipped = skipped == NULL ? -1 : PyObject_IsTrue(skipped);
        Py_XDECREF(skipped);
        if (is_skipped < 0)
            goto done;
        rule.selects |= (uint64_t)is_skipped << position;
    }
    /* The generated formulas are in the order of the table, and what a user declares comes after it. */
    if (rule_count < Py_ARRAY_LENGTH(formulas)) {
        rule.formula = formulas[rule_count];
        if (!PyUnicode_Check(name) || PyUnicode_CompareWithASCIIString(name, rule.formula.name) != 0) {
            PyErr_Format(
                PyExc_ImportError, "the native engine was built from another table, with %s where %R stands now: "
                "install the package again", rule.formula.name, name);
            goto done;
        }
    }
    Rule *more = PyMem_Realloc(rules, (rule_count + 1) * sizeof(Rule));
    if (more == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    rules = more;
    number = PyLong_FromUnsignedLong(rule_count);
    if (number == NULL || PyDict_SetItem(rule_numbers, primitive, number) < 0)
        goto done;
    Py_INCREF(primitive);
    rules[rule_count++] = rule;
    done = Py_NewRef(Py_None);
done:
    Py_XDECREF(name);
    Py_XDECREF(arity);
    Py_XDECREF(comparison);
    Py_XDECREF(variadic);
    Py_XDECREF(number);
    return done;
}

/* method(row): the method of a row of one argument, or None if the row is computed in Python. */
static PyObject *method(PyObject *Py_UNUSED(module), PyObject *primitive)
{
    int64_t row = find_rule(primitive);
    if (row < 0)
        return PyErr_Occurred() ? NULL : PyErr_Format(PyExc_LookupError, "%R is not declared", primitive);
    if (rules[row].formula.x == NULL)
        Py_RETURN_NONE;
    return PyDescr_NewMethod(value_type, (PyMethodDef *)&formulas[row].method);
}

/* complete(Condition, operators, arguments): what is made in Python or chosen there. */
static PyObject *complete(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyTypeObject *condition;
    PyObject *chosen, *arguments;
    if (!PyArg_ParseTuple(args, "O!O!O", &PyType_Type, &condition, &PyDict_Type, &chosen, &arguments))
        return NULL;
    for (int i = 0; i < OPERATORS; i++) {
        PyObject *primitive = PyDict_GetItemString(chosen, operator_names[i]);
        int64_t row = primitive == NULL ? -1 : find_rule(primitive);
        if (row < 0)
            return PyErr_Format(PyExc_LookupError, "no row is given for the operator %s", operator_names[i]);
        operator_rows[i] = (uint32_t)row;
        operators[i] = rules[row].formula;
    }
    constant_row = operator_rows[CONSTANT];
    condition_type = (PyTypeObject *)Py_NewRef(condition);
    initial = Py_NewRef(arguments);
    Py_RETURN_NONE;
}

/* caller(Primitive): a method to be its `__call__`, which turns to the one it has now for what it cannot do. */
static PyObject *caller(PyObject *Py_UNUSED(module), PyObject *primitive_type)
{
    static PyMethodDef call = {
        "__call__", (PyCFunction)(void (*)(void))call_primitive, METH_FASTCALL,
        "__call__($self, /, *arguments)\n--\n\n" DOCUMENTATION_call,
    };
    if (!PyType_Check(primitive_type)) {
        PyErr_SetString(PyExc_TypeError, "expected the class Primitive");
        return NULL;
    }
    python_call = PyObject_GetAttrString(primitive_type, "__call__");
    return python_call == NULL ? NULL : PyDescr_NewMethod((PyTypeObject *)primitive_type, &call);
}

static PyObject *topological_order(
    PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    PyObject *without = NULL, *order = NULL;
    Py_ssize_t named = keywords == NULL ? 0 : PyTuple_GET_SIZE(keywords);
    if (named > 0) {
        if (named > 1 || PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(keywords, 0), "without") != 0) {
            PyErr_Format(
                PyExc_TypeError, "topological_order() got an unexpected keyword argument '%U'",
                PyTuple_GET_ITEM(keywords, named - 1));
            return NULL;
        }
        if ((without = PySequence_Tuple(args[count])) == NULL)
            return NULL;
    }
    for (Py_ssize_t i = 0; i < count; i++)
        if (!is_value(args[i])) {
            Py_XDECREF(refuse("refuse_to_sort", args[i]));
            goto done;
        }
    for (Py_ssize_t i = 0; without != NULL && i < PyTuple_GET_SIZE(without); i++)
        if (!is_value(PyTuple_GET_ITEM(without, i))) {
            Py_XDECREF(refuse("refuse_to_sort", PyTuple_GET_ITEM(without, i)));
            goto done;
        }
    order = topological_order_of(args, count, without);
done:
    Py_XDECREF(without);
    return order;
}

static PyMethodDef functions[] = {
    {"topological_order", (PyCFunction)(void (*)(void))topological_order, METH_FASTCALL | METH_KEYWORDS,
     "topological_order(*outputs, without=())\n--\n\n" DOCUMENTATION_topological_order},
    {"declare", declare, METH_O, NULL},
    {"method", method, METH_O, NULL},
    {"complete", complete, METH_VARARGS, NULL},
    {"caller", caller, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

/* module.name of another module of the package */
static PyObject *imported(const char *module, const char *name)
{
    PyObject *loaded = PyImport_ImportModule(module);
    PyObject *thing = loaded == NULL ? NULL : PyObject_GetAttrString(loaded, name);
    Py_XDECREF(loaded);
    return thing;
}

static int import_all(void)
{
    return (names = PyImport_ImportModule("autograd.node")) == NULL
           || (check_finite = imported("autograd.node", "check_finite")) == NULL
           || (checked = imported("autograd.copying", "checked")) == NULL
           || (copying_reduced = imported("autograd.copying", "reduced")) == NULL
           || (python_real = imported("autograd.rows", "real")) == NULL
           || (modes_active = imported("autograd.modes", "active")) == NULL
           || (modes_current = imported("autograd.modes", "current")) == NULL
           || (modes_origin = imported("autograd.modes", "origin")) == NULL
           || (name_dict = PyUnicode_InternFromString("__dict__")) == NULL
           || (name_scope = PyUnicode_InternFromString("scope")) == NULL
           || (name_trace = PyUnicode_InternFromString("trace")) == NULL
           || (name_paused = PyUnicode_InternFromString("paused")) == NULL
           || (name_watched = PyUnicode_InternFromString("watched")) == NULL
           || (empty_name = PyUnicode_InternFromString("")) == NULL || (rule_numbers = PyDict_New()) == NULL
           || !PyList_CheckExact(modes_active);
}

static int execute(PyObject *module)
{
    if (value_type != NULL) {
        PyErr_SetString(PyExc_ImportError, "the native engine can be loaded once in a process");
        return -1;
    }
    if (import_all())
        return -1;
    PyObject *node = PyObject_GetAttrString(names, "Node");
    PyObject *bases = node == NULL ? NULL : PyTuple_Pack(1, node);
    value_type = bases == NULL ? NULL : (PyTypeObject *)PyType_FromSpecWithBases(&specification, bases);
    Py_XDECREF(node);
    Py_XDECREF(bases);
    if (value_type == NULL)
        return -1;
    value_type->tp_name = "Value"; /* as messages name a class that is written in Python */
    value_type->tp_vectorcall = value_vectorcall;
    if (PyModule_AddObjectRef(module, "Value", (PyObject *)value_type) < 0
        || PyModule_AddStringConstant(module, "digest", DIGEST) < 0)
        return -1;
    topological_order_function = PyObject_GetAttrString(module, "topological_order");
    return topological_order_function == NULL ? -1 : 0;
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, execute},
#ifdef Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_NOT_SUPPORTED},
#endif
    {0, NULL},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "autograd._core.value",
    .m_doc = "The engine in C.",
    .m_methods = functions,
    .m_slots = module_slots,
};

PyMODINIT_FUNC PyInit_value(void)
{
    return PyModuleDef_Init(&definition);
}
