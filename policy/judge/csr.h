/* SPDX-License-Identifier: Apache-2.0
 * csr.h - the names in a certificate's request.
 */
#ifndef POLICY_JUDGE_CSR_H
#define POLICY_JUDGE_CSR_H

#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"

/*
 * Visit the common names (group: false) and organisations (group: true) of the subject of the
 * request, which is the base64 of PEM of PKCS#10 (RFC 2986), as spec.request of a
 * CertificateSigningRequest carries it. Nothing is visited of what is no such request. The names
 * are good as long as the arena.
 */
void csr_names(struct str request, struct arena *arena,
	       void (*visit)(void *ctx, bool group, struct str name), void *ctx);

#endif
