# One non-recursive Makefile. `make help` lists the targets.
#   DEBUG=1           AddressSanitizer and UBSan, objects under build/debug
#   WERROR=1          warnings are errors (the checks set it)
#   PREFIX, DESTDIR   where `make install` puts things
#   V=1               shows the commands
#   FUZZ_SECONDS      how long `make fuzz` runs each target

VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
MODE := $(if $(DEBUG),debug,release)
BUILD ?= build/$(MODE)
PKG_CONFIG ?= pkg-config
# One line per file, unless V=1 asks for the command.
SAY = $(if $(V),,@printf '  %-4s %s\n' $(1) $@;)
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))

# Layers, lowest first; tests/lint/layers.awk holds what each may include.
LAYERS ?= base graph sql config db script guard audit vcs engine cli
PACKAGES := glib-2.0 gio-2.0 libpq sqlite3 yaml-0.1 jansson libgit2

WARNINGS := -Wall -Wextra -pedantic -Wshadow -Wconversion -Wcast-qual -Wstrict-prototypes \
	-Wmissing-prototypes -Wwrite-strings -Wformat=2 -Wundef -Wvla
# clang looks into GLib's macros, which cast a const away.
WARNINGS += $(if $(findstring clang,$(CC)),-Wno-cast-qual,-Wduplicated-cond)
WARNINGS += $(if $(WERROR),-Werror)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
OPTIMIZE := $(if $(DEBUG),-Og -g $(SANITIZE),-O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong)

CPPFLAGS += -Iinclude -Isrc -I$(BUILD) -D_POSIX_C_SOURCE=200809L -DCMIG_VERSION='"$(VERSION)"' \
	-DG_LOG_DOMAIN='"cmig"' -DGLIB_VERSION_MIN_REQUIRED=GLIB_VERSION_2_74 \
	-DGLIB_VERSION_MAX_ALLOWED=GLIB_VERSION_2_74
# Third-party headers are not ours to warn about.
PKG_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null))
PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null)
# PostgreSQL's parser comes as an archive whose names clash with those of libpq and libc: they stay inside.
PKG_LIBS += -Wl,-Bstatic -lpg_query -Wl,-Bdynamic -Wl,--exclude-libs,libpg_query.a -lm -lpthread
CHECK_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags check 2>/dev/null))
CHECK_LIBS := $(shell $(PKG_CONFIG) --libs check 2>/dev/null)
CFLAGS_ALL := -std=c11 $(WARNINGS) $(OPTIMIZE) -fPIE $(PKG_CFLAGS) $(CFLAGS)
LDFLAGS_ALL := -pie $(if $(DEBUG),$(SANITIZE),-Wl,-z,relro,-z,now) -Wl,--as-needed $(LDFLAGS)

SOURCES := $(sort $(foreach layer,$(LAYERS),$(wildcard src/$(layer)/*.c src/$(layer)/*/*.c)) $(EXTRA))
OBJECTS := $(SOURCES:%.c=$(BUILD)/%.o)
TEMPLATES := $(shell find templates -type f)
ifneq ($(filter script,$(LAYERS)),)
OBJECTS += $(BUILD)/templates.o
endif
LIBRARY := $(BUILD)/libcmig.a

UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
TESTS ?= $(patsubst tests/unit/test_%.c,%,$(UNIT_SOURCES))
UNIT_BINARIES := $(TESTS:%=$(BUILD)/tests/unit/test_%)

all: $(BUILD)/cmig ## Build the binary (the default)

$(BUILD)/cmig: $(BUILD)/src/main.o $(LIBRARY)
	$(call SAY,LINK)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS)

$(LIBRARY): $(OBJECTS)
	@rm -f $@
	$(call SAY,AR)ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call SAY,CC)$(CC) $(CPPFLAGS) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# Templates are compiled in, so that the binary is all that a machine needs.
$(BUILD)/templates.c: templates/cmig.gresource.xml $(TEMPLATES)
	@mkdir -p $(@D)
	$(call SAY,RES)glib-compile-resources --generate-source --internal --c-name cmig_templates \
		--sourcedir=templates --target=$@ $<
