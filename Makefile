# Development commands; README.md and docs/testing.md explain them.
SHELL = /bin/bash
# A build that fails before `| tail` fails the whole line.
.SHELLFLAGS = -o pipefail -c
PYTHON ?= python3
RUN = .venv/bin/python
OUTPUT ?= dist
REFERENCE ?= cpython-3.13.5
OLDER ?= cpython-3.11.2

.PHONY: executed s390x selinux test lint unit hostile fuzz places golden distribution older musl aarch64 embedders judges locked variants test-macos test-macos-optimized test-macos-xcode test-windows test-windows-sdk test-environments test-bootstrap test-regression test-optimized test-matrix test-architectures environment sigstore libressl

# Everything: checks, unit tests, sources, real builds of both generations, and all tests that use these.
test: lint unit places distribution older

environment:
	@$(PYTHON) scripts/environment.py

# Dependencies for checking the sigstore bundles of CPython 3.14 and later; not needed for builds.
sigstore:
	@$(PYTHON) scripts/environment.py sigstore

lint: environment
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy
	$(RUN) scripts/check_catalogs.py

unit: environment
	$(RUN) -m pytest -n 2 tests/unit tests/golden tests/binaries tests/fuzz

# Hostile files under limits of memory and CPU time.
hostile: environment
	$(RUN) -m pytest -n 2 tests/hostile

# Every parser of untrusted bytes, for SECONDS each, guided by coverage; findings are kept in tests/fuzz/corpus.
SECONDS ?= 60
FUZZED = $(shell sed -n 's/^    "\([a-z_]*\)": .*/\1/p' tests/fuzz/seeds.py)
fuzz:
	@$(PYTHON) scripts/environment.py fuzz
	for target in $(FUZZED); do $(RUN) tests/fuzz/fuzz.py $$target $(SECONDS) || exit 1; done

# Sources while a distribution's mirror moves on: a mirror run by the tests, and the host's apt.
places: environment
	$(RUN) -m pytest -n 2 tests/integration/test_moving_mirror.py

# Record the golden files again after an intended change; review the diff.
golden: environment
	PYTHONPATH=. $(RUN) tests/golden/cases.py

# The newest series, with the quick part of CPython's own regression tests, and clients that use both series.
distribution: environment
	second=$$(./build-linux.py --python $(OLDER) --output $(OUTPUT) | tail -n 1) && \
	archive=$$(./build-linux.py --python $(REFERENCE) --output $(OUTPUT) | tail -n 1) && \
	./setup-local validate "$$archive" && \
	$(RUN) -m pytest tests/integration --ignore tests/integration/test_moving_mirror.py \
		--ignore tests/integration/test_client_embedders.py --ignore tests/integration/test_wheel.py \
		--ignore-glob 'tests/integration/test_environment*.py' --ignore tests/integration/test_processors.py \
		--ignore tests/integration/test_index_page.py --archive "$$archive" --second-archive "$$second"

# Programs and packages that embed the interpreter; some of them are compiled first.
embedders: environment
	archive=$$(./build-linux.py --python $(REFERENCE) --output $(OUTPUT) | tail -n 1) && \
	$(RUN) -m pytest tests/integration/test_client_embedders.py --archive "$$archive"

# The wheel in third-party continuous integration, and the index page in a browser.
judges: environment
	archive=$$(./build-linux.py --python $(REFERENCE) --output $(OUTPUT) | tail -n 1) && \
	$(RUN) -m pytest tests/integration/test_wheel.py tests/integration/test_index_page.py --archive "$$archive"

# SELinux with a policy against executable memory: in a separate kernel, started by QEMU.
VIRTUAL_MACHINE ?= /opt/setup_local-virtual-machine
selinux: environment
	scripts/install-virtual-machine $(VIRTUAL_MACHINE)
	archive=$$(./build-linux.py --python $(REFERENCE) --output $(OUTPUT) | tail -n 1) && \
	SETUP_LOCAL_TEST_KERNEL=$(VIRTUAL_MACHINE)/kernel $(RUN) -m pytest -rs tests/integration/test_selinux.py --archive "$$archive"

# The series before CPython's build system changed.
older: environment
	archive=$$(./build-linux.py --python $(OLDER) --output $(OUTPUT) | tail -n 1) && \
	./setup-local validate "$$archive" && \
	$(RUN) -m pytest tests/integration/test_distribution.py tests/integration/test_moved.py \
		tests/integration/test_old_glibc.py tests/integration/test_trust.py tests/integration/test_launchers.py --archive "$$archive"

