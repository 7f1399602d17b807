# SPDX-License-Identifier: Apache-2.0
# oke-guard: build, test, measure. `make help` lists what there is.
#
# One non-recursive build; new files are found by wildcard. Flavours (sanitizers,
# another compiler) are the same rules with another BUILD folder.

BUILD     ?= build
CC        ?= cc
PKG_CONFIG ?= pkg-config
# Debian's own, which has PyYAML; another one may stand before it in PATH.
PYTHON    ?= /usr/bin/python3
SANITIZE  ?=
WERROR    ?=
Q         ?= @
JOBS      ?= $(shell nproc)

# What a fresh Debian 12 lacks: the first three commands install it.
DEPS_LIBS  := libc6-dev libmicrohttpd-dev libgnutls28-dev libssl-dev libcjson-dev libyaml-dev zlib1g-dev libzstd-dev libcurl4-gnutls-dev
DEPS_BUILD := gcc pkg-config $(DEPS_LIBS) python3 python3-yaml
# prometheus is there for its promtool, systemd for systemd-analyze; neither is started.
DEPS_CHECK := $(DEPS_BUILD) check zstd time python3-jsonschema openssl curl prometheus systemd jq \
	bash zsh fish man-db mandoc shellcheck
DEPS_CLANG := clang libclang-rt-14-dev
DEPS_LINT  := $(DEPS_CHECK) clang-format clang-tidy shellcheck
DEPS_BENCH := $(DEPS_BUILD) zstd openssl nginx-light libnginx-mod-http-echo $(if $(shell command -v go),,golang-go)
DEPS_CHART = $(DEPS_BUILD) $(if $(shell command -v go),,golang-go)
# Any go will do: what is older than Kubernetes asks for fetches a newer one (tests/e2e/build.sh).
DEPS_E2E   = $(DEPS_BUILD) etcd-server containerd runc containernetworking-plugins nftables iptables iproute2 \
	procps openssl util-linux faketime jq skopeo docker-registry $(if $(shell command -v go),,golang-go)
# Any go will do here too: sources are read, none is built.
DEPS_REFRESH = $(DEPS_BUILD) $(if $(shell command -v go),,golang-go)
# The image's libraries are unpacked, not installed (tools/image/sysroot.py).
DEPS_IMAGE = $(CROSS_GCC) pkg-config debian-archive-keyring python3 python3-yaml
DEPS_RELEASE = $(DEPS_IMAGE) openssl

# What is built, and goes into the image.
PROGRAMS := oke-guard oke-guard-agent

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wformat=2 -Wvla -Wundef \
	-Wimplicit-fallthrough -Wstrict-prototypes -Wmissing-prototypes $(if $(WERROR),-Werror)

# OpenSSF compiler hardening guide; what a compiler does not know is left out by the probe.
probe = $(shell printf 'int main(void){return 0;}' | $(CC) -Werror $(1) -x c - -o /dev/null 2>/dev/null && echo '$(1)')
HARDEN_CC := -O2 -fno-plt -fstack-protector-strong -fno-delete-null-pointer-checks -fno-strict-overflow
HARDEN_LD := -Wl,-z,relro,-z,now,-z,noexecstack -Wl,--as-needed

.DEFAULT_GOAL := all
GOALS := $(or $(MAKECMDGOALS),all)
OUTER := help man deps deps-% run release coverage mutants check check-% lint fuzz bench bench-% chart e2e e2e-% webhooks docs refresh clean soak image image-%
INNER := $(filter-out $(OUTER),$(GOALS))

# ---------------------------------------------------------------- commands
.PHONY: help man run release coverage mutants check check-asan check-tsan lint fuzz bench bench-crowd bench-scan bench-manifests bench-jobs bench-instructions chart oci-cli coredns e2e e2e-more webhooks docs refresh soak image clean
help: ## what there is
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 22

run: ## install what is missing, build, make certificates, serve the built-in policies
	$(Q)tools/deps.sh $(DEPS_BUILD) curl openssl
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)BUILD=$(BUILD) tools/run.sh

