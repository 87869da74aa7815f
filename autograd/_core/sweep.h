/* The topological sort and the reverse sweep.  No Python code runs in them, so that marks and arrays are those
   of one sweep at a time, whatever the threads. */

#ifndef AUTOGRAD_SWEEP_H
#define AUTOGRAD_SWEEP_H

#include "record.h"

#define KEPT_NODES ((Py_ssize_t)1 << 20) /* an array for so many is kept for the next sweep */

/* A pointer to a node with its lowest bit set. */
#define TAGGED(node) ((Node *)((uintptr_t)(node) | 1))
#define IS_TAGGED(node) ((uintptr_t)(node) & 1)
#define UNTAGGED(node) ((Node *)((uintptr_t)(node) & ~(uintptr_t)1))



typedef struct {
    Node **items;
    Py_ssize_t count;
    Py_ssize_t capacity;
} Nodes;

static Nodes kept_order, kept_stack; /* empty while a sweep uses them */

static Nodes take(Nodes *kept)
{
    Nodes taken = *kept;
    *kept = (Nodes){NULL, 0, 0};
    taken.count = 0;
    return taken;
}

static void put_back(Nodes *kept, Nodes nodes)
{
    if (kept->items == NULL && nodes.capacity <= KEPT_NODES)
        *kept = nodes;
    else
        PyMem_RawFree(nodes.items);
}

/* Room for `more` nodes; -1 without any exception set if there is no memory. */
static int grow(Nodes *nodes, Py_ssize_t more)
{
    Py_ssize_t capacity = nodes->capacity + nodes->capacity / 2 + more + 64;
    Node **items = PyMem_RawRealloc(nodes->items, (size_t)capacity * sizeof(Node *));
    if (items == NULL)
        return -1;
    nodes->items = items;
    nodes->capacity = capacity;
    return 0;
}

static inline int reserve(Nodes *nodes, Py_ssize_t more)
{
    return UNLIKELY(nodes->capacity - nodes->count < more) ? grow(nodes, more) : 0;
}

/* Begins a node's part in a sort.  Before a sweep it begins that too, with an adjoint of 0, a leaf keeping what
   it had: large graphs cost as often as their memory is visited. */
static inline void visit(Node *node, int sweeping)
{
    node->state |= VISITED;
    if (!sweeping)
        return;
    if (node->layout == NO_ARGUMENTS) {
        node->dx = node->grad;
        node->state = (uint8_t)((node->state & ~HAD_GRAD) | (node->state & HAS_GRAD ? HAD_GRAD : 0));
    }
    node->state |= HAS_GRAD;
    node->grad = 0.0;
}

static void leave(Nodes *nodes)
{
    for (Py_ssize_t i = 0; i < nodes->count; i++)
        UNTAGGED(nodes->items[i])->state &= ~VISITED;
}

/* The walk from the nodes on the stack: depth first, first argument first.  A node waits on the stack, tagged,
   until its arguments are in the order. */
static INLINE int walk(Nodes *order, Nodes *stack, int sweeping)
{
    while (stack->count > 0) {
        Node *node = stack->items[--stack->count];
        if (IS_TAGGED(node)) {
            if (reserve(order, 1) < 0)
                return ++stack->count, -1;
            node = UNTAGGED(node);
            order->items[order->count++] = node;
            ask_for_memory(node, 4096);
            continue;
        }
        while (!(node->state & VISITED)) { /* down the first arguments, while the others wait */
            Py_ssize_t count = node->layout == MANY ? argument_count(node) : 1;
            if (reserve(order, 1) < 0 || reserve(stack, count + 1) < 0)
                return -1;
            visit(node, sweeping);
            if (node->layout == NO_ARGUMENTS) {
                order->items[order->count++] = node;
                break;
            }
            stack->items[stack->count++] = TAGGED(node);
            if (node->layout == MANY) {
                while (count-- > 0) {
                    PyObject *argument = argument_of(node, count);
                    if (is_value(argument))
                        stack->items[stack->count++] = (Node *)argument;
                }
                break;
            }
            if (node->layout == X_Y) {
                ask_for_memory(node->y, 0);
                stack->items[stack->count++] = node->y;
            }
            node = node->x;
            ask_for_memory(node, -768);
        }
    }
    return 0;
}

/* Every node that the outputs depend on, each after all of its arguments, without entering those of `without`.
   The nodes are borrowed, and none is marked afterwards.  Returns -1 with MemoryError set. */