$(BUILD)/templates.o: $(BUILD)/templates.c
	$(call SAY,CC)$(CC) -Iinclude $(OPTIMIZE) -fPIE $(PKG_CFLAGS) -c -o $@ $<

# Mostly long tables, slow to compile: one of the two builds optimizes them, as warnings need it.
$(BUILD)/tests/unit/%.o: tests/unit/%.c
	@mkdir -p $(@D)
	$(call SAY,CC)$(CC) $(CPPFLAGS) $(CFLAGS_ALL) $(if $(DEBUG),-O0,-O1) $(CHECK_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(LIBRARY)
	$(call SAY,LINK)$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS) $(CHECK_LIBS)

# --- Tests ---------------------------------------------------------------------------------------

unit-tests: $(UNIT_BINARIES)

check-unit: $(UNIT_BINARIES) ## Unit tests of this build only; no server is started
	@for t in $(UNIT_BINARIES); do env -u CK_TAP_LOG_FILE_NAME $$t || exit 1; done

check: ## Unit and command-line tests on the release build; nothing is installed
	@tests/run.sh quick

test: test-deps ## Install what is missing, then run lint, unit and command-line tests, fuzz targets, man pages
	@tests/run.sh all

test-full: test-deps ## The same, and the command-line tests on the sanitizer build too
	@tests/run.sh full

lint: ## Check the source text: layers, banned functions, lengths, format, cppcheck, shellcheck
	@CC='$(CC)' LINT_CFLAGS='-D_POSIX_C_SOURCE=200809L $(PKG_CFLAGS)' tests/lint/run.sh

torture: $(BUILD)/cmig test-deps ## Put a fault at every point of a run: kills, cut connections, full disks (ten minutes)
	@CMIG='$(abspath $(BUILD)/cmig)' tests/torture/run.sh

test-matrix: test-deps $(BUILD)/cmig unit-tests ## The PostgreSQL tests on servers of other major versions: MATRIX="12 15 18"
	@MATRIX_BUILD='$(abspath $(BUILD))' tests/matrix.sh all

bench: $(BUILD)/cmig ## Compare with psql, sqlite3, and with alembic and sqitch where they are
	@CMIG='$(abspath $(BUILD)/cmig)' tests/bench/bench.sh

