/* `Value` in C: the same as `autograd/value.py`, to the last bit and to the word.

   The parts, each of which needs those before it: a node, its memory, the modes, the rules of the table, the
   recording of operations, the sweep; `formulas.h` is generated from the table when the extension is built.
   The lock is held throughout a call, and no Python code runs in a sort or a sweep.  Elsewhere it may run in
   the middle of an operation: where an operand is converted, a row is computed in Python or a mode applied,
   where the last reference to anything ends, and, as the collector may run then, where a tuple or another
   object that it tracks is made.  What is borrowed does not outlive such a place: even a node's arguments may
   end there, by a call of its `__init__`. */

#include "node.h"
#include "memory.h"
#include "modes.h"
#include "rules.h"
#include "record.h"
#include "sweep.h"
#include "formulas.h"
#include "dispatch.h"

static PyObject *node_module; /* autograd.node, whose functions refuse what cannot be */
static PyObject *checked;     /* copying.checked */
static PyObject *empty_name;  /* "" */
static PyObject *constructor_arguments, *backward_arguments, *zero_grad_arguments; /* of unusual calls */

static PyObject *refuse(const char *function, PyObject *argument)
{
    return argument == NULL ? PyObject_CallMethod(node_module, function, NULL)
                            : PyObject_CallMethod(node_module, function, "(O)", argument);
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
        Py_XSETREF(own->label, exact);
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
    return (PyObject *)new_leaf(type, Py_NAN); /* until a constructor sets its data */
}

static int value_init(PyObject *self, PyObject *args, PyObject *keywords)
{
    PyObject *data, *label;
    Py_ssize_t count = PyTuple_GET_SIZE(args);
    if (keywords == NULL && (count == 1 || count == 2))
        return initialise(
            (Node *)self, PyTuple_GET_ITEM(args, 0), count == 2 ? PyTuple_GET_ITEM(args, 1) : NULL);
    PyObject *all = with_self(self, PySequence_Fast_ITEMS(args), count);
    PyObject *given = all == NULL ? NULL : PyObject_Call(constructor_arguments, all, keywords);
    Py_XDECREF(all);
    if (given == NULL)
        return -1;
    int failed = !PyArg_ParseTuple(given, "OO", &data, &label) || initialise((Node *)self, data, label) < 0;
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
    int is_ours = (PyTypeObject *)type == value_type && value_type->tp_init == value_init
                  && value_type->tp_new == value_new;
    if (is_ours && is_usual) {
        Node *node = new_node(LEAF, NO_ARGUMENTS, 0.0);
        if (node != NULL && initialise(node, args[0], count + named == 2 ? args[1] : NULL) < 0)
            Py_CLEAR(node);
        return (PyObject *)node;
    }
    PyObject *all = PyTuple_New(count), *by_name = named_arguments(args + count, keywords), *made = NULL;
    for (Py_ssize_t i = 0; all != NULL && i < count; i++)
        PyTuple_SET_ITEM(all, i, Py_NewRef(args[i]));
    if (all != NULL && by_name != NULL)
        made = PyType_Type.tp_call(type, all, by_name);
    Py_XDECREF(all);
    Py_XDECREF(by_name);
    return made;
}

/* --- What a node knows ---------------------------------------------------------------------------- */