man: ## manual pages in build/share/man, completion for bash, zsh and fish beside them
	$(Q)tools/deps.sh $(DEPS_BUILD)
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)BUILD=$(BUILD) PYTHON=$(PYTHON) tools/share.sh $(BUILD)/share $(PROGRAMS)

check: ## build and run every test that needs Debian packages only
	$(Q)tools/deps.sh $(DEPS_CHECK) $(if $(findstring clang,$(CC)),$(DEPS_CLANG))
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all tests
	$(Q)BUILD=$(BUILD) SANITIZE=$(SANITIZE) tests/check.sh

check-unit: ## the C tests alone: a minute
	$(Q)UNIT=1 $(MAKE) --no-print-directory check

check-asan: ## the same tests with AddressSanitizer, UndefinedBehaviorSanitizer and leak checking
	$(Q)$(MAKE) --no-print-directory check BUILD=build/asan SANITIZE=address,undefined

check-tsan: ## the server's tests with ThreadSanitizer
	$(Q)$(MAKE) --no-print-directory check BUILD=build/tsan SANITIZE=thread

lint: ## clang-format, clang-tidy, shellcheck, and the layers of the design
	$(Q)tools/deps.sh $(DEPS_LINT)
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)BUILD=$(BUILD) tools/lint.sh
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) -k tidy

coverage: ## which branches of policy/judge and policy/alpha the C tests take
	$(Q)tools/deps.sh $(DEPS_CHECK)
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) covered BUILD=build/coverage COVERAGE=1 CC=gcc
	$(Q)BUILD=build/coverage $(PYTHON) tools/coverage.py policy/judge policy/alpha

MUTANTS ?= --number 100
mutants: ## change one thing at a time in our own code: does a test notice? MUTANTS='--seed 2 lib/json'
	$(Q)tools/deps.sh $(DEPS_CHECK)
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all tests
	$(Q)tools/mutants --build $(BUILD) $(MUTANTS)

FUZZ_SECONDS ?= 60
fuzz: ## run each fuzz target for FUZZ_SECONDS (60), from its corpus; a crash is kept and fails
	$(Q)tools/deps.sh $(DEPS_CHECK) $(DEPS_CLANG)
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) fuzzers BUILD=build/fuzz CC=clang \
		SANITIZE=address,undefined FUZZER=1
	$(Q)BUILD=build/fuzz tests/fuzz.sh $(FUZZ_SECONDS)

bench: ## CPU, latency and memory beside nginx on this machine; a few minutes
	$(Q)tools/deps.sh $(DEPS_BENCH)
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all benches
	$(Q)$(BUILD)/tests/bench/walk tests/data/reviews/reviews.jsonl
	$(Q)BUILD=$(BUILD) $(PYTHON) tests/bench/bench.py $(BENCH_ARGS)
	$(Q)BUILD=$(BUILD) $(PYTHON) tests/bench/replay.py $(or $(REPLAY_SIZE),$(if $(CI),500M,10G))

bench-crowd: ## who is still served while a crowd holds all connections it can get; five minutes
	$(Q)tools/deps.sh $(DEPS_BUILD)
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)BUILD=$(BUILD) $(PYTHON) tests/system/crowd.py
	$(Q)BUILD=$(BUILD) $(PYTHON) tests/system/crowd.py --sources 12

bench-manifests: ## `check` beside kubeconform on ten thousand manifests; the first run builds kubeconform and its schemas
	$(Q)tools/deps.sh $(DEPS_CHART)
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)BUILD=$(BUILD) PYTHON=$(PYTHON) tests/chart/run.sh tests/bench/manifests.py

bench-jobs: ## `check --jobs` over two thousand files, beside libyaml's events alone
	$(Q)tools/deps.sh $(DEPS_BUILD) time
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all benches
	$(Q)BUILD=$(BUILD) $(PYTHON) tests/bench/jobs.py

bench-scan: ## a scan of 5,000 nodes and 2,000 applications on a real API server; root, as e2e
	$(Q)tools/deps.sh $(DEPS_E2E)
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)E2E_RUN=tests/bench/scan.py BUILD=$(BUILD) tests/e2e/run.sh

