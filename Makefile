# The commands a contributor needs. `make` alone lists them.

.PHONY: help build test fuzz bench check format

help: ## this list
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

build: ## the command line, as target/release/plimsoll
	cargo build --locked --release -p plimsoll-cli

test: ## every test: unit, documentation, architecture, end to end, instructions, and a minute of fuzzing
	@tools/ci/test

fuzz: ## only the fuzzing; FUZZ_SECONDS=3600 for longer
	@tools/ci/fuzz

bench: ## how fast, beside numpy, scipy and numba; ACCOUNTS=100000 for a smaller book
	@python3 tools/bench/run.py

check: ## all that CI checks, tests included
	@.ci/run

format: ## let rustfmt lay out the code
	cargo fmt --all
