# The thin front of CMakePresets.json and scripts/. `make` leaves build/release/costate.
MAKEFLAGS += --no-print-directory
JOBS := $(shell nproc 2> /dev/null || echo 2)

.PHONY: release setup demo test bench format clean

release:
	@scripts/setup.sh --check build
	@[ -f build/release/Makefile ] || cmake --preset release --log-level=WARNING
	@cmake --build build/release -j $(JOBS)

setup:
	@scripts/setup.sh

demo: setup
	@$(MAKE) release
	@scripts/demo.sh

test: setup
	@scripts/run-tests.py

bench: setup
	@$(MAKE) release
	@bench/run.sh

format:
	@scripts/check-format.sh --fix

clean:
	rm -rf build
