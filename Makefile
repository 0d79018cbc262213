# make demo   what it does, on a dozen invented stories
# make test   all tests
# make help   the rest

PYTHON ?= python3
VENV   ?= .venv
DATA   ?= ../shared/data

BIN     := $(VENV)/bin
PACKAGE := $(VENV)/.package
TOOLS   := $(VENV)/.tools
TRAINING := $(VENV)/.training
# make bench sets up the peers where they are asked for by name: PEERS=FOLDER.
ifdef PEERS
ASKED   := $(PEERS)/.installed
endif
PEERS   ?= $(VENV)/peers
PUBLIC  := build/benchmark
LOWEST  := $(VENV)/lowest
RELEASE := $(VENV)/release
DOCS    := $(VENV)/docs
SOURCES := pyproject.toml setup.py $(wildcard dedupe/_kernel/*.[ch] dedupe/_kernel/*/*.[ch])
PIP     := $(BIN)/python -m pip -qq --disable-pip-version-check
LOCK    := UV_CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/uv pip compile -q --no-config --universal \
  --python-version 3.11 --generate-hashes --default-index https://pypi.org/simple
# Some hundred commands are started by tests: none of them shall compile all of itself again.
export PYTHONDONTWRITEBYTECODE :=

SECONDS := 1800
WORKERS ?= auto
SANITIZED := build/sanitize/lib

# Where another version of a dependency would show; TESTS= for all tests.
TESTS   := $(foreach name,bad_input blocking cli_run clustering golden index pipeline reading \
  reading_compression reproducible security text twins,tests/test_$(name).py)

.PHONY: help demo test test-lowest pythons trust check fuzz sanitize lock audit sbom readme bench \
  peers benchmark fit tables man docs gallery names clean
.DELETE_ON_ERROR:

help:
	@echo 'make demo    what it does, on a dozen invented stories'
	@echo 'make test    all tests'
	@echo 'make trust   test what docs/promises.md promises, a line a promise'
	@echo 'make check   lint, format, strict types, rules of imports and names'
	@echo 'make test-lowest  tests on the oldest versions that we allow of what we depend on'
	@echo 'make pythons the same bytes on every Python from 3.11 to 3.14 that is here'
	@echo 'make lock    pin what CI installs; make audit: is any of it known to be vulnerable'
	@echo 'make sbom    what is in a release, as CycloneDX'
	@echo 'make fuzz    any bytes into every way in, for SECONDS=$(SECONDS)'
	@echo 'make sanitize  the tests of the C kernel, built with AddressSanitizer and UBSan'
	@echo 'make readme  run the commands in README.md and docs/, and write their output and tables'
	@echo 'make bench   figures of quality and speed (needs the labelled corpora in DATA=$(DATA));'
	@echo '             PEERS=FOLDER installs other tools there, to be timed beside it'
	@echo 'make peers   the same figures of quality for other tools, installed under $(PEERS) (hours)'
	@echo 'make benchmark  ours and the peers on labelled sets that anyone can fetch (an hour);'
	@echo '             FILES=FOLDER takes the files from there'
	@echo 'make fit     fit the decision again (needs the labelled corpora in DATA=$(DATA))'
	@echo 'make tables  write the tables of characters and words again, from dedupe/data/languages'
	@echo 'make docs    build the site of the documentation in build/site'
	@echo 'make gallery picture the report page for docs/gallery.md (needs chromium)'
	@echo 'make names   write REPOSITORY=OWNER/NAME and VERSION= wherever they stand'
	@echo 'make man     write the man pages to build/man'
	@echo 'make clean   remove what was built'

demo: $(PACKAGE)
	@echo 'Twelve stories. dedupe cluster: what tells the same story, which version is kept (=), and why'
	@$(BIN)/dedupe cluster --quiet fixtures/demo.jsonl | $(BIN)/python fixtures/show.py
	@echo 'dedupe pairs: the evidence, here its first line'
	@$(BIN)/dedupe pairs --quiet fixtures/demo.jsonl | sed -n 1p
	@echo 'dedupe unique: the kept versions, byte for byte'
	@$(BIN)/dedupe unique --quiet fixtures/demo.jsonl | cut -c 1-88

