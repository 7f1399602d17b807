/* SPDX-License-Identifier: Apache-2.0
 * check_keypair.c - a row a fault: is it found, under its own name, and nothing else?
 */
#include "tests/unit/certs/faulty.h"

#include <fcntl.h>
#include <openssl/param_build.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/suite.h"

#define GOOD (-1)

/* Chain in the file, and what the caller gives as the CA. */
enum layout {
	LEAF,           /* signed by the root, alone in the file */
	LEAF_MIDDLE,    /* leaf, intermediate */
	MIDDLE_LEAF,    /* out of order */
	LEAF_NO_MIDDLE, /* signed by the intermediate, which is not in the file */
	LEAF_ROOT,      /* leaf, root */
};
enum ca { NO_CA, CA, CA_OTHER, CA_BUNDLE };

#define SERVER .cn = "guard", .san = "DNS:guard.example", .eku = "serverAuth"

static const struct fault_case {
	const char *why;
	struct recipe leaf;
	enum layout layout;
	enum ca ca;
	const char *name; /* wanted; NULL: none */
	int64_t at;       /* seconds after NOW */
	bool other_key;
	struct recipe root, middle; /* cn NULL: good ones */
	int want;                   /* kind of the one fault, or GOOD */
	const char *text;           /* in its sentence */
} faults[] = {
	{ .why = "P-256", .leaf = { SERVER }, .want = GOOD },
	{ .why = "P-384", .leaf = { SERVER, .key = KEY_P384 }, .want = GOOD },
	{ .why = "P-521", .leaf = { SERVER, .key = KEY_P521 }, .want = GOOD },
	{ .why = "RSA 2048", .leaf = { SERVER, .key = KEY_RSA2048 }, .want = GOOD },
	{ .why = "its own CA", .leaf = { SERVER }, .ca = CA, .want = GOOD },

	{ .why = "the key of another certificate",
	  .leaf = { SERVER },
	  .other_key = true,
	  .want = FAULT_KEY,
	  .text = "does not fit the certificate CN=guard" },
	{ .why = "an RSA key of another certificate",
	  .leaf = { SERVER, .key = KEY_RSA2048 },
	  .other_key = true,
	  .want = FAULT_KEY,
	  .text = "does not fit" },

	{ .why = "its last second", .leaf = { SERVER }, .at = YEAR, .want = GOOD },
	{ .why = "a second too late",
	  .leaf = { SERVER },
	  .at = YEAR + 1,
	  .want = FAULT_EXPIRED,
	  .text = "expired on 2027-11-18T" },
	{ .why = "its first second", .leaf = { SERVER }, .at = -DAY, .want = GOOD },
	{ .why = "a second too early",
	  .leaf = { SERVER },
	  .at = -DAY - 1,
	  .want = FAULT_NOT_YET_VALID,
	  .text = "not valid before 2026-11-17T" },
	{ .why = "an intermediate that expired first",
	  .leaf = { SERVER },
	  .layout = LEAF_MIDDLE,
	  .middle = { .cn = "middle", .ca = true, .to = NOW + DAY },
	  .at = 2 * DAY,
	  .want = FAULT_EXPIRED,
	  .text = "CN=middle expired" },

	{ .why = "the wanted name", .leaf = { SERVER }, .name = "guard.example", .want = GOOD },
	{ .why = "names have no case", .leaf = { SERVER }, .name = "Guard.EXAMPLE", .want = GOOD },
	{ .why = "another name",
	  .leaf = { SERVER },
	  .name = "guard.example.com",
	  .want = FAULT_NAME,
	  .text = "does not hold the name guard.example.com" },
	{ .why = "the common name is none",
	  .leaf = { SERVER },
	  .name = "guard",
	  .want = FAULT_NAME,
	  .text = "the name guard" },
	{ .why = "a star is one label",
	  .leaf = { .cn = "guard", .san = "DNS:*.example" },
	  .name = "guard.example",
	  .want = GOOD },
	{ .why = "a star is not two labels",
	  .leaf = { .cn = "guard", .san = "DNS:*.example" },
	  .name = "a.guard.example",
	  .want = FAULT_NAME,
	  .text = "a.guard.example" },
	{ .why = "a star is not nothing",
	  .leaf = { .cn = "guard", .san = "DNS:*.example" },
	  .name = "example",
	  .want = FAULT_NAME,
	  .text = "the name example" },
	{ .why = "an address",
	  .leaf = { .cn = "guard", .san = "IP:127.0.0.1" },
	  .name = "127.0.0.1",
	  .want = GOOD },
	{ .why = "an address as a DNS name is none",
	  .leaf = { .cn = "guard", .san = "DNS:*.0.0.1" },
	  .name = "127.0.0.1",
	  .want = FAULT_NAME,
	  .text = "127.0.0.1" },
	{ .why = "an IPv6 address in another spelling",
	  .leaf = { .cn = "guard", .san = "IP:fd00::1" },
	  .name = "FD00:0:0::0001",
	  .want = GOOD },
	{ .why = "no subject alternative name",
	  .leaf = { .cn = "guard" },
	  .want = FAULT_NAME,
	  .text = "no subject alternative name" },
	{ .why = "a NUL does not end a name",
	  .leaf = { .cn = "guard", .nul_in_name = true },
	  .name = "guard.example",
	  .want = FAULT_NAME,
	  .text = "the name guard.example" },

	{ .why = "for clients only",
	  .leaf = { .cn = "guard", .san = "DNS:a", .eku = "clientAuth" },
	  .want = FAULT_PURPOSE,
	  .text = "may not be used by a server" },
	{ .why = "says nothing on its use",
	  .leaf = { .cn = "guard", .san = "DNS:a" },
	  .want = GOOD },
	{ .why = "a key that may not sign",
	  .leaf = { SERVER, .ku = "keyEncipherment" },
	  .want = FAULT_PURPOSE,
	  .text = "digitalSignature" },
	{ .why = "a CA in the server's place",
	  .leaf = { SERVER, .ca = true },
	  .want = FAULT_PURPOSE,
	  .text = "is a CA's" },

	{ .why = "RSA 1024",
	  .leaf = { SERVER, .key = KEY_RSA1024 },
	  .want = FAULT_WEAK,
	  .text = "RSA 1024" },
	{ .why = "secp256k1",
	  .leaf = { SERVER, .key = KEY_K1 },
	  .want = FAULT_WEAK,
	  .text = "EC secp256k1" },
	{ .why = "P-256 in numbers",
	  .leaf = { SERVER, .key = KEY_EXPLICIT },
	  .want = FAULT_WEAK,
	  .text = "EC with explicit parameters" },
	{ .why = "Ed25519",
	  .leaf = { SERVER, .key = KEY_ED25519 },
	  .want = FAULT_WEAK,
	  .text = "ED25519" },
	{ .why = "SHA-1",
	  .leaf = { SERVER, .sha1 = true },
	  .want = FAULT_WEAK,
	  .text = "ecdsa-with-SHA1" },
	{ .why = "SHA-1 on a root, whose signature nobody reads",
	  .leaf = { SERVER },
	  .layout = LEAF_ROOT,
	  .root = { .cn = "root", .ca = true, .sha1 = true },
	  .want = GOOD },
	{ .why = "SHA-1 on an intermediate",
	  .leaf = { SERVER },
	  .layout = LEAF_MIDDLE,
	  .middle = { .cn = "middle", .ca = true, .sha1 = true },
	  .want = FAULT_WEAK,
	  .text = "CN=middle is signed with" },
	{ .why = "a weak CA",
	  .leaf = { SERVER },
	  .ca = CA,
	  .root = { .cn = "root", .ca = true, .key = KEY_RSA1024 },
	  .want = FAULT_WEAK,
	  .text = "CA CN=root" },

	{ .why = "a whole chain",
	  .leaf = { SERVER },
	  .layout = LEAF_MIDDLE,
	  .ca = CA,
	  .want = GOOD },
	{ .why = "the root is sent too",
	  .leaf = { SERVER },
	  .layout = LEAF_ROOT,
	  .ca = CA,
	  .want = GOOD },
	{ .why = "an incomplete chain",
	  .leaf = { SERVER },
	  .layout = LEAF_NO_MIDDLE,
	  .ca = CA,
	  .want = FAULT_CHAIN,
	  .text = "issued by CN=middle" },
	{ .why = "another CA of the same name",
	  .leaf = { SERVER },
	  .ca = CA_OTHER,
	  .want = FAULT_CHAIN,
	  .text = "does not lead to the given CA" },
	{ .why = "a bundle with an expired CA besides",
	  .leaf = { SERVER },
	  .ca = CA_BUNDLE,
	  .want = GOOD },
	{ .why = "a CA that has expired",
	  .leaf = { SERVER },
	  .ca = CA,
	  .root = { .cn = "root", .ca = true, .to = NOW - 1 },
	  .want = FAULT_EXPIRED,
	  .text = "CA CN=root expired" },
	{ .why = "an issuer that is no CA",
	  .leaf = { SERVER },
	  .layout = LEAF_MIDDLE,
	  .ca = CA,
	  .middle = { .cn = "middle" },
	  .want = FAULT_CHAIN,
	  .text = "invalid CA" },
};