bench-instructions: ## instructions a review takes, against tests/bench/instructions.txt
	$(Q)tools/deps.sh $(DEPS_BUILD) valgrind
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) benches
	$(Q)BUILD=$(BUILD) tests/bench/instructions.sh $(if $(ACCEPT),--accept)

chart: ## the Helm chart: lint, golden renderings, schemas of Kubernetes; the first run builds Helm
	$(Q)tools/deps.sh $(DEPS_CHART)
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)BUILD=$(BUILD) ACCEPT=$(ACCEPT) PYTHON=$(PYTHON) tests/chart/run.sh

check-ci-kit: ## ci/, docs/ci.md and SARIF against schemas, the hooks in the real pre-commit (PyPI, Go modules)
	$(Q)tools/deps.sh $(DEPS_BUILD) python3-venv git $(if $(shell command -v go),,golang-go)
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)$(if $(ACCEPT),BUILD=$(BUILD) ACCEPT=1 $(PYTHON) -B tests/system/test_ci_kit.py Systems)
	$(Q)BUILD=$(BUILD) PYTHON=$(PYTHON) tests/ci/run.sh

oci-cli: ## every oci command that we print, before the parser of the real CLI (PyPI)
	$(Q)tools/deps.sh $(DEPS_BUILD) python3 python3-venv
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)BUILD=$(BUILD) PYTHON=$(PYTHON) tests/oci/run.sh

coredns: ## coredns-custom: what we warn about, held against a real CoreDNS (Go modules)
	$(Q)tools/deps.sh $(DEPS_BUILD) python3 util-linux $(if $(shell command -v go),,golang-go)
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)BUILD=$(BUILD) PYTHON=$(PYTHON) JOBS=$(JOBS) tests/coredns/run.sh

e2e: ## the guard as pods of a real cluster, by Helm, on real nodes; root; the first run builds Kubernetes
	$(Q)tools/deps.sh $(DEPS_E2E)
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)BUILD=$(BUILD) tests/e2e/calls.sh
	$(Q)$(MAKE) --no-print-directory release
	$(Q)BUILD=$(BUILD) ACCEPT=$(ACCEPT) tests/e2e/run.sh

e2e-more: ## a node that loses power, clocks that are off; real cert-manager, Argo CD's engine, other charts
	$(Q)tools/deps.sh $(DEPS_E2E)
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)$(MAKE) --no-print-directory image
	$(Q)BUILD=$(BUILD) E2E_MORE=1 tests/e2e/run.sh

# One recipe for both architectures, whatever this machine is: Debian's cross compiler, and its
# packages unpacked below $(IMAGE). RELEASE names what they are, so that others compile anew.
ARCH      ?= $(or $(shell dpkg --print-architecture 2>/dev/null),amd64)
IMAGE     ?= build/image
TRIPLET   := $(or $(patsubst amd64,x86_64-linux-gnu,$(filter amd64,$(ARCH))),$(patsubst arm64,aarch64-linux-gnu,$(filter arm64,$(ARCH))))
CROSS_GCC  = $(if $(shell command -v $(TRIPLET)-gcc),gcc,gcc-$(subst _,-,$(TRIPLET)))
SYSROOT    = $(IMAGE)/sysroot-$(ARCH)/root
CROSS      = BUILD=$(IMAGE)/$(ARCH) CC='$(TRIPLET)-gcc --sysroot=$(SYSROOT)' PKG_CONFIG='PKG_CONFIG_SYSROOT_DIR=$(SYSROOT) \
	PKG_CONFIG_LIBDIR=$(SYSROOT)/usr/lib/$(TRIPLET)/pkgconfig:$(SYSROOT)/usr/share/pkgconfig pkg-config' \
	SANITIZE= RELEASE=$$(sha256sum < $(IMAGE)/sysroot-$(ARCH)/index.json | cut -c-16)

