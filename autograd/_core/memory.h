/* The memory of nodes: slabs of a megabyte, some of which are kept for the next graph, and a destructor that
   needs no stack, however deep the graph.

   Nodes are not tracked by the cyclic garbage collector, because they form no cycles: a node refers to its
   arguments, which are there before it and are never replaced, and to exact strings and tuples of strings.
   Only an instance of a subclass that is given a result of its own as an attribute closes a cycle, which the
   collector cannot see. */

#ifndef AUTOGRAD_MEMORY_H
#define AUTOGRAD_MEMORY_H

#include "node.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#define POISON(node) ASAN_POISON_MEMORY_REGION(node, sizeof(Node))
#define UNPOISON(node) ASAN_UNPOISON_MEMORY_REGION(node, sizeof(Node))
#else
#define POISON(node) ((void)0)
#define UNPOISON(node) ((void)0)
#endif

/* Asks for a node's memory, so many bytes away, before it is needed.  Large graphs are bound by memory, and the
   nodes that an expression made one after the other lie side by side.  Any address will do. */
static inline void ask_for_memory(const Node *node, ptrdiff_t distance)
{
#if defined(__GNUC__) || defined(__clang__)
    uintptr_t address = (uintptr_t)node + (uintptr_t)distance;
    __builtin_prefetch((const void *)address, 1);
    __builtin_prefetch((const void *)(address + 64), 1);
#else
    (void)node, (void)distance;
#endif
}

#define SLAB_BYTES ((size_t)1 << 20)
#define SLAB_NODES ((uint32_t)(SLAB_BYTES / sizeof(Node)))
#define SLABS ((uint32_t)NO_SLAB) /* of 64 GB together, which is room for 780 million nodes */
#define KEPT_SLABS 64             /* so many may lie empty before memory is given back */

typedef struct Slab Slab;

struct Slab {
    Node *memory;   /* NULL while it has none */
    Node *free;     /* the nodes that were freed, linked by their x */
    uint32_t fresh; /* from this node on none has been used */
    uint32_t used;  /* how many nodes are alive */
    uint16_t number;
    Slab *before;   /* its neighbours in the ring; NULL outside it */
    Slab *after;
};

static Slab slabs[SLABS];
static uint32_t slabs_opened; /* from here on none has ever had memory */
static uint32_t empty_slabs;  /* how many hold memory and no node */

/* The ring of the slabs with room.  Its head gives the next node; its end never has room. */
static Slab ring_end = {.fresh = SLAB_NODES, .before = &ring_end, .after = &ring_end};
static Slab *ring_head = &ring_end;

static void ring_insert(Slab *slab, Slab *next)
{
    slab->after = next;
    slab->before = next->before;
    slab->before->after = next->before = slab;
}

static void ring_remove(Slab *slab)
{
    slab->before->after = slab->after;
    slab->after->before = slab->before;
    slab->before = slab->after = NULL;
}