static const struct recipe good_root = { .cn = "root", .ca = true };
static const struct recipe good_middle = { .cn = "middle", .ca = true };
static const struct recipe old_root = { .cn = "old root", .ca = true, .to = NOW - 1 };

static void chain_write(struct pem *p, enum layout layout, const struct made *leaf,
			const struct made *middle, const struct made *root)
{
	if (layout == MIDDLE_LEAF)
		pem_cert(p, middle);
	pem_cert(p, leaf);
	if (layout == LEAF_MIDDLE)
		pem_cert(p, middle);
	if (layout == LEAF_ROOT)
		pem_cert(p, root);
}

static void ca_write(struct pem *p, enum ca ca, const struct made *root)
{
	struct made other = made_new(ca == CA_OTHER ? &good_root : &old_root, NULL);

	if (ca == CA_OTHER || ca == CA_BUNDLE)
		pem_cert(p, &other);
	if (ca == CA || ca == CA_BUNDLE)
		pem_cert(p, root);
	made_done(&other);
}

static void expect(const struct fault_case *c, const struct keypair *kp,
		   const struct keypair_want *want)
{
	struct keypair_fault found[KEYPAIR_FAULTS_MAX];
	size_t n = keypair_faults(kp, want, found);
	struct err err;

	ck_assert_msg(n == (c->want == GOOD ? 0u : 1u), "%s: %zu faults, the first: %s", c->why, n,
		      n ? found[0].text : "");
	ck_assert_int_eq(keypair_check(kp, want, &err), n ? -1 : 0);
	if (!n)
		return;
	ck_assert_msg((int)found[0].kind == c->want, "%s: %s", c->why, found[0].text);
	ck_assert_msg(strstr(found[0].text, c->text) != NULL, "%s: '%s' in: %s", c->why, c->text,
		      found[0].text);
	ck_assert_str_eq(err.msg, found[0].text);
	no_key_in(found[0].text, keypair_key_pem(kp));
}

