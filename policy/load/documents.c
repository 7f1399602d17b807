/* SPDX-License-Identifier: Apache-2.0
 * documents.c - files to documents, documents to the readers of their kinds.
 *
 * The order is: the defaults of the configuration, the built-in pack, the configuration's
 * file, then the sources as they are given. Each file is read whole, the tree of a document
 * lives in a scratch arena until the next one; what the model needs is copied.
 */
#include "policy/load/documents.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"
#include "lib/base/files.h"
#include "policy/load/builtin.h"
#include "policy/load/resolve.h"
#include "policy/load/leave_out.h"
#include "policy/load/parts.h"
#include "policy/load/source.h"

#define DEPTH_MAX   32
#define SCRATCH_MAX (96u << 20) /* nodes of one file: a byte or two can make one */

struct loader {
	struct load_reader reader;
	struct arena scratch;
	struct load_shared shared;
	struct policy_report *report;
	size_t files;       /* read from the sources */
	size_t unread;      /* beside them */
	struct stat config; /* the configuration's file, which may stand in a source's folder too */
	bool has_config;
};

/* ---- documents ---- */

static const struct kind {
	const char *name;
	read_fn *read;
} kinds[] = {
	{ "SupportPolicy", read_policy },
	{ "GuardConfig", read_config },
	{ "SupportException", read_exception },
};
#define KINDS_N (sizeof kinds / sizeof *kinds)

static const struct kind versions_kind = { "KubernetesVersions", read_versions };

static const struct kind *kind_of_document(struct load_reader *r, const struct yaml_node *root)
{
	const struct yaml_node *n = read_value_of(root, "kind");
	struct nearest near;
	struct str s;

	if (!n) {
		read_fault(r, root,
			   "\"kind\" is missing: write SupportPolicy, GuardConfig or "
			   "SupportException");
		return NULL;
	}
	if (!read_text(r, n, &s))
		return NULL;
	if (str_is(s, versions_kind.name)) {
		read_error(r, n,
			   "KubernetesVersions stands in a file of its own, which is named with "
			   "--versions");
		return NULL;
	}
	nearest_start(&near, s);
	for (size_t i = 0; i < KINDS_N; i++) {
		if (str_is(s, kinds[i].name))
			return &kinds[i];
		nearest_try(&near, str_of(kinds[i].name));
	}
	if (near.best.s)
		read_error(r, n, "unknown kind \"%.*s\": did you mean %.*s?", QUOTED(s),
			   QUOTED(near.best));
	else
		read_error(r, n,
			   "unknown kind \"%.*s\": only SupportPolicy, GuardConfig and "
			   "SupportException belong here",
			   QUOTED(s));
	return NULL;
}

/* The one kind that a file of --versions may hold. */
static const struct kind *kind_of_versions(struct load_reader *r, const struct yaml_node *root)
{
	const struct yaml_node *n = read_value_of(root, "kind");
	struct str s;

	if (!n)
		read_fault(r, root, "\"kind\" is missing: write KubernetesVersions");
	else if (read_text(r, n, &s) && !str_is(s, versions_kind.name))
		read_error(r, n,
			   "\"%.*s\" does not belong here: a file of --versions holds one "
			   "KubernetesVersions",
			   QUOTED(s));
	else if (r->model->versions_read)
		read_error(r, root, "a second KubernetesVersions: a file of --versions holds one");
	else
		return &versions_kind;
	return NULL;
}

static bool version_ok(struct load_reader *r, const struct yaml_node *root)
{
	const struct yaml_node *n = read_value_of(root, "apiVersion");
	struct str s;

	if (!n)
		read_fault(r, root, "\"apiVersion\" is missing: write " POLICY_API_VERSION);
	else if (!read_text(r, n, &s))
		return false;
	else if (str_is(s, POLICY_API_VERSION))
		return true;
	else
		read_error(r, n,
			   "apiVersion \"%.*s\" is not known to this version "
			   "of oke-guard: write " POLICY_API_VERSION,
			   QUOTED(s));
	return false;
}

static bool is_empty_document(const struct yaml_node *n)
{
	return n->kind == YAML_SCALAR && n->plain && !n->text.n;
}

static void load_document(struct load_reader *r, const struct yaml_node *root)
{
	const struct kind *kind;

	if (is_empty_document(root) || !read_is_mapping(r, root) || !version_ok(r, root))
		return;
	if ((kind = r->versions ? kind_of_versions(r, root) : kind_of_document(r, root)))
		kind->read(r, root, r->model, NULL);
}

static void load_note_problem(void *ctx, struct yaml_place at, const char *text)
{
	read_fault_at(ctx, at, "%s", text);
}