# The layers that the targets reach are built once more by clang, with coverage feedback and sanitizers.
FUZZ_SECONDS ?= 60
FUZZ_BUILD := build/fuzz
FUZZ_LAYERS := base graph sql config db script
FUZZ_FLAGS := -std=c11 -gline-tables-only -O1 -fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ_TARGETS := $(patsubst tests/fuzz/%.c,$(FUZZ_BUILD)/%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SOURCES := $(foreach layer,$(FUZZ_LAYERS),$(filter src/$(layer)/%,$(SOURCES)))
FUZZ_OBJECTS := $(FUZZ_SOURCES:%.c=$(FUZZ_BUILD)/%.o) $(patsubst $(BUILD)/%,$(FUZZ_BUILD)/%,$(filter %/templates.o,$(OBJECTS)))

fuzz: fuzz-targets ## Run every fuzz target for FUZZ_SECONDS
	@tests/fuzz/run.sh $(FUZZ_BUILD) $(FUZZ_SECONDS)

fuzz-targets: $(FUZZ_TARGETS)

$(FUZZ_BUILD)/fuzz_%: tests/fuzz/fuzz_%.c $(FUZZ_OBJECTS)
	$(call SAY,FUZZ)clang $(CPPFLAGS) $(PKG_CFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $^ $(PKG_LIBS)

$(FUZZ_BUILD)/src/%.o: src/%.c
	@mkdir -p $(@D)
	$(call SAY,CC)clang $(CPPFLAGS) $(PKG_CFLAGS) $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c -o $@ $<

$(FUZZ_BUILD)/templates.o: $(BUILD)/templates.c
	@mkdir -p $(@D)
	$(call SAY,CC)clang $(PKG_CFLAGS) $(FUZZ_FLAGS) -c -o $@ $<

# --- Manual pages and completions: both are written by the binary ---------------------------------

man: $(BUILD)/man.stamp ## Write man/ from the commands' own help
	@mkdir -p man
	@rm -f man/*.1 man/*.5
	cp $(BUILD)/man/* man/

man-check: $(BUILD)/man.stamp
	@diff -ru man $(BUILD)/man

$(BUILD)/man.stamp: $(BUILD)/cmig
	@rm -rf $(BUILD)/man
	@mkdir -p $(BUILD)/man
	$(BUILD)/cmig help --man >$(BUILD)/man/cmig.1
	$(BUILD)/cmig help --man alembic.yml >$(BUILD)/man/alembic.yml.5
	@set -e; commands=$$($(BUILD)/cmig help --commands); for command in $$commands; do \
		$(BUILD)/cmig help --man $$command >$(BUILD)/man/cmig-$$command.1; \
	done
	@touch $@

$(BUILD)/completion.stamp: $(BUILD)/cmig
	@mkdir -p $(BUILD)/completion
	$(BUILD)/cmig completion bash >$(BUILD)/completion/cmig
	$(BUILD)/cmig completion zsh >$(BUILD)/completion/_cmig
	$(BUILD)/cmig completion fish >$(BUILD)/completion/cmig.fish
	@touch $@

# --- Installation --------------------------------------------------------------------------------

BINDIR := $(DESTDIR)$(PREFIX)/bin
SHARE := $(DESTDIR)$(PREFIX)/share

install: $(BUILD)/cmig $(BUILD)/man.stamp $(BUILD)/completion.stamp ## Install to PREFIX (/usr/local), below DESTDIR
	install -d $(BINDIR) $(SHARE)/man/man1 $(SHARE)/man/man5 $(SHARE)/doc/cmig \
		$(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions \
		$(SHARE)/fish/vendor_completions.d
	install -m 755 $(BUILD)/cmig $(BINDIR)/cmig
	install -m 644 $(BUILD)/man/*.1 $(SHARE)/man/man1
	install -m 644 $(BUILD)/man/*.5 $(SHARE)/man/man5
	install -m 644 $(BUILD)/completion/cmig $(SHARE)/bash-completion/completions/cmig
	install -m 644 $(BUILD)/completion/_cmig $(SHARE)/zsh/site-functions/_cmig
	install -m 644 $(BUILD)/completion/cmig.fish $(SHARE)/fish/vendor_completions.d/cmig.fish
	install -m 644 LICENSE $(SHARE)/doc/cmig/LICENSE

uninstall: ## Remove what `make install` put there
	rm -f $(BINDIR)/cmig $(SHARE)/man/man1/cmig.1 $(SHARE)/man/man1/cmig-*.1 \
		$(SHARE)/man/man5/alembic.yml.5 $(SHARE)/bash-completion/completions/cmig \
		$(SHARE)/zsh/site-functions/_cmig $(SHARE)/fish/vendor_completions.d/cmig.fish \
		$(SHARE)/doc/cmig/LICENSE
	-rmdir $(SHARE)/doc/cmig

# --- Getting started -----------------------------------------------------------------------------

# Packages come first, and what pkg-config says of them is read when make starts: hence a second make.
demo: deps ## Install what the build needs, build, and run the example project on a SQLite file
	@$(MAKE) --no-print-directory -j"$$(nproc)" all
	@rm -rf build/demo
	@mkdir -p build/demo
	@set -e; cd migrations; \
	export DATABASE_URL='sqlite:///../build/demo/app.db' CMIG_ENV=development; \
	for command in 'upgrade head' current history; do \
		echo; echo "\$$ cmig $$command"; '$(abspath $(BUILD)/cmig)' $$command; \
	done
	@echo; echo 'The database is build/demo/app.db; the migrations are in migrations/versions.'

deps: ## Install the packages the build needs, when some are missing
	@tests/install-deps.sh build

test-deps: ## Install the packages the tests need, when some are missing
	@tests/install-deps.sh test

clean: ## Remove build/
	rm -rf build

help: ## List the targets
	@sed -n 's/^\([a-z][a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | expand -t 14

.PHONY: all bench check check-unit clean demo deps fuzz fuzz-targets help install lint man man-check \
	test test-deps test-full test-matrix torture uninstall unit-tests
.SECONDARY:
.DELETE_ON_ERROR:

-include $(shell find $(BUILD) $(FUZZ_BUILD) -name '*.d' 2>/dev/null)