START_TEST(fault_is_found)
{
	const struct fault_case *c = &faults[_i];
	struct made root = made_new(c->root.cn ? &c->root : &good_root, NULL);
	struct made middle = made_new(c->middle.cn ? &c->middle : &good_middle, &root);
	bool by_root = c->layout == LEAF || c->layout == LEAF_ROOT;
	struct made leaf = made_new(&c->leaf, by_root ? &root : &middle);
	struct made other = made_new(&c->leaf, NULL);
	struct pem cert = pem_new(), key = pem_new(), ca = pem_new();
	struct keypair_want want = { .now = NOW + c->at };
	struct keypair *kp;
	struct err err;

	chain_write(&cert, c->layout, &leaf, &middle, &root);
	pem_key(&key, c->other_key ? &other : &leaf);
	ca_write(&ca, c->ca, &root);
	kp = keypair_parse(pem_str(&cert), pem_str(&key), &err);
	ck_assert_msg(kp != NULL, "%s: %s", c->why, err.msg);
	want.names = &c->name;
	want.names_n = c->name ? 1 : 0;
	if (c->ca != NO_CA)
		want.ca = pem_str(&ca);
	expect(c, kp, &want);
	keypair_unref(kp);
	pem_done(&cert);
	pem_done(&key);
	pem_done(&ca);
	made_done(&root);
	made_done(&middle);
	made_done(&leaf);
	made_done(&other);
}
END_TEST

/* The key is the leaf's, the first certificate is not: two faults and more. */
START_TEST(order_is_looked_at)
{
	static const struct recipe server = { SERVER };
	struct made root = made_new(&good_root, NULL), middle = made_new(&good_middle, &root);
	struct made leaf = made_new(&server, &middle);
	struct pem cert = pem_new(), key = pem_new();
	struct keypair_want want = { .now = NOW };
	struct keypair_fault found[KEYPAIR_FAULTS_MAX];
	struct keypair *kp;
	struct err err;
	bool chain = false;
	size_t n;

	chain_write(&cert, MIDDLE_LEAF, &leaf, &middle, &root);
	pem_key(&key, &leaf);
	kp = keypair_parse(pem_str(&cert), pem_str(&key), &err);
	ck_assert_ptr_nonnull(kp);
	n = keypair_faults(kp, &want, found);
	ck_assert_uint_gt(n, 1);
	ck_assert_int_eq(found[0].kind, FAULT_KEY);
	for (size_t i = 0; i < n; i++)
		chain = chain || (found[i].kind == FAULT_CHAIN &&
				  strstr(found[i].text, "put the chain in order"));
	ck_assert_msg(chain, "the order is not among %zu faults", n);
	keypair_unref(kp);
	pem_done(&cert);
	pem_done(&key);
	made_done(&root);
	made_done(&middle);
	made_done(&leaf);
}
END_TEST