# Who gets which test tells tests/conftest.py. More than four workers want much memory.
test: $(TOOLS)
	@$(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 4

test-lowest: $(LOWEST)/.installed
	@$(LOWEST)/bin/python -m pytest $(TESTS)

pythons: $(TOOLS)
	@$(BIN)/python tests/pythons.py $(VENV)/pythons

trust: $(TOOLS)
	@$(BIN)/python tests/trust.py

check: $(TOOLS)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_imports.py tests/test_vocabulary.py

# The locks are written by uv, for every Python and platform at once.
lock: $(TOOLS)
	@$(PIP) install uv
	@$(LOCK) --all-extras --group dev --group build -o .ci/requirements.txt pyproject.toml
	@$(LOCK) --extra feeds --extra parquet --extra zst -o .ci/runtime.txt pyproject.toml
	@$(LOCK) --group docs -o .ci/docs.txt pyproject.toml
	@$(LOCK) --group pyproject.toml:build -o .ci/build.txt
	@$(LOCK) --group pyproject.toml:release -o .ci/release.txt

# Known vulnerabilities in what is pinned. It asks PyPI, and fails where PyPI does not answer.
audit: $(RELEASE)/.installed
	@for lock in requirements release; do \
	  $(RELEASE)/bin/pip-audit --strict --progress-spinner off --disable-pip --require-hashes \
	    -r .ci/$$lock.txt || exit 1; \
	done

# What is in a release, by name, version and licence: dedupe and all that it can be installed with.
sbom: $(RELEASE)/.installed
	@mkdir -p dist
	@test -x $(RELEASE)/bare/bin/python || $(PYTHON) -m venv --without-pip $(RELEASE)/bare
	@$(BIN)/python -m pip -qq --python $(RELEASE)/bare/bin/python install '.[parquet,spark,zst]'
	@$(RELEASE)/bin/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible \
	  --of JSON -o dist/headline-dedupe.cdx.json $(RELEASE)/bare/bin/python
# Guided by coverage where there is a wheel of atheris for this Python, else by chance.
fuzz: $(TOOLS)
	@$(PIP) install --upgrade 'pip>=25.1'
	@$(PIP) install --only-binary :all: --group fuzz || echo 'make fuzz: no atheris for this Python'
	@PYTHONPATH=.:tests $(BIN)/python -m fuzz $(SECONDS)

# The sanitized kernel lies in a folder of its own, beside a copy of the package. Python leaks on
# purpose. The C++ library is loaded first too, for the sanitizer to find what others throw.
sanitize: $(TOOLS)
	@$(PIP) install --upgrade 'setuptools>=77'
	@DEDUPE_SANITIZE=1 $(BIN)/python setup.py -q build --build-base build/sanitize \
	  --build-lib $(SANITIZED)
	@LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libstdc++.so)" \
	  ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 PYTHONPATH=$(SANITIZED) \
	  $(BIN)/python -P -m pytest tests/test_twins.py tests/test_fuzz.py -k 'not fuzz or kernel or cluster'

readme: $(TOOLS)
	@$(BIN)/python -m pytest tests/test_readme.py --golden

# Quality; then whole runs against the floor and the peers. Peers that are not installed are left out.
bench: $(TOOLS) $(ASKED)
	@$(BIN)/python tests/bench/quality.py $(DATA)
	@gzip -dc $(DATA)/reuters_2007_news.jsonl.gz > $(VENV)/bench.jsonl
	@$(BIN)/python tests/bench/speed.py $(VENV)/bench.jsonl --runs 1 --peers $(PEERS)

peers: $(PEERS)/.installed
	@$(PEERS)/bin/python tests/bench/peers.py $(DATA)

