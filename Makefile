# One non-recursive Makefile. `make help` lists the targets.
#   DEBUG=1           AddressSanitizer and UBSan, objects under build/debug
#   WERROR=1          warnings are errors (the checks set it)
#   PREFIX, DESTDIR   where `make install` puts things

VERSION := 0.1.0
PREFIX ?= /usr/local
DESTDIR ?=
MODE := $(if $(DEBUG),debug,release)
BUILD ?= build/$(MODE)
PKG_CONFIG ?= pkg-config
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))

# Layers, lowest first; tests/lint/layers.awk holds what each may include.
LAYERS ?= base graph sql config db script guard engine cli
PACKAGES := glib-2.0 gio-2.0 libpq sqlite3 yaml-0.1 jansson

WARNINGS := -Wall -Wextra -pedantic -Wshadow -Wconversion -Wcast-qual -Wstrict-prototypes \
	-Wmissing-prototypes -Wwrite-strings -Wformat=2 -Wundef -Wvla
WARNINGS += $(if $(findstring clang,$(CC)),,-Wduplicated-cond)
WARNINGS += $(if $(WERROR),-Werror)
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
OPTIMIZE := $(if $(DEBUG),-Og -g $(SANITIZE),-O2 -g -D_FORTIFY_SOURCE=2 -fstack-protector-strong)

CPPFLAGS += -Iinclude -Isrc -I$(BUILD) -D_POSIX_C_SOURCE=200809L -DCMIG_VERSION='"$(VERSION)"' \
	-DG_LOG_DOMAIN='"cmig"' -DGLIB_VERSION_MIN_REQUIRED=GLIB_VERSION_2_74 \
	-DGLIB_VERSION_MAX_ALLOWED=GLIB_VERSION_2_74
# Third-party headers are not ours to warn about.
PKG_CFLAGS := $(patsubst -I%,-isystem %,$(shell $(PKG_CONFIG) --cflags $(PACKAGES) 2>/dev/null))
PKG_LIBS := $(shell $(PKG_CONFIG) --libs $(PACKAGES) 2>/dev/null)
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

all: $(BUILD)/cmig

$(BUILD)/cmig: $(BUILD)/src/main.o $(LIBRARY)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS)

$(LIBRARY): $(OBJECTS)
	rm -f $@
	ar rcs $@ $^

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS_ALL) -MMD -MP -c -o $@ $<

# Templates are compiled in, so that the binary is all that a machine needs.
$(BUILD)/templates.c: templates/cmig.gresource.xml $(TEMPLATES)
	@mkdir -p $(@D)
	glib-compile-resources --generate-source --internal --c-name cmig_templates \
		--sourcedir=templates --target=$@ $<
$(BUILD)/templates.o: $(BUILD)/templates.c
	$(CC) -Iinclude $(OPTIMIZE) -fPIE $(PKG_CFLAGS) -c -o $@ $<

$(BUILD)/tests/unit/%.o: tests/unit/%.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS_ALL) $(CHECK_CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(LIBRARY)
	$(CC) $(LDFLAGS_ALL) -o $@ $^ $(PKG_LIBS) $(CHECK_LIBS)

# Unit tests only; no database server is started here.
check-unit: $(UNIT_BINARIES)
	@for t in $(UNIT_BINARIES); do CK_TAP_LOG_FILE_NAME= $$t || exit 1; done

clean:
	rm -rf build

.PHONY: all check-unit clean
.SECONDARY:

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
