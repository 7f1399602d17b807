/* SPDX-License-Identifier: Apache-2.0
 * attributes.h - what the compiler is told, where it matters.
 */
#ifndef LIB_BASE_ATTRIBUTES_H
#define LIB_BASE_ATTRIBUTES_H

/* A step of a loop that is to keep what it works on in registers: never a call. */
#define INLINE inline __attribute__((always_inline))

/*
 * Arrays on the stack that are too large to be zeroed at each call, as hardened builds do: stacks
 * of walks, which are written before they are read.
 */
#if __has_attribute(uninitialized)
#define UNZEROED __attribute__((uninitialized))
#else
#define UNZEROED
#endif

#endif