/* All documents up to the end, or to one that cannot be read: -1. */
static int load_documents(struct load_reader *r, struct yaml_stream *s, struct str text)
{
	struct leave_out_mark mark = leave_out_mark(r);
	struct yaml_node *root;
	struct err err;
	int more;

	while ((more = yaml_stream_next(s, r->scratch, &root, &err)) > 0 && !r->nomem) {
		load_document(r, root);
		if (r->lenient && r->complaints_n > mark.complaints_n)
			leave_out_document(r, &mark, root, text);
		mark = leave_out_mark(r);
		if (!r->complaints) /* they stand there too, until the file ends */
			arena_clear(r->scratch);
	}
	if (more >= 0)
		return 0;
	r->nomem |= err.kind == ERR_NOMEM; /* the file is not to blame: it must not be left out */
	if (err.kind == ERR_SYNTAX)
		read_fault_at(r, yaml_stream_at(s), "%s", err.msg);
	else
		read_error_at(r, yaml_stream_at(s), "%s", err.msg);
	return -1;
}

/* The first line behind the one with this number that begins a document; NULL: there is none. */
static char *next_document(char *text, unsigned line)
{
	char *at = text;

	for (unsigned n = 1; at; n++) {
		if (n > line && !strncmp(at, "---", 3) && strchr(" \t\r\n", at[3]))
			return at;
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	return NULL;
}

/* Of a file that is no YAML from some place on: which document is that, and is there one behind it?
 */
static bool skip_document(struct load_reader *r, char *text, char **from, unsigned line)
{
	char *next = next_document(text, line), *begin = *from;
	struct leave_out_mark mark = leave_out_mark(r);

	for (char *at; (at = next_document(begin, 1)) && at != next && (!next || at < next);)
		begin = at; /* those before it were read */
	mark.complaints_n--;
	leave_out_document(r, &mark, NULL,
			   (struct str){ begin, next ? (size_t)(next - begin) : strlen(begin) });
	if (!next)
		return false;
	for (char *at = text; at < next; at++) /* places stay what they are */
		if (*at != '\n')
			*at = ' ';
	*from = next;
	return true;
}

void load_text(struct load_reader *r, struct str text)
{
	const struct yaml_options options = { .plain = true,
					      .depth = DEPTH_MAX,
					      .bytes = POLICY_FILE_MAX,
					      .problem = load_note_problem,
					      .ctx = r };
	scoped(free_end) char *copy = NULL;
	char *from = NULL;
	bool again = true;

	while (again && !r->nomem) {
		const struct yaml_input input = { .text = copy ? str_of(copy) : text };
		scoped(yaml_stream_end) struct yaml_stream *s = yaml_stream_new(&input, &options);

		again = false;
		if (!s)
			r->nomem = true;
		else if (load_documents(r, s, text) < 0 && r->lenient && !r->nomem) {
			if (!copy && !(from = copy = strndup(text.s, text.n)))
				r->nomem = true;
			else
				again = skip_document(r, copy, &from, yaml_stream_at(s).line);
		}
	}
}

/* ---- the defaults ---- */

static const char defaults[] =
	"apiVersion: oke-guard.internal/v1\n"
	"kind: GuardConfig\n"
	"metadata: {name: default}\n"
	"spec:\n"
	"  mode: enforce\n"
	"  tiers: {unsupported: deny, best-effort: warn, supported: allow}\n"
	"  onError: allow\n"
	"  overrides: []\n"
	"  failClosed: []\n"
	"  replaceable: []\n"
	"  exceptions: {maxDays: 90}\n"
	"  cluster: {kubernetes: auto, ocid: \"\"}\n"
	"  self: {namespace: oke-guard, release: oke-guard}\n"
	"  identities:\n"
	"    exempt: {users: [], groups: [], serviceAccounts: []}\n"
	"    customer:\n"
	/* not "ocid1.*": Oracle's own services may act under another kind */
	"      users: ['ocid1.user.*', 'ocid1.saml2idp.*', 'ocid1.instance.*', "
	"'ocid1.workload.*']\n"
	"      groups: []\n"
	"      serviceAccounts:\n"
	"        exceptNamespaces: [kube-system]\n"
	"        names: [kube-system/default, kube-system/kubeconfig-sa, kube-system/oke-admin]\n"
	"    sets:\n"
	"      dns-autoscaler: {serviceAccounts: [kube-system/kube-dns-autoscaler]}\n"
	"      npn-writers:\n"
	"        serviceAccounts:\n"
	"        - karpenter/karpenter\n"
	"        - cluster-api-provider-oci-system/capoci-controller-manager\n"
	"      cainjector: {serviceAccounts: [cert-manager/cert-manager-cainjector]}\n"
	"      guardAdmins: {}\n"
	"    unknown: warn\n";

int config_defaults(struct arena *arena, struct config *out)
{
	struct model model = { 0 };
	struct arena scratch;
	struct load_reader r = { .keep = arena,
				 .scratch = &scratch,
				 .file = "builtin/config",
				 .model = &model,
				 .builtin = true };

	arena_init(&scratch, POLICY_FILE_MAX);
	load_text(&r, str_of(defaults));
	arena_done(&scratch);
	model.config.origin = (struct origin){ 0 };
	if (r.nomem || r.complaints_n)
		return -1;
	*out = model.config;
	return 0;
}

/* ---- files ---- */

/* Editors of another system write it, and YAML takes it for a part of the first key. */
static const char *byte_order_mark(struct str text)
{
	if (str_starts(text, STR("\xef\xbb\xbf")))
		return "the file begins with a byte order mark (BOM): save it as UTF-8 without one";
	if (str_starts(text, STR("\xff\xfe")) || str_starts(text, STR("\xfe\xff")))
		return "the file is written in UTF-16: save it as UTF-8, without a byte order mark";
	return NULL;
}

static void load_marked(struct load_reader *r, struct str text, const char *why)
{
	const struct leave_out_mark mark = leave_out_mark(r);

	read_error_at(r, (struct yaml_place){ 1, 1 }, "%s", why);
	if (r->lenient)
		leave_out_document(r, &mark, NULL, text);
}

void load_file_text(struct load_reader *r, struct str text)
{
	const char *why = byte_order_mark(text);

	if (why)
		load_marked(r, text, why);
	else
		load_text(r, text);
}

static void load_named(struct loader *l, const char *name, struct str text)
{
	struct str file = read_keep_str(&l->reader, str_of(name));

	if (!file.s)
		return;
	l->reader.file = file.s;
	load_file_text(&l->reader, text);
	read_errors_flush(&l->reader, l->report);
	arena_clear(&l->scratch);
	l->scratch.total = 0; /* the limit is one of a file */
}

__attribute__((format(printf, 3, 4))) static void
load_file_error(struct loader *l, const char *path, const char *fmt, ...)
{
	struct origin at = { .file = path };
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	report_message(l->report, true, &at, "%s", text);
	/* The name is the caller's: what the set keeps is a copy. */
	at.file = l->reader.lenient ? read_keep_str(&l->reader, str_of(path)).s : NULL;
	if (at.file && leave_out(l->reader.model, l->reader.keep, &at, "a file", text) < 0)
		l->reader.nomem = true;
}

/* A file that is sound, for all that is known: only there was nothing left to open or read it with.
 */
static void load_out_of_files(struct loader *l)
{
	l->reader.nomem |= errno == EMFILE || errno == ENFILE || errno == ENOMEM;
}

/* The bytes of a file, up to one more than may be; *buf is to be freed. */
static int load_read_bytes(int fd, char **buf, size_t *n)
{
	ssize_t got;

	*n = 0;
	if (!(*buf = malloc(POLICY_FILE_MAX + 1)) ||
	    (got = file_read_up_to(fd, *buf, POLICY_FILE_MAX + 1)) < 0)
		return -1;
	*n = (size_t)got;
	return 0;
}

static bool is_config_file(const struct loader *l, const struct stat *st)
{
	return l->has_config && st->st_dev == l->config.st_dev && st->st_ino == l->config.st_ino;
}

static void load_fd(struct loader *l, const char *path, int fd)
{
	scoped(free_end) char *buf = NULL;
	size_t n;

	if (l->files++ == POLICY_FILES_MAX)
		load_file_error(l, path,
				"more than %d files: put several documents into "
				"one, with --- between",
				POLICY_FILES_MAX);
	if (l->files > POLICY_FILES_MAX)
		return;
	if (load_read_bytes(fd, &buf, &n) < 0) {
		load_out_of_files(l);
		load_file_error(l, path, "cannot be read: %s", strerror(errno));
	} else if (n > POLICY_FILE_MAX)
		load_file_error(l, path, "larger than %u bytes: split it", POLICY_FILE_MAX);
	else
		load_named(l, path, (struct str){ buf, n });
}

/* ---- sources ---- */

#define UNREAD_MAX 10 /* are told of all sources */

/* A warning: what lies beside the policies may be meant to, and somebody may think it is one. */
static void load_unread(void *ctx, const char *path, const char *why)
{
	struct loader *l = ctx;
	struct origin at = { .file = path };

	if (l->unread++ < UNREAD_MAX)
		report_message(l->report, false, &at, "%s", why);
}

/* Without O_NONBLOCK a FIFO in a folder would be waited for; one that was named may be a pipe. */
static void load_path(void *ctx, const char *path, bool found)
{
	struct loader *l = ctx;
	scoped(fd_end) int fd = -1;
	struct stat st;

	if (l->reader.nomem)
		return;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | (found ? O_NONBLOCK : 0))) < 0 ||
	    fstat(fd, &st) < 0) {
		load_out_of_files(l);
		load_file_error(l, path, "cannot be read: %s", strerror(errno));
	} else if (found && !S_ISREG(st.st_mode))
		load_unread(l, path, "is not read: no regular file");
	else if (!is_config_file(l, &st))
		load_fd(l, path, fd);
}