image: ## OCI image and SBOM in build/image, from Debian packages alone; ARCH=amd64 or arm64
	$(Q)$(MAKE) --no-print-directory image-compile GOAL=all ARCH=$(ARCH)
	$(Q)$(PYTHON) tools/image/build.py $(ARCH) $(IMAGE) $(PROGRAMS)

RELEASE_OUT ?= build/release
release: ## all files of a release, the same bytes each time, in build/release; RELEASE_KEY=FILE signs
	$(Q)tools/deps.sh $(DEPS_RELEASE)
	$(Q)for arch in amd64 arm64; do \
		$(MAKE) --no-print-directory image ARCH=$$arch && \
		$(MAKE) --no-print-directory image-compile GOAL=portable ARCH=$$arch || exit; done
	$(Q)PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=tools/image $(PYTHON) tools/release/release.py $(IMAGE) $(RELEASE_OUT) $(PROGRAMS)

.PHONY: image-compile
image-compile:
	$(if $(TRIPLET),,$(error ARCH=$(ARCH) is not known; ARCH=amd64 or ARCH=arm64))
	$(Q)tools/deps.sh $(DEPS_IMAGE)
	$(Q)$(PYTHON) tools/image/sysroot.py $(ARCH) $(IMAGE)/sysroot-$(ARCH) $(DEPS_LIBS) check base-files
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) $(GOAL) $(CROSS)

check-image: ## both images: opened, accounted for, run
	$(Q)tools/deps.sh util-linux qemu-user-static
	$(Q)for arch in amd64 arm64; do $(MAKE) --no-print-directory image ARCH=$$arch || exit; done
	$(Q)tests/image/check.sh amd64 arm64

check-release: ## the release: made twice and compared, verified, installed on bare Debian 12 and 13, pushed; as root
	$(Q)tools/deps.sh $(DEPS_RELEASE) lintian debootstrap skopeo docker-registry systemd qemu-user-static util-linux binutils git
	$(Q)$(MAKE) --no-print-directory release
	$(Q)tests/release/check.sh

# What measures time under load does so on Debian 12; LEFT_OUT= leaves nothing out.
LEFT_OUT ?= test_crowd.py test_load.py test_rollout.py
check-trixie: ## `make check` on Debian 13, with its newer compiler, libraries and Python; as root
	$(Q)tools/deps.sh debootstrap util-linux
	$(Q)tests/release/root.sh make trixie make git
	$(Q)tests/release/root.sh keep trixie sh -c 'apt-get update -qq && exec make check CC=$(CC) WERROR=$(WERROR) BUILD=build/trixie LEFT_OUT="$(LEFT_OUT)"'

check-arm64: ## the unit tests and the server as arm64 programs, under qemu
	$(Q)tools/deps.sh $(DEPS_CHECK) qemu-user-static
	$(Q)$(MAKE) --no-print-directory image-compile GOAL='all tests' ARCH=arm64
	$(Q)EMULATOR='qemu-aarch64-static -L $(CURDIR)/$(IMAGE)/sysroot-arm64/root' BUILD=$(IMAGE)/arm64 tests/check.sh

webhooks: ## write the chart's webhook entries anew: those that the built-in policies need
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all
	$(Q)ACCEPT=1 BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 $(PYTHON) tests/unit/cli/test_generate.py \
		Output.test_the_chart_has_the_built_in_policies