/* A chain counts from when its last certificate begins until the first of them ends. */
START_TEST(a_chain_has_one_time)
{
	static const struct recipe server = { SERVER };
	static const struct recipe root_recipe = {
		.cn = "root", .ca = true, .from = NOW - 10, .to = NOW + DAY
	};
	struct made root = made_new(&root_recipe, NULL), middle = made_new(&good_middle, &root);
	struct made leaf = made_new(&server, &middle);
	struct pem cert = pem_new(), key = pem_new();
	struct keypair *kp;
	struct err err;

	pem_cert(&cert, &leaf);
	pem_cert(&cert, &middle);
	pem_cert(&cert, &root);
	pem_key(&key, &leaf);
	kp = keypair_parse(pem_str(&cert), pem_str(&key), &err);
	ck_assert_msg(kp != NULL, "%s", err.msg);
	ck_assert_int_eq(keypair_not_before(kp), NOW - 10);
	ck_assert_int_eq(keypair_not_after(kp), NOW + DAY);
	keypair_unref(kp);
	pem_done(&cert);
	pem_done(&key);
	made_done(&root);
	made_done(&middle);
	made_done(&leaf);
}
END_TEST

/* The public half of one key, the private half of another. */
static EVP_PKEY *mixed_key(EVP_PKEY *public, EVP_PKEY *private)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
	unsigned char point[256];
	size_t n = 0;
	BIGNUM *number = NULL;
	OSSL_PARAM *params;
	EVP_PKEY *key = NULL;

	ck_assert(EVP_PKEY_get_octet_string_param(public, OSSL_PKEY_PARAM_PUB_KEY, point,
						  sizeof point, &n));
	ck_assert(EVP_PKEY_get_bn_param(private, OSSL_PKEY_PARAM_PRIV_KEY, &number));
	ck_assert(OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0));
	ck_assert(OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point, n));
	ck_assert(OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_PRIV_KEY, number));
	params = OSSL_PARAM_BLD_to_param(bld);
	ck_assert(params && EVP_PKEY_fromdata_init(ctx) == 1);
	ck_assert(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params) == 1);
	OSSL_PARAM_free(params);
	BN_clear_free(number);
	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_BLD_free(bld);
	return key;
}

/* It says that it is the certificate's key, and nobody's handshake would end well with it. */
START_TEST(halves_of_two_keys_are_none)
{
	static const struct recipe server = { SERVER };
	struct made leaf = made_new(&server, NULL), other = made_new(&server, NULL);
	struct made mixed = { NULL, mixed_key(leaf.key, other.key) };
	struct pem cert = pem_new(), key = pem_new();
	struct keypair_want want = { .now = NOW };
	struct keypair_fault found[KEYPAIR_FAULTS_MAX];
	struct keypair *kp;
	struct err err;

	pem_cert(&cert, &leaf);
	pem_key(&key, &mixed);
	kp = keypair_parse(pem_str(&cert), pem_str(&key), &err);
	if (kp) {
		ck_assert_uint_eq(keypair_faults(kp, &want, found), 1);
		ck_assert_int_eq(found[0].kind, FAULT_KEY);
	} else { /* an OpenSSL that looks at it when it reads it */
		ck_assert_int_eq(err.kind, ERR_SYNTAX);
	}
	keypair_unref(kp);
	pem_done(&cert);
	pem_done(&key);
	made_done(&leaf);
	made_done(&other);
	made_done(&mixed);
}
END_TEST

/* ---- what is no pair at all ---- */

enum piece {
	PIECE_CERT,
	PIECE_KEY,
	PIECE_TEXT,
	PIECE_MANY,
	PIECE_TRUSTED,
	PIECE_LARGE,
	PIECE_PKCS8,
	PIECE_PEM_DEK
};