/* The setter of an attribute that is read only, and of any that is deleted: in Python's words for a property. */
static int refuse_setting(PyObject *self, PyObject *value, void *name)
{
    PyObject *kind = PyType_GetQualName(Py_TYPE(self));
    if (kind != NULL)
        PyErr_Format(
            PyExc_AttributeError, "property '%s' of '%U' object has no %s", (const char *)name, kind,
            value == NULL ? "deleter" : "setter");
    Py_XDECREF(kind);
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

static int set_data(PyObject *self, PyObject *number, void *name)
{
    Node *node = (Node *)self;
    double converted;
    if (number == NULL)
        return refuse_setting(self, NULL, name);
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

static int set_grad(PyObject *self, PyObject *number, void *name)
{
    double converted;
    if (number == NULL)
        return refuse_setting(self, NULL, name);
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

static int set_label(PyObject *self, PyObject *label, void *name)
{
    if (label == NULL)
        return refuse_setting(self, NULL, name);
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
    PyObject *x = Py_XNewRef((PyObject *)node->x), *y = Py_XNewRef((PyObject *)node->y);
    switch (node->layout) { /* N gives a reference away, so that nothing here is borrowed */
    case X:
        return Py_BuildValue("(N)", x);
    case X_Y:
        return Py_BuildValue("(NN)", x, y);
    case X_NUMBER:
        return Py_BuildValue("(Nd)", x, node->dy);
    case NUMBER_X:
        return Py_BuildValue("(dN)", node->dy, x);
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
        PyObject *arguments = Py_NewRef(node->rare->arguments);
        PyObject *partials = PyTuple_New(PyTuple_GET_SIZE(arguments));
        int is_lost = node->layout != MANY; /* by the collector, which ran while the tuple was made */
        for (Py_ssize_t i = 0; partials != NULL && i < PyTuple_GET_SIZE(arguments); i++) {
            PyObject *partial = PyFloat_FromDouble(is_lost ? 0.0 : node->rare->partials[i]);
            if (partial == NULL)
                Py_CLEAR(partials);
            else
                PyTuple_SET_ITEM(partials, i, partial);
        }
        Py_DECREF(arguments);
        return partials;
    }
    default:
        return PyTuple_New(0);
    }
}

static PyGetSetDef attributes[] = {
    {"data", get_data, set_data, DOCUMENTATION_data, "data"},
    {"_data", get_plain_data, refuse_setting, NULL, "_data"},
    {"grad", get_grad, set_grad, DOCUMENTATION_grad, "grad"},
    {"_has_grad", get_has_grad, refuse_setting, NULL, "_has_grad"},
    {"label", get_label, set_label, DOCUMENTATION_label, "label"},
    {"scope", get_scope, refuse_setting, DOCUMENTATION_scope, "scope"},
    {"_origin", get_origin, refuse_setting, NULL, "_origin"},
    {"primitive", get_primitive, refuse_setting, DOCUMENTATION_primitive, "primitive"},
    {"arguments", get_arguments, refuse_setting, DOCUMENTATION_arguments, "arguments"},
    {"partials", get_partials, refuse_setting, DOCUMENTATION_partials, "partials"},
    {NULL, NULL, NULL, NULL, NULL},
};

/* --- Methods -------------------------------------------------------------------------------------- */

static PyObject *value_backward(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    double number = 1.0;
    Modes modes = {NULL, NULL, 0, 0};
    PyObject *seed = count == 1 && keywords == NULL ? Py_NewRef(args[0]) : NULL;
    int failed = 0;
    if (count > 1 || keywords != NULL)
        failed = (seed = in_python(backward_arguments, self, args, count, keywords)) == NULL;
    if (!failed && UNLIKELY(in_force()))
        failed = read_modes(&modes) < 0;
    if (!failed && modes.trace != NULL) {
        Py_XDECREF(refuse("refuse_sweep", NULL));
        failed = 1;
    }
    failed = failed || (seed != NULL && real(seed, &number) < 0) || backward(self, number, modes.watched) < 0;
    Py_XDECREF(seed);
    return failed ? NULL : Py_NewRef(Py_None);
}

static PyObject *value_zero_grad(PyObject *self, PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    if (count > 0 || keywords != NULL)
        return in_python(zero_grad_arguments, self, args, count, keywords);
    return zero_grad(self) < 0 ? NULL : Py_NewRef(Py_None);
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
    {"zero_grad", (PyCFunction)(void (*)(void))value_zero_grad, METH_FASTCALL | METH_KEYWORDS,
     "zero_grad($self)\n--\n\n" DOCUMENTATION_zero_grad},
    {"__reduce__", value_reduce, METH_NOARGS, NULL},
    {"_restored", value_restored, METH_CLASS | METH_O, NULL},
    {"_apply_primitive", (PyCFunction)(void (*)(void))apply_primitive, METH_STATIC | METH_FASTCALL, NULL},
    {NULL, NULL, 0, NULL},
};

/* --- Python's operators --------------------------------------------------------------------------- */

/* The rows that Python's operators are, the power of 2, and what hides a number from a derivative. */
#define FOR_EACH_OPERATOR(of)                                                                              \
    of(add) of(sub) of(mul) of(truediv) of(floordiv) of(mod) of(pow) of(square) of(neg) of(abs) of(lt)     \
    of(le) of(eq) of(ne) of(gt) of(ge) of(constant)
#define NUMBER_OF(name) OPERATOR_##name,
#define NAME_OF(name) #name,
enum { FOR_EACH_OPERATOR(NUMBER_OF) OPERATORS };
static const char *const operator_names[] = {FOR_EACH_OPERATOR(NAME_OF)};
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

#define BINARY_OPERATOR(name)                                  \
    static PyObject *value_##name(PyObject *a, PyObject *b)    \
    {                                                          \
        return binary(OPERATOR_##name, a, b);                  \
    }
BINARY_OPERATOR(add)
BINARY_OPERATOR(sub)
BINARY_OPERATOR(mul)
BINARY_OPERATOR(truediv)
BINARY_OPERATOR(floordiv)
BINARY_OPERATOR(mod)

static PyObject *value_power(PyObject *a, PyObject *b, PyObject *modulus)
{
    double number;
    if (modulus != Py_None)
        Py_RETURN_NOTIMPLEMENTED;
    if (is_value(a) && !is_value(b)) {
        int is_number = operand(b, &number);
        if (is_number <= 0)
            return is_number < 0 ? NULL : Py_NewRef(Py_NotImplemented);
        return number == 2.0 ? operators[OPERATOR_square].x((Node *)a) : operators[OPERATOR_pow].x_number((Node *)a, number);
    }
    return binary(OPERATOR_pow, a, b);
}

static PyObject *value_negative(PyObject *self)
{
    return operators[OPERATOR_neg].x((Node *)self);
}

static PyObject *value_absolute(PyObject *self)
{
    return operators[OPERATOR_abs].x((Node *)self);
}

static PyObject *value_richcompare(PyObject *self, PyObject *other, int comparison)
{
    static const int order[] = {[Py_LT] = OPERATOR_lt, [Py_LE] = OPERATOR_le, [Py_EQ] = OPERATOR_eq, [Py_NE] = OPERATOR_ne, [Py_GT] = OPERATOR_gt, [Py_GE] = OPERATOR_ge};
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
    if (Py_EnterRecursiveCall(" in the truth of a comparison")) /* if somebody took Condition its own */
        return -1;
    PyObject *zero = PyFloat_FromDouble(0.0);
    PyObject *condition = zero == NULL ? NULL : PyObject_RichCompare(self, zero, Py_NE);
    int outcome = condition == NULL ? -1 : PyObject_IsTrue(condition);
    Py_LeaveRecursiveCall();
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

/* That Value has one of its own keeps Python from assigning a `__class__` that frees otherwise. */
static void value_free(void *memory)
{
    if (((Node *)memory)->slab != NO_SLAB)
        recycle(memory);
    else
        PyObject_Free(memory);
}

/* Called for instances of Condition and of other classes written in Python, which the collector tracks.  That
   Value has one keeps it from being tracked like its base, for which the memory of nodes has no room. */
static int value_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    return 0;
}

static PyType_Slot slots[] = {
    {Py_tp_doc, "Value(data, label='', _op='', _children=())\n--\n\n" DOCUMENTATION_Value},
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

/* An attribute of a row that is a number or a truth value; -1 with an exception set. */
static Py_ssize_t attribute(PyObject *primitive, const char *name)
{
    PyObject *value = PyObject_GetAttrString(primitive, name);
    Py_ssize_t number = value == NULL ? -1 : PyLong_AsSsize_t(value);
    Py_XDECREF(value);
    return number;
}

/* The generated formula of the row to be declared, which come in the order of the table; what a user declares
   comes after them, and has none.  Returns -1 with ImportError set if the table is another one. */
static int find_formula(PyObject *name, Rule *rule)
{
    if (rule_count >= Py_ARRAY_LENGTH(formulas))
        return 0;
    rule->formula = formulas[rule_count];
    if (PyUnicode_Check(name) && PyUnicode_CompareWithASCIIString(name, rule->formula.name) == 0
        && (rule->formula.compute == NULL || rule->formula.arity == rule->arity))
        return 0;
    PyErr_Format(
        PyExc_ImportError, "the engine in C was built from another table of primitives, which has %s where %R "
        "stands now: install the package again, or set AUTOGRAD_CORE=python", rule->formula.name, name);
    return -1;
}

/* Adds a rule and returns its number, or -1 with MemoryError set.  No Python code runs here. */
static int64_t add_rule(const Rule *rule)
{
    Rule *more = PyMem_Realloc(rules, (rule_count + 1) * sizeof(Rule));
    if (more == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    rules = more;
    rules[rule_count] = *rule;
    Py_INCREF(rule->primitive);
    return rule_count++;
}

/* declare(row): takes up a row of the table, unless it has done so before. */
static PyObject *declare(PyObject *Py_UNUSED(module), PyObject *primitive)
{
    Rule rule = {.primitive = primitive};
    if (find_rule(primitive) >= 0)
        Py_RETURN_NONE;
    PyObject *name = PyObject_GetAttrString(primitive, "name");
    rule.arity = attribute(primitive, "arity");
    rule.comparison = attribute(primitive, "comparison") > 0;
    rule.variadic = attribute(primitive, "variadic") > 0;
    Py_ssize_t positions = rule.variadic || rule.arity > 64 ? 64 : rule.arity;
    for (Py_ssize_t position = 0; !PyErr_Occurred() && position < positions; position++) {
        PyObject *skipped = PyObject_CallMethod(primitive, "skips", "n", position);
        if (skipped != NULL && PyObject_IsTrue(skipped) > 0)
            rule.selects |= (uint64_t)1 << position;
        Py_XDECREF(skipped);
    }
    int failed = PyErr_Occurred() || find_formula(name, &rule) < 0;
    Py_XDECREF(name);
    int64_t row = failed ? -1 : add_rule(&rule);
    PyObject *number = row < 0 ? NULL : PyLong_FromLongLong(row);
    failed = number == NULL || PyDict_SetItem(rule_numbers, primitive, number) < 0;
    Py_XDECREF(number);
    return failed ? NULL : Py_NewRef(Py_None);
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

/* complete(Condition, operators, __init__, backward, zero_grad): what is made in Python or chosen there. */
static PyObject *complete(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyTypeObject *condition;
    PyObject *chosen;
    if (!PyArg_ParseTuple(
            args, "O!O!OOO", &PyType_Type, &condition, &PyDict_Type, &chosen, &constructor_arguments,
            &backward_arguments, &zero_grad_arguments))
        return NULL;
    Py_INCREF(constructor_arguments);
    Py_INCREF(backward_arguments);
    Py_INCREF(zero_grad_arguments);
    for (int i = 0; i < OPERATORS; i++) {
        PyObject *primitive = PyDict_GetItemString(chosen, operator_names[i]);
        int64_t row = primitive == NULL ? -1 : find_rule(primitive);
        if (row < 0)
            return PyErr_Format(PyExc_LookupError, "no row is given for the operator %s", operator_names[i]);
        operator_rows[i] = (uint32_t)row;
        operators[i] = rules[row].formula;
    }
    constant_row = operator_rows[OPERATOR_constant];
    condition_type = (PyTypeObject *)Py_NewRef(condition);
    Py_RETURN_NONE;
}

/* caller(Primitive): a method to be its `__call__`, which turns to the one it has now for what it cannot do. */
static PyObject *caller(PyObject *Py_UNUSED(module), PyObject *primitive_type)
{
    static PyMethodDef call = {
        "__call__", (PyCFunction)(void (*)(void))call_primitive, METH_FASTCALL | METH_KEYWORDS,
        "__call__($self, /, *arguments)\n--\n\n" DOCUMENTATION_call,
    };
    if (!PyType_Check(primitive_type)) {
        PyErr_SetString(PyExc_TypeError, "expected the class Primitive");
        return NULL;
    }
    if (python_call == NULL)
        python_call = PyObject_GetAttrString(primitive_type, "__call__");
    return python_call == NULL ? NULL : PyDescr_NewMethod((PyTypeObject *)primitive_type, &call);
}

static PyObject *topological_order(
    PyObject *Py_UNUSED(module), PyObject *const *args, Py_ssize_t count, PyObject *keywords)
{
    PyObject *without = NULL, *order = NULL;
    Py_ssize_t named = keywords == NULL ? 0 : PyTuple_GET_SIZE(keywords);
    if (named > 0) {
        for (Py_ssize_t i = 0; i < named; i++)
            if (PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(keywords, i), "without") != 0)
                return PyErr_Format(
                    PyExc_TypeError, "topological_order() got an unexpected keyword argument '%U'",
                    PyTuple_GET_ITEM(keywords, i));
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
    {"split_columns", split_columns, METH_O, NULL},
    {"call_point", call_point, METH_VARARGS, NULL},
    {"call_rows", call_rows, METH_VARARGS, NULL},
    {"empty_matrix", empty_matrix, METH_VARARGS, NULL},
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
    return (node_module = PyImport_ImportModule("autograd.node")) == NULL
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
           || (empty_name = PyUnicode_InternFromString("")) == NULL || (rule_numbers = PyDict_New()) == NULL;
}

static int execute(PyObject *module)
{
    if (value_type != NULL) {
        PyErr_SetString(
            PyExc_ImportError, "the engine in C can be loaded once in a process, and not in a second interpreter: "
            "start Python anew, or set AUTOGRAD_CORE=python");
        return -1;
    }
    if (import_all())
        return -1;
    PyObject *node = PyObject_GetAttrString(node_module, "Node");
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
    if (add_machine(module) < 0)
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