static void load_source(struct loader *l, const char *path)
{
	if (source_each(path, load_path, load_unread, l) < 0) {
		load_out_of_files(l);
		load_file_error(l, path, "cannot be read: %s", strerror(errno));
	}
}

static void load_config_file(struct loader *l, const char *path)
{
	scoped(fd_end) int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t errors = l->report->errors;

	if (fd < 0 || fstat(fd, &l->config) < 0) {
		load_out_of_files(l);
		load_file_error(l, path, "cannot be read: %s", strerror(errno));
		leave_out_mode(l->reader.model);
		return;
	}
	load_fd(l, path, fd);
	l->has_config = true;
	if (!l->reader.model->config.origin.file)
		leave_out_mode(l->reader.model);
	if (!l->reader.model->config.origin.file && l->report->errors == errors)
		load_file_error(l, path,
				"holds no GuardConfig: write one (kind: GuardConfig), or leave "
				"the option out");
}

/* The list that replaces the built-in one. */
static void load_versions_file(struct loader *l, const char *path)
{
	scoped(fd_end) int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t errors = l->report->errors;

	if (fd < 0) {
		load_file_error(l, path, "cannot be read: %s", strerror(errno));
		return;
	}
	l->reader.versions = true;
	l->reader.model->versions_read = false;
	load_fd(l, path, fd);
	l->reader.versions = false;
	if (!l->reader.model->versions_read && l->report->errors == errors)
		load_file_error(
			l, path,
			"holds no KubernetesVersions: write one (oke-guard versions -o yaml "
			"prints the one in force), or leave the option out");
}