static const struct unreadable_case {
	const char *why;
	enum piece cert, key;
	const char *cert_text, *key_text;
	enum err_kind kind;
	const char *text;
} unreadable[] = {
	{ "an empty certificate file", PIECE_TEXT, PIECE_KEY, "", NULL, ERR_SYNTAX,
	  "holds no certificate" },
	{ "an empty key file", PIECE_CERT, PIECE_TEXT, NULL, "", ERR_SYNTAX,
	  "holds no private key" },
	{ "files the wrong way round", PIECE_KEY, PIECE_CERT, NULL, NULL, ERR_SYNTAX,
	  "holds no certificate" },
	{ "a certificate in the key's place", PIECE_CERT, PIECE_CERT, NULL, NULL, ERR_SYNTAX,
	  "holds no private key" },
	{ "PEM that is cut off", PIECE_TEXT, PIECE_KEY, "-----BEGIN CERTIFICATE-----\nMIIB\n", NULL,
	  ERR_SYNTAX, "broken PEM" },
	{ "PEM that holds something else", PIECE_TEXT, PIECE_KEY,
	  "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n", NULL, ERR_SYNTAX,
	  "certificate 1 cannot be read" },
	{ "OpenSSL's own form, which GnuTLS does not take", PIECE_TRUSTED, PIECE_KEY, NULL, NULL,
	  ERR_SYNTAX, "holds no certificate" },
	{ "a chain that is too long", PIECE_MANY, PIECE_KEY, NULL, NULL, ERR_LIMIT,
	  "more than 16 certificates" },
	{ "a certificate text that is too large", PIECE_LARGE, PIECE_KEY, NULL, NULL, ERR_LIMIT,
	  "larger than" },
	{ "a key text that is too large", PIECE_CERT, PIECE_LARGE, NULL, NULL, ERR_SYNTAX,
	  "holds no private key" },
	{ "an encrypted key", PIECE_CERT, PIECE_PKCS8, NULL, NULL, ERR_SYNTAX, "is encrypted" },
	{ "a key encrypted in the old way", PIECE_CERT, PIECE_PEM_DEK, NULL, NULL, ERR_SYNTAX,
	  "is encrypted" },
};

static void encrypted_write(struct pem *p, bool pkcs8, EVP_PKEY *key)
{
	unsigned char pass[] = "secret";
	const EVP_CIPHER *how = EVP_aes_128_cbc();

	ck_assert(
		pkcs8 ? PEM_write_bio_PKCS8PrivateKey(p->out, key, how, (char *)pass, 6, NULL, NULL)
		      : PEM_write_bio_PrivateKey_traditional(p->out, key, how, pass, 6, NULL,
							     NULL));
}

static void piece_write(struct pem *p, enum piece piece, const char *text, const struct made *m)
{
	static char large[CERTS_FILE_MAX + 1];

	if (piece == PIECE_CERT)
		pem_cert(p, m);
	if (piece == PIECE_KEY)
		pem_key(p, m);
	if (piece == PIECE_TEXT && *text)
		ck_assert(BIO_puts(p->out, text) > 0);
	for (int i = 0; piece == PIECE_MANY && i <= CERTS_CHAIN_MAX; i++)
		pem_cert(p, m);
	if (piece == PIECE_TRUSTED)
		ck_assert(PEM_write_bio_X509_AUX(p->out, m->x));
	if (piece == PIECE_PKCS8 || piece == PIECE_PEM_DEK)
		encrypted_write(p, piece == PIECE_PKCS8, m->key);
	if (piece == PIECE_LARGE) {
		memset(large, '\n', sizeof large);
		ck_assert(BIO_write(p->out, large, sizeof large) > 0);
	}
}

START_TEST(unreadable_is_said)
{
	static const struct recipe server = { SERVER };
	const struct unreadable_case *c = &unreadable[_i];
	struct made m = made_new(&server, NULL);
	struct pem cert = pem_new(), key = pem_new();
	struct err err;

	piece_write(&cert, c->cert, c->cert_text, &m);
	piece_write(&key, c->key, c->key_text, &m);
	ck_assert_msg(!keypair_parse(pem_str(&cert), pem_str(&key), &err), "%s", c->why);
	ck_assert_msg(err.kind == c->kind, "%s: kind %d: %s", c->why, (int)err.kind, err.msg);
	ck_assert_msg(strstr(err.msg, c->text) != NULL, "%s: %s", c->why, err.msg);
	pem_done(&key);
	key = pem_new();
	pem_key(&key, &m);
	no_key_in(err.msg, pem_str(&key));
	pem_done(&cert);
	pem_done(&key);
	made_done(&m);
}
END_TEST

