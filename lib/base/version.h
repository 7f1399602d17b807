/* SPDX-License-Identifier: Apache-2.0
 * version.h - the one place where the version stands.
 */
#ifndef LIB_BASE_VERSION_H
#define LIB_BASE_VERSION_H

#define OKE_GUARD_VERSION "0.1.0"

#endif