# The other C library: the interpreter that needs its shared library, and the one that needs nothing.
musl: environment
	for options in noopt noopt+static; do \
		archive=$$(./build-linux.py --musl --options $$options --python $(REFERENCE) --output $(OUTPUT) | tail -n 1) && \
		./setup-local validate "$$archive" && \
		$(RUN) -m pytest tests/integration/test_distribution.py tests/integration/test_musl.py --archive "$$archive" || exit 1; \
	done

# Other processors: built here, and run here by an emulator that the kernel starts. One 64-bit, and one big-endian.
aarch64: ARCHITECTURES = arm64:aarch64-unknown-linux-gnu
s390x: ARCHITECTURES = s390x:s390x-unknown-linux-gnu
aarch64 s390x: executed

# All that were built and executed, one after another: each with the distribution's name for the processor. Other build
# options: make executed ARCHITECTURES=arm64:aarch64-unknown-linux-gnu OPTIONS=freethreaded
ARCHITECTURES ?= arm64:aarch64-unknown-linux-gnu arm64:aarch64-unknown-linux-musl i386:i686-unknown-linux-gnu \
	armhf:armv7-unknown-linux-gnueabihf loong64:loongarch64-unknown-linux-gnu ppc64el:ppc64le-unknown-linux-gnu \
	riscv64:riscv64-unknown-linux-gnu s390x:s390x-unknown-linux-gnu i386:i686-unknown-linux-musl \
	armhf:armv7-unknown-linux-musleabihf loong64:loongarch64-unknown-linux-musl riscv64:riscv64-unknown-linux-musl