/* ---- files ---- */

static char folder[] = "/tmp/oke-guard-keypair-XXXXXX";

static void folder_make(void)
{
	ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void folder_remove(void)
{
	static const char *const names[] = { "cert", "key", "large", "fifo" };
	char path[64];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		snprintf(path, sizeof path, "%s/%s", folder, names[i]);
		unlink(path);
	}
	rmdir(folder);
}

static const char *file_put(const char *name, struct str text, char path[64])
{
	FILE *f;

	snprintf(path, 64, "%s/%s", folder, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(text.s, 1, text.n, f), text.n);
	ck_assert_int_eq(fclose(f), 0);
	return path;
}

START_TEST(files_are_read)
{
	static const struct recipe server = { SERVER, .to = NOW + 30 * DAY };
	struct made root = made_new(&good_root, NULL), leaf = made_new(&server, &root);
	struct pem cert = pem_new(), key = pem_new();
	const struct certificate *chain;
	char cert_path[64], key_path[64];
	struct keypair *kp;
	struct err err;

	chain_write(&cert, LEAF_ROOT, &leaf, NULL, &root);
	pem_key(&key, &leaf);
	kp = keypair_read(file_put("cert", pem_str(&cert), cert_path),
			  file_put("key", pem_str(&key), key_path), &err);
	ck_assert_msg(kp != NULL, "%s", err.msg);
	ck_assert(str_eq(keypair_cert_pem(kp), pem_str(&cert)));
	ck_assert(str_eq(keypair_key_pem(kp), pem_str(&key)));
	ck_assert_uint_eq(keypair_chain(kp, &chain), 2);
	ck_assert_ptr_eq(chain, keypair_leaf(kp));
	ck_assert(chain[0].by_next && !chain[0].self_signed && chain[1].self_signed);
	ck_assert_str_eq(chain[0].names[0], "guard.example");
	ck_assert_uint_eq(strlen(chain[0].fingerprint), 32 * 3 - 1);
	ck_assert_int_eq(keypair_not_after(kp), NOW + 30 * DAY);
	ck_assert_int_eq(keypair_not_before(kp), NOW - DAY);
	keypair_ref(kp);
	keypair_unref(kp);
	keypair_unref(keypair_of(keypair_shared(kp)));
	pem_done(&cert);
	pem_done(&key);
	made_done(&root);
	made_done(&leaf);
}
END_TEST

START_TEST(what_is_no_file_is_named)
{
	static char blank[CERTS_FILE_MAX + 1];
	char large[64], fifo[64], missing[64];
	struct err err;

	memset(blank, '\n', sizeof blank);
	file_put("large", (struct str){ blank, sizeof blank }, large);
	snprintf(fifo, sizeof fifo, "%s/fifo", folder);
	snprintf(missing, sizeof missing, "%s/missing", folder);
	ck_assert_int_eq(mkfifo(fifo, 0600), 0);
	ck_assert(!keypair_read(missing, missing, &err) && err.kind == ERR_IO);
	ck_assert_msg(strstr(err.msg, "missing: No such file") != NULL, "%s", err.msg);
	ck_assert(!keypair_read(folder, folder, &err) && err.kind == ERR_IO);
	ck_assert_msg(strstr(err.msg, "is not a regular file") != NULL, "%s", err.msg);
	ck_assert(!keypair_read(fifo, fifo, &err) && err.kind == ERR_IO);
	ck_assert(!keypair_read(large, large, &err) && err.kind == ERR_LIMIT);
	ck_assert_msg(strstr(err.msg, "large") != NULL, "%s", err.msg);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("keypair");
	TCase *tc = tcase_create("faults"), *files = tcase_create("files");

	tcase_add_loop_test(tc, fault_is_found, 0, sizeof faults / sizeof *faults);
	tcase_add_test(tc, order_is_looked_at);
	tcase_add_test(tc, a_chain_has_one_time);
	tcase_add_test(tc, halves_of_two_keys_are_none);
	tcase_add_loop_test(tc, unreadable_is_said, 0, sizeof unreadable / sizeof *unreadable);
	tcase_set_timeout(tc, 60);
	suite_add_tcase(s, tc);
	tcase_add_unchecked_fixture(files, folder_make, folder_remove);
	tcase_add_test(files, files_are_read);
	tcase_add_test(files, what_is_no_file_is_named);
	suite_add_tcase(s, files);
	return run_suite(s);
}
