/*
 * documents.c - files to documents, documents to the readers of their kinds.
 *
 * The order is: the defaults of the configuration, the built-in pack, the configuration's
 * file, then the sources as they are given. Each file is read whole, its tree
 * lives in a scratch arena until the next file; what the model needs is copied.
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
#include "policy/load/parts.h"
#include "policy/load/source.h"

#define DEPTH_MAX   32
#define SCRATCH_MAX (96u << 20) /* nodes of one file: a byte or two can make one */

struct loader {
	struct load_reader reader;
	struct arena scratch;
	struct policy_report *report;
	size_t files;       /* read from the sources */
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

static const struct kind *kind_of_document(struct load_reader *r, const struct yaml_node *root)
{
	const struct yaml_node *n = read_value_of(root, "kind");
	struct nearest near;
	struct str s;

	if (!n) {
		read_error(r, root,
			   "\"kind\" is missing: write SupportPolicy, GuardConfig or "
			   "SupportException");
		return NULL;
	}
	if (!read_text(r, n, &s))
		return NULL;
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

static bool version_ok(struct load_reader *r, const struct yaml_node *root)
{
	const struct yaml_node *n = read_value_of(root, "apiVersion");
	struct str s;

	if (!n)
		read_error(r, root, "\"apiVersion\" is missing: write " POLICY_API_VERSION);
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
	if ((kind = kind_of_document(r, root)))
		kind->read(r, root, r->model, NULL);
}

static void load_note_problem(void *ctx, struct yaml_place at, const char *text)
{
	read_error_at(ctx, at, "%s", text);
}

void load_text(struct load_reader *r, struct str text)
{
	const struct yaml_input input = { .text = text };
	const struct yaml_options options = { .plain = true,
					      .depth = DEPTH_MAX,
					      .bytes = POLICY_FILE_MAX,
					      .problem = load_note_problem,
					      .ctx = r };
	scoped(yaml_stream_end) struct yaml_stream *s = yaml_stream_new(&input, &options);
	struct yaml_node *root;
	struct err err;
	int more;

	if (!s) {
		r->nomem = true;
		return;
	}
	while ((more = yaml_stream_next(s, r->scratch, &root, &err)) > 0 && !r->nomem)
		load_document(r, root);
	if (more < 0)
		read_error_at(r, yaml_stream_at(s), "%s", err.msg);
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

static void load_named(struct loader *l, const char *name, struct str text)
{
	struct str file = read_keep_str(&l->reader, str_of(name));

	if (!file.s)
		return;
	l->reader.file = file.s;
	load_text(&l->reader, text);
	read_errors_flush(&l->reader, l->report);
	arena_done(&l->scratch);
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
	if (load_read_bytes(fd, &buf, &n) < 0)
		load_file_error(l, path, "cannot be read: %s", strerror(errno));
	else if (n > POLICY_FILE_MAX)
		load_file_error(l, path, "larger than %u bytes: split it", POLICY_FILE_MAX);
	else
		load_named(l, path, (struct str){ buf, n });
}

/* ---- sources ---- */

/* Without O_NONBLOCK a FIFO in a folder would be waited for; one that was named may be a pipe. */
static void load_path(void *ctx, const char *path, bool found)
{
	struct loader *l = ctx;
	scoped(fd_end) int fd = -1;
	struct stat st;

	if (l->reader.nomem)
		return;
	if ((fd = open(path, O_RDONLY | O_CLOEXEC | (found ? O_NONBLOCK : 0))) < 0 ||
	    fstat(fd, &st) < 0)
		load_file_error(l, path, "cannot be read: %s", strerror(errno));
	else if ((!found || S_ISREG(st.st_mode)) && !is_config_file(l, &st))
		load_fd(l, path, fd);
}

static void load_source(struct loader *l, const char *path)
{
	if (source_each(path, load_path, l) < 0)
		load_file_error(l, path, "cannot be read: %s", strerror(errno));
}

static void load_config_file(struct loader *l, const char *path)
{
	scoped(fd_end) int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t errors = l->report->errors;

	if (fd < 0 || fstat(fd, &l->config) < 0) {
		load_file_error(l, path, "cannot be read: %s", strerror(errno));
		return;
	}
	load_fd(l, path, fd);
	l->has_config = true;
	if (!l->reader.model->config.origin.file && l->report->errors == errors)
		load_file_error(l, path,
				"holds no GuardConfig: write one (kind: GuardConfig), or leave "
				"the option out");
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

static void load_all(struct loader *l, const struct policy_source *src)
{
	struct model *model = l->reader.model;

	if (config_defaults(l->reader.keep, &model->config) < 0) {
		l->reader.nomem = true;
		return;
	}
	if (!src->no_builtin)
		load_builtin(l);
	if (src->config)
		load_config_file(l, src->config);
	for (size_t i = 0; i < src->paths_n && !l->reader.nomem; i++)
		load_source(l, src->paths[i]);
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
	arena_init(&l.scratch, SCRATCH_MAX);
	l.reader = (struct load_reader){ .keep = arena, .scratch = &l.scratch, .model = out };
	load_all(&l, src);
	arena_done(&l.scratch);
	if (l.reader.nomem)
		report_message(report, true, NULL,
			       "out of memory while the policies were read (%zu bytes are allowed "
			       "for all of them)",
			       arena->limit);
	return report->errors > errors ? -1 : 0;
}
