/* SPDX-License-Identifier: Apache-2.0
 * attributes.h - for arrays on the stack that are too large to be zeroed at each call, as
 * hardened builds do: stacks of walks, which are written before they are read.
 */
#ifndef LIB_BASE_ATTRIBUTES_H
#define LIB_BASE_ATTRIBUTES_H

#if __has_attribute(uninitialized)
#define UNZEROED __attribute__((uninitialized))
#else
#define UNZEROED
#endif

#endif