# Two corpora from the UCI archive, with labels of ours: a third party can check the figures.
benchmark: $(TOOLS) $(PEERS)/.installed
	@$(BIN)/python tests/bench/public_sets.py $(PUBLIC) $(FILES:%=--from %)
	@$(BIN)/python tests/bench/quality.py $(PUBLIC) --titles
	@$(PEERS)/bin/python tests/bench/peers.py $(PUBLIC)

fit: $(TRAINING)
	@test -d $(DATA) || { echo 'make fit: $(DATA) is not there; give the folder of the corpora by DATA='; exit 1; }
	$(BIN)/python tests/training/fit.py $(DATA) -o dedupe/data/model.json

# The tables of characters and words, from dedupe/data/languages, wordfreq and OpenCC.
tables: $(TRAINING)
	$(BIN)/python tests/training/char_table_recipe.py
	$(BIN)/python tests/training/lexicon_recipe.py

# From the help of every command; a build writes them too.
man: $(PACKAGE)
	@$(BIN)/python -m dedupe.cli.manual build/man

# A link that leads nowhere, or a page that the navigation lacks, is an error.
docs: $(DOCS)/.installed
	@NO_MKDOCS_2_WARNING=1 PYTHONPATH=. $(DOCS)/bin/mkdocs build --strict

gallery: $(TOOLS)
	@$(BIN)/python tests/gallery.py

names:
	@$(PYTHON) packaging/names.py $(REPOSITORY:%=--repository %) $(VERSION:%=--version %)

clean:
	rm -rf $(VENV) build dist *.egg-info dedupe/_native*.so dedupe/_native*.pyd
	rm -rf fuzz-findings .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Set-up runs once, and again when what it depends on changes. The package is installed in place:
# the Python sources are the ones here, the C kernel is compiled if there is a compiler.
# LOCKED=1 (as in CI) takes every package at the version and hash in .ci/requirements.txt.
$(PACKAGE): $(SOURCES)
	@echo 'Setting up $(VENV)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
ifdef LOCKED
	@$(PIP) install --require-hashes -r .ci/requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
else
	@$(PIP) install --upgrade 'pip>=25.1'
	@$(PIP) install --editable .
endif
	@touch $@

$(TOOLS): $(PACKAGE)
ifndef LOCKED
	@$(PIP) install --group dev
endif
	@touch $@

$(TRAINING): $(TOOLS)
	@$(PIP) install --upgrade 'pip>=25.1'
	@$(PIP) install --group training
	@touch $@

# What runs the tests is the same, what dedupe runs on is as old as pyproject.toml allows.
$(LOWEST)/.installed: $(SOURCES) .ci/lowest.py
	@echo 'Setting up $(LOWEST)'
	@test -x $(LOWEST)/bin/python || $(PYTHON) -m venv $(LOWEST)
	@$(LOWEST)/bin/python .ci/lowest.py > $(LOWEST)/requirements.txt
	@$(LOWEST)/bin/python -m pip -qq --disable-pip-version-check install \
	  -r $(LOWEST)/requirements.txt --editable .
	@touch $@

# What makes a release has an environment of its own.
$(RELEASE)/.installed: .ci/release.txt $(PACKAGE)
	@echo 'Setting up $(RELEASE)'
	@test -x $(RELEASE)/bin/python || $(PYTHON) -m venv $(RELEASE)
	@$(RELEASE)/bin/python -m pip -qq --disable-pip-version-check install \
	  --require-hashes -r .ci/release.txt
	@touch $@

# What builds the site, and what dedupe runs on: the build imports it, and makes a report.
$(DOCS)/.installed: .ci/docs.txt
	@echo 'Setting up $(DOCS)'
	@test -x $(DOCS)/bin/python || $(PYTHON) -m venv $(DOCS)
	@$(DOCS)/bin/python -m pip -qq --disable-pip-version-check install \
	  --require-hashes -r .ci/docs.txt
	@touch $@

# The peers have an environment of their own: what they need would get in our way.
$(PEERS)/.installed:
	@echo 'Setting up $(PEERS)'
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip -qq --disable-pip-version-check install \
	  near-dupes text-dedup datasketch rapidfuzz rensa semhash wordllama orjson
	@touch $@
