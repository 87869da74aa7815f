# make demo      an expression differentiated and drawn, a network trained; the pictures are in demo/
# make test      every test and every example of the documentation, with each engine there is
# make lint      ruff and mypy
# make gallery   the pictures of docs/gallery, always the same bytes
# make notebooks what the notebooks show, run anew from their sources, always the same bytes
# make bench     the benchmarks, with the peers whose environments there are
# make peers     the environments of the benchmarks' peers
# make sanitize  the engine in C under gcc's sanitizers, in hostile use (a few minutes)
# make clean     remove all that make has made, .venv included
#
# Each prepares .venv by itself.  PYTHON=/path/to/python3 chooses the interpreter, 3.11 or newer.

PYTHON ?= python3 python3.13 python3.12 python3.11

.PHONY: help demo test lint gallery notebooks bench peers sanitize clean
.DELETE_ON_ERROR:
.NOTPARALLEL:

help:
	@sed -n '/^#/!q; s/^# *//p' Makefile

demo: .venv/with-plot
	.venv/bin/python -m autograd demo --out demo

test: .venv/with-test,browser,plot,bench
	AUTOGRAD_CORE=python .venv/bin/python -m pytest -n auto --dist worksteal -ra
	@if [ "$$(.venv/bin/python -c 'import autograd; print(autograd.engine_name)')" = native ]; then \
	    echo "AUTOGRAD_CORE=native .venv/bin/python -m pytest -n auto --dist worksteal -ra"; \
	    AUTOGRAD_CORE=native .venv/bin/python -m pytest -n auto --dist worksteal -ra; \
	else \
	    echo "The engine in C was not built, for want of a compiler or of Python's headers: it is not tested."; \
	fi

lint: .venv/with-test,plot,bench,dev
	.venv/bin/python -m ruff check
	.venv/bin/python -m ruff format --check
	.venv/bin/python -m mypy

gallery: .venv/with-plot
	.venv/bin/python docs/gallery.py

notebooks: .venv/with-test,plot
	.venv/bin/python docs/notebooks.py

bench: .venv/with-bench,compile
	.venv/bin/python -m benchmarks
	.venv/bin/python -m benchmarks.compiled

peers: .venv/with-bench
	.venv/bin/python -m benchmarks.environments

sanitize: .venv/with-test,plot,bench
	.venv/bin/python -m tests.native.sanitized

clean:
	rm -rf .venv .venv-peers demo build dist *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache
	rm -f autograd/_core/*.so
	find . -name __pycache__ -prune -exec rm -rf {} +

# What the engine in C is built from.
core = setup.py autograd/rows.py autograd/primitives.py autograd/straightline.py $(wildcard autograd/_core/*)

# The package and the extras named after "with-", installed again only when they or the engine change.
.venv/with-%: pyproject.toml $(filter-out %.so %/__pycache__,$(core)) .venv/pyvenv.cfg
	@echo "Installing scalar-autograd[$*] into .venv"
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@

.venv/pyvenv.cfg:
	@for python in $(PYTHON); do \
	    $$python -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	    python=; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "Python 3.11 or newer, with venv and ensurepip, is needed; none was found among: $(PYTHON)"; \
	    echo "On Debian and Ubuntu: apt install python3 python3-venv"; \
	    echo "To name another one: make PYTHON=/path/to/python3"; \
	    exit 1; \
	fi >&2; \
	echo "Creating .venv with $$($$python --version)"; \
	$$python -m venv --clear .venv