OPTIONS ?= noopt
executed: environment
	for pair in $(ARCHITECTURES); do \
		scripts/install-emulation $${pair%%:*} && \
		archive=$$(./build-linux.py --target-triple $${pair#*:} --options $(OPTIONS) --python $(REFERENCE) --output $(OUTPUT) | tail -n 1) && \
		./setup-local validate "$$archive" && \
		$(RUN) -m pytest tests/integration/test_distribution.py tests/integration/test_distribution_names.py \
			tests/integration/test_architecture.py $(REGRESSION) \
			--archive "$$archive" || exit 1; \
	done

test-architectures: REGRESSION = tests/integration/test_regression.py --regression=emulated
test-architectures: executed
	$(RUN) -m pytest tests/integration/test_processors.py

# Windows, in the Wine that scripts/install-wine installs: built, audited, used, CPython's own tests; and the same bytes
# again from sources alone. A failed build ends it: its output is parsed afterwards. Other builds: make test-windows
# WINDOWS_OPTIONS="--extensions shared", or "--options freethreaded".
WINE ?= /opt/setup_local-wine/wine
WINDOWS ?= x86_64-pc-windows-msvc
WINDOWS_OPTIONS ?=
WINDOWS_TESTS = $(addprefix tests/integration/test_windows,.py _extension.py _numpy.py _tk.py _regression.py)
test-windows: environment
	printed=$$(./build-windows.py --target-triple $(WINDOWS) $(WINDOWS_OPTIONS) --python $(REFERENCE) --output $(OUTPUT)) && archive=$$(echo "$$printed" | tail -n 1) && \
	./setup-local validate "$$archive" && \
	SETUP_LOCAL_TEST_WINE=$(WINE) $(RUN) -m pytest -rs $(WINDOWS_TESTS) --archive "$$archive" && \
	printed=$$(SETUP_LOCAL_CACHE=$$(mktemp -d) ./build-windows.py --target-triple $(WINDOWS) $(WINDOWS_OPTIONS) --python $(REFERENCE) --output $$(mktemp -d)) && \
	cmp "$$archive" "$$(echo "$$printed" | tail -n 1)"

# Windows with Microsoft's SDK, for which Wine's headers and our start functions stand in (docs/windows.md): built, audited, used.
test-windows-sdk: environment
	sdk="$$(realpath -m $(OUTPUT))/stand-in-sdk" && rm -rf "$$sdk" && \
	$(RUN) tests/integration/stand_in_windows_sdk.py "$$(dirname $(WINE))" "$$sdk" && \
	printed=$$(./build-windows.py --sdk "$$sdk" --python $(REFERENCE) --output $(OUTPUT)) && archive=$$(echo "$$printed" | tail -n 1) && \
	./setup-local validate "$$archive" && \
	SETUP_LOCAL_TEST_WINE=$(WINE) $(RUN) -m pytest -rs $(WINDOWS_TESTS) --archive "$$archive"

# Another system: built and audited here, not executed. Both processors, and both in one; then the first again from
# sources alone, by another checkout, which takes longest and therefore comes last. A second build that differs is kept.
test-macos: environment
	for triple in aarch64-apple-darwin x86_64-apple-darwin universal2-apple-darwin; do \
		archive=$$(./build-macos.py --target-triple $$triple --python $(REFERENCE) --output $(OUTPUT) | tail -n 1) && \
		./setup-local validate "$$archive" && \
		$(RUN) -m pytest tests/integration/test_macos.py tests/integration/test_macos_tools.py --archive "$$archive" || exit 1; \
	done
	archive=$$(./build-macos.py --python $(REFERENCE) --output $(OUTPUT) | tail -n 1) && \
	place=$$(mktemp -d) && git clone -q . "$$place/checkout" && \
	again=$$(cd "$$place/checkout" && \
		SETUP_LOCAL_CACHE="$$place/cache" ./build-macos.py --python $(REFERENCE) --output "$$place" | tail -n 1) && \
	cmp "$$archive" "$$again" && echo "the same bytes again: $$(sha256sum < "$$again")" && rm -rf "$$place"

# Optimized builds for both processors of Macs, with the profile of a native build; another checkout with an empty store
# must make the same bytes of the second one.
test-macos-optimized: environment
	native=$$(./build-linux.py --options pgo --python $(REFERENCE) --output $(OUTPUT) | tail -n 1) && \
	place=$$(mktemp -d) && \
	tar --zstd -xf "$$native" -C "$$place" --strip-components 2 python/build/cpython.profdata && \
	for triple in aarch64-apple-darwin x86_64-apple-darwin; do \
		archive=$$(./build-macos.py --optimized --profile "$$place/cpython.profdata" --target-triple $$triple \
			--python $(REFERENCE) --output $(OUTPUT) | tail -n 1) && \
		./setup-local validate "$$archive" && \
		$(RUN) -m pytest tests/integration/test_macos.py tests/integration/test_macos_tools.py --archive "$$archive" || exit 1; \
	done && \
	git clone -q . "$$place/checkout" && \
	again=$$(cd "$$place/checkout" && SETUP_LOCAL_CACHE="$$place/cache" ./build-macos.py --optimized \
		--profile "$$place/cpython.profdata" --target-triple x86_64-apple-darwin --python $(REFERENCE) --output "$$place" | tail -n 1) && \
	cmp "$$archive" "$$again" && rm -rf "$$place"

# The same compiler in the place of Xcode's (docs/macos.md): --toolchain xcode, as far as it can be executed on Linux.
test-macos-xcode: environment
	$(RUN) -m pytest tests/integration/test_stand_in_xcode.py
	place="$$(realpath -m $(OUTPUT))/stand-in-xcode" && rm -rf "$$place" && \
	xcrun=$$($(RUN) tests/integration/stand_in_xcode.py "$$place" | tail -n 1) && \
	archive=$$(PATH="$$xcrun:$$PATH" ./build-macos.py --toolchain xcode --without tkinter --python $(REFERENCE) --output $(OUTPUT) | tail -n 1) && \
	./setup-local validate "$$archive" && \
	$(RUN) -m pytest tests/integration/test_macos.py tests/integration/test_macos_tools.py --archive "$$archive" && rm -rf "$$place"

# Pins only: the older series again, from the store, with sources whose hashes are in the catalog. Unavailable pins are
# reported (exit code 11 of the build) and are not a test failure: bump them.
locked: environment
	status=0; SETUP_LOCAL_LOCKED=1 ./build-linux.py --python $(OLDER) --output $(OUTPUT) || status=$$?; \
	if [ $$status = 11 ]; then echo "locked: pins are gone, see above: setup-local sources outdated --try"; exit 0; fi; exit $$status

# Variants of the newest series that take minutes if the libraries are in the store: built, audited, used.
variants: environment
	for options in "--openssl 3.0" "--libpython shared --link-dependencies shared" "--options freethreaded"; do \
		archive=$$(./build-linux.py $$options --python $(REFERENCE) --output $(OUTPUT) | tail -n 1) && \
		./setup-local validate "$$archive" && \
		$(RUN) -m pytest tests/integration/test_distribution.py --archive "$$archive" || exit 1; \
	done

# With the tarball of a LibreSSL release, or a mirror that has it: make libressl LIBRESSL=libressl-4.3.2.tar.gz
libressl: environment
	SETUP_LOCAL_TEST_LIBRESSL="$(LIBRESSL)" $(RUN) -m pytest -rs tests/integration/test_libressl_recipe.py tests/integration/test_libressl.py

# All of CPython's own regression tests.
test-regression: environment
	archive=$$(./build-linux.py --python $(REFERENCE) --output $(OUTPUT) | tail -n 1) && \
	$(RUN) -m pytest tests/integration/test_regression.py --regression=all --archive "$$archive"

# The fastest build: it passes the same tests as the plain one, and its own profile produces the same bytes again.
test-optimized: environment
	second=$$(./build-linux.py --python $(OLDER) --output $(OUTPUT) | tail -n 1) && \
	archive=$$(./build-linux.py --optimized --python $(REFERENCE) --output $(OUTPUT) | tail -n 1) && \
	./setup-local validate "$$archive" && \
	$(RUN) -m pytest tests/integration --ignore tests/integration/test_moving_mirror.py \
		--ignore-glob 'tests/integration/test_environment*.py' --ignore tests/integration/test_processors.py \
		--archive "$$archive" --second-archive "$$second" && \
	mkdir -p $(OUTPUT)/again && \
	tar --zstd -xf "$$archive" -C $(OUTPUT)/again --strip-components 2 python/build/cpython.profdata python/build/cpython.fdata && \
	again=$$(./build-linux.py --optimized --profile $(OUTPUT)/again/cpython.profdata --python $(REFERENCE) \
		--output $(OUTPUT)/again | tail -n 1) && \
	cmp "$$archive" "$$again"

# Build steps in pinned distributions: whole builds in two of them, with the same bytes, tested as users of the archive;
# kills, a full disk, Wheezy's definition with a stand-in, and Docker's engine, which the tests start and which also
# makes a whole build (install docker.io, or set SETUP_LOCAL_TEST_DOCKER to a directory with its unpacked packages).
test-environments: environment
	for name in bullseye trixie; do \
		archive=$$(./build-linux.py --environment $$name --sandbox bwrap --python $(REFERENCE) --output $(OUTPUT)/$$name) && \
		./setup-local validate "$$archive" && \
		$(RUN) -m pytest tests/integration/test_distribution.py --archive "$$archive" || exit 1; \
	done && \
	cmp "$$archive" $(OUTPUT)/bullseye/"$$(basename "$$archive")"
	./setup-local toolchain bootstrap --environment bullseye --until m4
	archive=$$(./build-linux.py --environment trixie --python $(REFERENCE) --output $(OUTPUT)/trixie) && \
	$(RUN) -m pytest -rs tests/integration/test_environments.py tests/integration/test_environment_stand_in.py --archive "$$archive"

# The bootstrap chain to its end for one processor, which takes hours, then a plain and an optimized distribution with
# its Clang; the plain one is compared with that of the wheel's Clang in the same environment.
test-bootstrap: environment
	./setup-local toolchain bootstrap --environment bullseye --processor x86_64
	for options in noopt pgo+lto; do \
		archive=$$(./build-linux.py --toolchain bootstrap --environment bullseye --options $$options --python $(REFERENCE) \
			--output $(OUTPUT)/bootstrap | tail -n 1) && \
		./setup-local validate "$$archive" && \
		$(RUN) -m pytest tests/integration/test_distribution.py --archive "$$archive" || exit 1; \
	done
	wheel=$$(./build-linux.py --environment bullseye --python $(REFERENCE) --output $(OUTPUT)/bullseye | tail -n 1) && \
	$(RUN) -m pytest tests/integration/test_environment_bootstrap.py --second-archive "$$wheel" \
		--archive "$(OUTPUT)/bootstrap/$$(basename "$$wheel")"

# Every variant: built, audited, run, and tested with the quick part of CPython's own tests; ends with a table.
test-matrix: environment
	$(RUN) scripts/use_matrix.py tests/matrix.toml --output $(OUTPUT)/matrix
