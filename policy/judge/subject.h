/* SPDX-License-Identifier: Apache-2.0
 * subject.h - whom a binding or a certificate would make powerful.
 */
#ifndef POLICY_JUDGE_SUBJECT_H
#define POLICY_JUDGE_SUBJECT_H

#include "policy/judge/judge.h"

/*
 * Is the value somebody of the kinds that the bits of enum when_special name? An object is read as
 * an RBAC subject; a text as the request of a CertificateSigningRequest (base64 of PEM of
 * PKCS#10), whose name and groups are its CN and O. What cannot be read is nobody.
 */
bool subject_is(const struct judge *j, unsigned specials, const struct json *v);

#endif