/* ---- the whole ---- */

static void load_builtin(struct loader *l)
{
	l->reader.builtin = true;
	for (uint64_t i = 0; i < builtin_files_n && !l->reader.nomem; i++) {
		const struct builtin_file *f = &builtin_files[i];

		load_named(l, f->name, (struct str){ f->start, (size_t)(f->end - f->start) });
	}
	l->reader.builtin = false;
}

static void load_builtin_versions(struct loader *l)
{
	const struct builtin_file *f = &versions_files[0];

	l->reader.versions = true;
	load_named(l, f->name, (struct str){ f->start, (size_t)(f->end - f->start) });
	l->reader.versions = false;
}

static void load_all(struct loader *l, const struct policy_source *src)
{
	struct model *model = l->reader.model;

	if (config_defaults(l->reader.keep, &model->config) < 0) {
		l->reader.nomem = true;
		return;
	}
	load_builtin_versions(l);
	if (!src->no_builtin)
		load_builtin(l);
	if (src->versions)
		load_versions_file(l, src->versions);
	if (src->config)
		load_config_file(l, src->config);
	for (size_t i = 0; i < src->paths_n && !l->reader.nomem; i++)
		load_source(l, src->paths[i]);
	if (l->unread > UNREAD_MAX)
		report_message(l->report, false, NULL, "... and %zu more files that are not read",
			       l->unread - UNREAD_MAX);
	if (!l->reader.nomem && model_resolve(model, l->reader.keep, l->report) < 0)
		l->reader.nomem = true;
}

int model_load(const struct policy_source *src, struct arena *arena, struct model *out,
	       struct policy_report *report)
{
	size_t errors = report->errors;
	struct loader l = { .report = report };

	*out = (struct model){ 0 };
	out->policies_last = &out->policies;
	out->exceptions_last = &out->exceptions;
	out->left_out_last = &out->left_out;
	arena_init(&l.scratch, SCRATCH_MAX);
	l.reader = (struct load_reader){ .keep = arena,
					 .scratch = &l.scratch,
					 .shared = &l.shared,
					 .model = out,
					 .lenient = src->lenient };
	load_all(&l, src);
	arena_done(&l.scratch);
	if (l.reader.nomem)
		report_message(report, true, NULL,
			       "out of memory while the policies were read (%zu bytes are allowed "
			       "for all of them)",
			       arena->limit);
	if (l.reader.nomem)
		return -1;
	return report->errors > errors && !src->lenient ? -1 : 0;
}