docs: ## write what tools make of docs/ again: pictures, every rule, the values of the chart
	$(Q)tools/deps.sh python3 python3-yaml
	$(Q)for tool in tools/docs/*.py; do $(PYTHON) $$tool || exit; done

refresh: ## what is known of a Kubernetes minor, from published Go modules: make refresh KUBERNETES=1.38
	$(Q)tools/deps.sh $(DEPS_REFRESH)
	$(if $(KUBERNETES),,$(error name the minor: make refresh KUBERNETES=1.38))
	$(Q)BUILD=$(BUILD) PYTHONDONTWRITEBYTECODE=1 $(PYTHON) tools/catalogue/refresh.py $(if $(COMPARE),--compare) $(KUBERNETES)

SECONDS ?= 60
soak: ## a mixed load for SECONDS (60); fails when memory, descriptors or threads grow
	$(Q)tools/deps.sh $(DEPS_BUILD) openssl
	$(Q)$(MAKE) --no-print-directory -j$(JOBS) all benches
	$(Q)BUILD=$(BUILD) $(PYTHON) tests/soak.py $(SECONDS)

clean: ## remove what was built
	rm -rf build

# ---------------------------------------------------------------- the build itself
# The inner goals need pkg-config and a compiler, which the outer ones install.
ifneq ($(filter-out clean help,$(INNER)),)

# A foreign library belongs to one layer.
LIBS_lib/yaml   := yaml-0.1
LIBS_lib/unpack := zlib libzstd
LIBS_certs      := libcrypto
LIBS_lib/serve  := libmicrohttpd gnutls
LIBS_policy/learn := libcjson
LIBS_webhook    := libcjson
LIBS_cli        := libcjson
LIBS_cli/report := libcjson
# The flavour with GnuTLS: the image has GnuTLS already, and needs no libssl then.
LIBS_agent/api  := libcurl libcjson

ifneq ($(SANITIZE),)
SAN_FLAGS := -O1 -g -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer -DARENA_BLOCK=0
FLAGS := $(SAN_FLAGS) $(if $(FUZZER),-fsanitize=fuzzer-no-link)
LINK := $(SAN_FLAGS)
else ifneq ($(COVERAGE),)
FLAGS := -O0 -g --coverage
LINK := --coverage
else
FLAGS := $(HARDEN_CC) -g -D_FORTIFY_SOURCE=2 -fPIE $(call probe,-fstack-clash-protection) $(call probe,-fcf-protection=full) $(call probe,-mbranch-protection=standard) $(call probe,-ftrivial-auto-var-init=zero)
LINK := $(HARDEN_LD) -pie
endif
# The same bytes whatever folder they are built in.
FLAGS += $(if $(RELEASE),-ffile-prefix-map=$(CURDIR)=.)

pkg = $(if $(2),$(shell $(PKG_CONFIG) --$(1) $(2)))
# Debian bookworm's libcjson.pc and libyaml's give plain flags; libmicrohttpd comes with GnuTLS.
CPPFLAGS := $(CPPFLAGS) -D_GNU_SOURCE -Iinclude -I. -I$(BUILD)/gen $(call pkg,cflags,yaml-0.1 zlib libzstd libcrypto libmicrohttpd gnutls libcjson)
ALL_CFLAGS = -std=c17 $(WARNINGS) $(FLAGS) $(CFLAGS)

include tools/layers.mk
# A layer, and all that it stands on, in the order in which a linker wants them.
below = $(foreach d,$(USES_$(1)) $(filter-out $(1),$(DOORS_$(1))),$(d) $(call below,$(d)))
with  = $(1) $(call reversed,$(filter $(call below,$(1)),$(LAYERS)))
reversed = $(if $(1),$(call reversed,$(wordlist 2,999,$(1))) $(firstword $(1)))
archives = $(patsubst %,$(BUILD)/%.a,$(call with,$(1)))
libs = $(sort $(foreach l,$(call with,$(1)),$(LIBS_$(l))))
link = $(call pkg,libs,$(call libs,$(1))) -pthread

MAINS     := cli/main.c agent/main.c
LAYER_C    = $(filter-out $(MAINS),$(wildcard $(1)/*.c))
PRODUCT_C := $(foreach l,$(LAYERS),$(call LAYER_C,$(l)))
TEST_C    := $(foreach l,$(LAYERS),$(wildcard tests/unit/$(l)/check_*.c))
FUZZ_C    := $(wildcard tests/fuzz/fuzz_*.c)
BENCH_C   := $(wildcard tests/bench/*.c)
ALL_C     := $(MAINS) $(PRODUCT_C) $(TEST_C) $(FUZZ_C) $(BENCH_C) tests/fuzz/replay.c

obj = $(patsubst %.c,$(BUILD)/%.o,$(1))
TESTS     := $(patsubst %.c,$(BUILD)/%,$(TEST_C))
# Without a fuzzer each target is a program that replays files: the corpus in `make check`.
REPLAYS   := $(patsubst %.c,$(BUILD)/%,$(FUZZ_C))
BENCHES   := $(patsubst %.c,$(BUILD)/%,$(BENCH_C))
# cJSON is in the tests as a second opinion.
CHECK_L   := $(shell $(PKG_CONFIG) --libs check libcjson 2>/dev/null)

.PHONY: all tests covered fuzzers benches FORCE
all: $(addprefix $(BUILD)/,$(PROGRAMS))
ifeq ($(SANITIZE),thread)
tests: $(filter $(BUILD)/tests/unit/webhook/% $(BUILD)/tests/unit/lib/serve/%,$(TESTS)) # what tests/check.sh runs then
else
tests: $(TESTS) $(REPLAYS)
endif
fuzzers: $(REPLAYS)
# Those that judge: tools/coverage.py runs them.
covered: $(filter $(BUILD)/tests/unit/policy/alpha/% $(BUILD)/tests/unit/policy/judge/% $(BUILD)/tests/unit/webhook/%,$(TESTS))
benches: $(BENCHES)

# Objects depend on the flags they were compiled with.
FLAGS_NOW := $(CC) $(CPPFLAGS) $(ALL_CFLAGS) $(LINK) $(RELEASE)
$(BUILD)/flags: FORCE
	@mkdir -p $(@D); printf '%s\n' '$(FLAGS_NOW)' | cmp -s - $@ || printf '%s\n' '$(FLAGS_NOW)' > $@

# An archive a layer: a program takes of each what it needs, and nothing of another program.
EXTRA_policy/load      := $(BUILD)/gen/builtin.o $(BUILD)/gen/schema.o $(BUILD)/gen/versions.o
EXTRA_policy/catalogue := $(BUILD)/gen/catalogue.o
define ARCHIVE
$(BUILD)/$(1).a: $(call obj,$(call LAYER_C,$(1))) $(EXTRA_$(1))
	$(Q)mkdir -p $$(@D); rm -f $$@; $(AR) rcsD $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call ARCHIVE,$(l))))

$(BUILD)/oke-guard: $(BUILD)/cli/main.o $(call archives,cli)
	$(Q)echo "  LD  $@"; $(CC) $(LINK) -o $@ $^ $(call link,cli)
$(BUILD)/oke-guard-agent: $(BUILD)/agent/main.o $(call archives,agent)
	$(Q)echo "  LD  $@"; $(CC) $(LINK) -o $@ $^ $(call link,agent)

# The same, with their libraries beside them. The old kind of path, which their libraries' own needs follow too.
.PHONY: portable
portable: $(addprefix $(BUILD)/portable/,$(PROGRAMS))
BESIDE := '-Wl,--disable-new-dtags,-rpath,$$ORIGIN/../lib'
$(BUILD)/portable/oke-guard: $(BUILD)/cli/main.o $(call archives,cli)
	$(Q)mkdir -p $(@D); echo "  LD  $@"; $(CC) $(LINK) $(BESIDE) -o $@ $^ $(call link,cli)
$(BUILD)/portable/oke-guard-agent: $(BUILD)/agent/main.o $(call archives,agent)
	$(Q)mkdir -p $(@D); echo "  LD  $@"; $(CC) $(LINK) $(BESIDE) -o $@ $^ $(call link,agent)

$(BUILD)/%.o: %.c $(BUILD)/flags
	$(Q)mkdir -p $(@D); echo "  CC  $<"; $(CC) $(CPPFLAGS) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

# The pack is linked in as it is written.
BUILTIN := $(sort $(wildcard policy/builtin/*.yaml))
$(BUILD)/gen/builtin.S: tools/embed.sh $(BUILTIN) Makefile
	$(Q)mkdir -p $(@D); tools/embed.sh builtin_files builtin $(BUILTIN) > $@
$(BUILD)/gen/builtin.o: $(BUILD)/gen/builtin.S $(BUILTIN) $(BUILD)/flags
	$(Q)$(CC) $(FLAGS) -c -o $@ $<

# So are the JSON Schemas, for `policy schema`.
SCHEMAS := $(sort $(wildcard policy/schema/*.json))
$(BUILD)/gen/schema.S: tools/embed.sh $(SCHEMAS) Makefile
	$(Q)mkdir -p $(@D); tools/embed.sh schema_files schema $(SCHEMAS) > $@
$(BUILD)/gen/schema.o: $(BUILD)/gen/schema.S $(SCHEMAS) $(BUILD)/flags
	$(Q)$(CC) $(FLAGS) -c -o $@ $<

# And the list of OKE's versions.
VERSIONS := policy/catalogue/versions.yaml
$(BUILD)/gen/versions.S: tools/embed.sh $(VERSIONS) Makefile
	$(Q)mkdir -p $(@D); tools/embed.sh versions_files builtin $(VERSIONS) > $@
$(BUILD)/gen/versions.o: $(BUILD)/gen/versions.S $(VERSIONS) $(BUILD)/flags
	$(Q)$(CC) $(FLAGS) -c -o $@ $<

# Facts about alpha features to a table (policy/catalogue/catalogue.h). Debian's python3 has PyYAML.
CATALOGUE := $(filter-out $(VERSIONS),$(wildcard policy/catalogue/*.yaml policy/catalogue/*.tsv))
$(BUILD)/gen/catalogue.c: tools/catalogue/compile.py $(CATALOGUE)
	$(Q)mkdir -p $(@D); $(PYTHON) tools/catalogue/compile.py > $@.new && mv $@.new $@
$(BUILD)/gen/catalogue.o: $(BUILD)/gen/catalogue.c $(BUILD)/flags policy/catalogue/catalogue.h
	$(Q)$(CC) $(CPPFLAGS) $(ALL_CFLAGS) -c -o $@ $<

# The allocations of our own code are bent to tests/unit/failing.h.
FAILING = $(if $(findstring out_of_memory,$@),$(addprefix -Wl$(comma)--wrap=,malloc calloc realloc))
comma := ,

# A layer's tests link that layer and those below it alone.
define TEST
$(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/$(1)/check_*.c)): $(BUILD)/%: $(BUILD)/%.o $(call archives,$(1))
	$$(Q)$$(CC) $$(LINK) $$(FAILING) -o $$@ $$^ $(call link,$(1)) $$(CHECK_L)
endef
$(foreach l,$(LAYERS),$(if $(wildcard tests/unit/$(l)/check_*.c),$(eval $(call TEST,$(l)))))
$(BUILD)/tests/fuzz/fuzz_agent_%: $(BUILD)/tests/fuzz/fuzz_agent_%.o $(if $(FUZZER),,$(BUILD)/tests/fuzz/replay.o) $(call archives,agent)
	$(Q)$(CC) $(LINK) $(if $(FUZZER),-fsanitize=fuzzer) -o $@ $^ $(call link,agent)
$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(if $(FUZZER),,$(BUILD)/tests/fuzz/replay.o) $(call archives,cli)
	$(Q)$(CC) $(LINK) $(if $(FUZZER),-fsanitize=fuzzer) -o $@ $^ $(call link,cli)
$(BUILD)/tests/bench/%: $(BUILD)/tests/bench/%.o $(call archives,cli)
	$(Q)$(CC) $(LINK) -o $@ $^ $(call link,cli) -lssl -lm

# clang-tidy, again only where the file or what it includes has changed.
TIDY := $(patsubst %.c,$(BUILD)/%.tidy,$(ALL_C))
.PHONY: tidy
tidy: $(TIDY)
$(BUILD)/%.tidy: %.c $(BUILD)/%.o .clang-tidy
	$(Q)echo "  TIDY $<"; clang-tidy --quiet $< -- $(CPPFLAGS) -std=c17 $(WARNINGS) > $@.log 2>&1 || \
		{ grep -v ' warnings\? generated' $@.log; exit 1; }; touch $@

.SECONDARY:
-include $(patsubst %.c,$(BUILD)/%.d,$(ALL_C))
endif