/* Makes the head of the ring a slab with room.  Returns -1 with MemoryError set if there is no memory. */
static NOINLINE int find_room(void)
{
    if (ring_head != &ring_end) { /* used up: it returns to the ring with the first node that is freed */
        Slab *next = ring_head->after;
        ring_remove(ring_head);
        ring_head = next;
    }
    if (ring_head != &ring_end)
        return 0;
    Slab *slab = slabs;
    while (slab < slabs + slabs_opened && slab->memory != NULL)
        slab++;
    PyObjectArenaAllocator arenas;
    PyObject_GetArenaAllocator(&arenas);
    if (slab < slabs + SLABS)
        slab->memory = arenas.alloc(arenas.ctx, SLAB_BYTES);
    if (slab == slabs + SLABS || slab->memory == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    if (slab == slabs + slabs_opened)
        slab->number = (uint16_t)slabs_opened++;
    slab->free = NULL;
    slab->fresh = slab->used = 0;
    empty_slabs++;
    ring_insert(slab, &ring_end);
    ring_head = slab;
    return 0;
}

/* A node of the type Value, with one reference and nothing else set but its slab; NULL with MemoryError. */
static INLINE Node *allocate(void)
{
    if (UNLIKELY(ring_head->free == NULL && ring_head->fresh == SLAB_NODES) && find_room() < 0)
        return NULL;
    Node *node = ring_head->free;
    if (node != NULL) {
        UNPOISON(node);
        ring_head->free = node->x;
        ask_for_memory(ring_head->free, 0);
    }
    else {
        node = ring_head->memory + ring_head->fresh++;
        UNPOISON(node);
        ask_for_memory(node, 1024);
        node->ob_base = (PyObject){0};
        node->slab = ring_head->number;
    }
    if (UNLIKELY(ring_head->used++ == 0))
        empty_slabs--;
#if defined(Py_REF_DEBUG) || defined(Py_TRACE_REFS)
    (void)PyObject_Init((PyObject *)node, value_type);
    Py_DECREF(value_type);
#else
    Py_SET_TYPE(node, value_type); /* which outlives every node, and is not counted */
    Py_SET_REFCNT(node, 1);
#endif
    return node;
}

static void give_back(Slab *slab)
{
    PyObjectArenaAllocator arenas;
    PyObject_GetArenaAllocator(&arenas);
    ring_remove(slab);
    for (uint32_t i = 0; i < SLAB_NODES; i++)
        UNPOISON(&slab->memory[i]);
    arenas.free(arenas.ctx, slab->memory, SLAB_BYTES);
    slab->memory = NULL;
    empty_slabs--;
}

/* Takes back the memory of a node of the type Value. */
static inline void recycle(Node *node)
{
    Slab *slab = &slabs[node->slab];
    node->x = slab->free;
    slab->free = node;
    POISON(node);
    if (UNLIKELY(slab->after == NULL)) { /* it was full: it may serve again, after the head */
        ring_insert(slab, ring_head == &ring_end ? &ring_end : ring_head->after);
        if (ring_head == &ring_end)
            ring_head = slab;
    }
    if (UNLIKELY(--slab->used == 0)) {
        slab->free = NULL;
        slab->fresh = 0;
        empty_slabs++;
        if (slab != ring_head) {
            ring_remove(slab);
            ring_insert(slab, &ring_end);
            if (empty_slabs > KEPT_SLABS)
                give_back(slab);
        }
    }
}

/* --- The destructor ------------------------------------------------------------------------------- */

static Node *graves; /* dead nodes that still hold their arguments, linked by `weakrefs`, which they lost */
static int burying;

/* The end of a reference to an argument: a call of the destructor only where it must be. */
static inline void drop(Node *argument)
{
    if (argument == NULL)
        return;
    if (Py_REFCNT(argument) == 1 && Py_IS_TYPE(argument, value_type) && argument->weakrefs == NULL) {
#if defined(Py_REF_DEBUG) || defined(Py_TRACE_REFS)
        Py_DECREF(argument);
#else
        Py_SET_REFCNT(argument, 0);
        argument->weakrefs = (PyObject *)graves;
        graves = argument;
#endif
    }
    else
        Py_DECREF(argument);
}

/* A dead node waits in a list for its turn, so that a chain dies in a loop.  Python code may run meanwhile (a
   subclass's __del__, a weak reference's callback), and what dies by it joins the list. */
static void value_dealloc(PyObject *self)
{
    Node *node = (Node *)self;
    if (node->weakrefs != NULL)
        PyObject_ClearWeakRefs(self);
    node->weakrefs = (PyObject *)graves;
    graves = node;
    if (burying)
        return;
    burying = 1;
    while ((node = graves) != NULL) {
        graves = (Node *)node->weakrefs;
        Node *x = node->x, *y = node->y;
        Rare *rare = node->rare;
        ask_for_memory(node, -2048);
        if (node->slab != NO_SLAB)
            recycle(node);
        else {
            PyTypeObject *type = Py_TYPE(node);
            type->tp_free(node);
            Py_DECREF(type);
        }
        drop(x);
        drop(y);
        rare_free(rare);
    }
    burying = 0;
}

#endif
