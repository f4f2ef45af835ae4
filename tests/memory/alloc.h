/* SPDX-License-Identifier: MIT */
/* The allocations of a whole test program, libraries underneath included: counted, and made
 * to fail at a chosen one. To be included by one file of the program. Where a sanitizer or
 * valgrind has the allocator, alloc_require() skips the case. */
#ifndef SIO_TESTS_ALLOC_H
#define SIO_TESTS_ALLOC_H

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>

#include <sio/export.h>

#include "unit.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define ALLOC_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define ALLOC_SANITIZED
#endif
#endif

static atomic_long alloc_made;          /* allocations asked for, but for the spared ones */
static atomic_long alloc_live;          /* allocations that have not been freed */
static atomic_long alloc_left = -1;     /* armed: how many succeed before one fails */
static atomic_bool alloc_lasting;       /* armed: all those behind it fail too */
static atomic_long alloc_hits;          /* how many have failed since they were armed */
static _Thread_local bool alloc_spared; /* the test's own thread, while it calls no library */

#ifndef ALLOC_SANITIZED
/* glibc's own names of what these replace. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *memory, size_t size);
void __libc_free(void *memory);

static bool alloc_fails(void)
{
    if (alloc_spared)
        return false;
    atomic_fetch_add(&alloc_made, 1);
    if (atomic_load(&alloc_left) < 0)
        return false;
    if (atomic_fetch_sub(&alloc_left, 1) != 0)
        return false;
    if (atomic_load(&alloc_lasting))
        atomic_store(&alloc_left, 0);
    atomic_fetch_add(&alloc_hits, 1);
    errno = ENOMEM;
    return true;
}

static void *alloc_counted(void *memory)
{
    if (memory != NULL)
        atomic_fetch_add(&alloc_live, 1);
    return memory;
}

SIO_API void *malloc(size_t size)
{
    return alloc_fails() ? NULL : alloc_counted(__libc_malloc(size));
}

SIO_API void *calloc(size_t n, size_t size)
{
    return alloc_fails() ? NULL : alloc_counted(__libc_calloc(n, size));
}

SIO_API void *realloc(void *memory, size_t size)
{
    if (alloc_fails())
        return NULL;
    return memory == NULL ? alloc_counted(__libc_malloc(size)) : __libc_realloc(memory, size);
}

SIO_API void free(void *memory)
{
    if (memory != NULL)
        atomic_fetch_sub(&alloc_live, 1);
    __libc_free(memory);
}
#endif

/* Let n allocations succeed, then one fail, or with `lasting` all that follow. */
static inline void alloc_arm(long n, bool lasting)
{
    atomic_store(&alloc_hits, 0);
    atomic_store(&alloc_lasting, lasting);
    atomic_store(&alloc_left, n);
}

/* Returns how many have failed. */
static inline long alloc_disarm(void)
{
    atomic_store(&alloc_left, -1);
    return atomic_load(&alloc_hits);
}

static inline void alloc_require(void)
{
    void *(*volatile allocate)(size_t) = malloc; /* not one the compiler leaves out */
    long before = atomic_load(&alloc_live);
    void *probe = allocate(1);
    bool counted = atomic_load(&alloc_live) == before + 1;
    free(probe);
    if (!counted)
        SIO_SKIP("another malloc is in front of the test's");
}

#endif