static int sort(Nodes *order, PyObject *const *outputs, Py_ssize_t count, PyObject *without)
{
    Py_ssize_t excluded = without == NULL ? 0 : PyTuple_GET_SIZE(without);
    Nodes stack = take(&kept_stack);
    *order = take(&kept_order);
    int failed = reserve(&stack, count) < 0;
    if (!failed) {
        while (count-- > 0)
            stack.items[stack.count++] = (Node *)outputs[count];
        for (Py_ssize_t i = 0; i < excluded; i++)
            ((Node *)PyTuple_GET_ITEM(without, i))->state |= VISITED;
        failed = walk(order, &stack, 0) < 0;
        for (Py_ssize_t i = 0; i < excluded; i++)
            ((Node *)PyTuple_GET_ITEM(without, i))->state &= ~VISITED;
    }
    leave(order);
    leave(&stack);
    put_back(&kept_stack, stack);
    if (failed) {
        put_back(&kept_order, *order);
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

/* --- The sweep ------------------------------------------------------------------------------------ */

static inline void contribute(Node *node, Py_ssize_t position, Node *argument, double partial)
{
    if (partial != 0.0 || !skips(node->row, position))
        argument->grad += node->grad * partial;
}

/* Hands a node's adjoint on to its arguments.  The strong zero: an adjoint of 0 contributes 0, whatever the
   partial; so does a partial of 0 if the primitive selects, whatever the adjoint. */
static inline void hand_on(Node *node)
{
    switch (node->layout) {
    case X_Y:
        contribute(node, 0, node->x, node->dx);
        contribute(node, 1, node->y, node->dy);
        break;
    case X:
    case X_NUMBER:
        contribute(node, 0, node->x, node->dx);
        break;
    case NUMBER_X:
        contribute(node, 1, node->x, node->dx);
        break;
    case MANY:
        for (Py_ssize_t position = 0; position < argument_count(node); position++) {
            PyObject *argument = argument_of(node, position);
            if (is_value(argument))
                contribute(node, position, (Node *)argument, node->rare->partials[position]);
        }
        break;
    default: /* a leaf, whose adjoint is complete: what it had is added once */
        if (node->state & HAD_GRAD && node->dx != 0.0)
            node->grad = node->dx + node->grad;
    }
}

/* The chain rule, from the last node of the order to the first.  Returns the first one met whose adjoint is nan
   or infinite, if that is watched for, with the sweep undone and the adjoint in `faulty`; else NULL. */
static Node *sweep(const Nodes *order, int watched, double *faulty)
{
    for (Py_ssize_t i = order->count - 1; i >= 0; i--) {
        Node *node = order->items[i];
        if (i >= 8)
            ask_for_memory(order->items[i - 8], 0);
        if (UNLIKELY(watched) && !isfinite(node->grad)) {
            *faulty = node->grad;
            return node;
        }
        node->state &= ~VISITED;
        if (node->grad != 0.0 || node->layout == NO_ARGUMENTS)
            hand_on(node);
    }
    return NULL;
}

static void clear_gradient(Node *node)
{
    node->state &= ~(HAS_GRAD | HAD_GRAD);
}

/* Takes a sweep back: leaves have what they had, inner nodes nothing. */
static void undo(const Nodes *order)
{
    for (Py_ssize_t i = 0; i < order->count; i++) {
        Node *node = order->items[i];
        int had = node->layout == NO_ARGUMENTS && node->state & HAD_GRAD;
        node->state &= ~VISITED;
        clear_gradient(node);
        if (had) {
            node->grad = node->dx;
            node->state |= HAS_GRAD;
        }
    }
}

/* Returns -1 with an exception set, the leaves' gradients being what they were. */
static int backward(PyObject *output, double seed, int watched)
{
    Nodes stack = take(&kept_stack), order = take(&kept_order);
    Node *node = NULL;
    double adjoint;
    int failed = reserve(&stack, 1) < 0;
    if (!failed) {
        stack.items[stack.count++] = (Node *)output;
        failed = walk(&order, &stack, 1) < 0;
    }
    if (!failed) {
        ((Node *)output)->grad = seed;
        node = sweep(&order, watched, &adjoint);
    }
    for (Py_ssize_t i = 0; i < stack.count; i++)
        if (IS_TAGGED(stack.items[i])) /* only after a failure: it was visited and is not in the order */
            clear_gradient(UNTAGGED(stack.items[i]));
    leave(&stack);
    if (failed || node != NULL)
        undo(&order);
    put_back(&kept_stack, stack);
    put_back(&kept_order, order);
    if (failed)
        PyErr_NoMemory();
    return node != NULL ? require_finite("the adjoint of ", node, adjoint) : failed ? -1 : 0;
}

static int zero_grad(PyObject *output)
{
    Nodes order;
    if (sort(&order, &output, 1, NULL) < 0)
        return -1;
    for (Py_ssize_t i = 0; i < order.count; i++)
        clear_gradient(order.items[i]);
    put_back(&kept_order, order);
    return 0;
}

/* topological_order(*outputs, without=()): a list. */
static PyObject *topological_order_of(PyObject *const *outputs, Py_ssize_t count, PyObject *without)
{
    Nodes order;
    if (sort(&order, outputs, count, without) < 0)
        return NULL;
    for (Py_ssize_t i = 0; i < order.count; i++) /* before the list: making it may run the collector */
        Py_INCREF(order.items[i]);
    PyObject *list = PyList_New(order.count);
    for (Py_ssize_t i = 0; i < order.count; i++)
        if (list == NULL)
            Py_DECREF(order.items[i]);
        else
            PyList_SET_ITEM(list, i, (PyObject *)order.items[i]);
    put_back(&kept_order, order);
    return list;
}

#endif
