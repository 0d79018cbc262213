# make demo   what it does, on a dozen invented stories
# make test   all tests
# make help   the rest

PYTHON ?= python3
VENV   ?= .venv
DATA   ?= ../shared/data

BIN     := $(VENV)/bin
PACKAGE := $(VENV)/.package
TOOLS   := $(VENV)/.tools
PEERS   := $(VENV)/peers
SOURCES := pyproject.toml setup.py $(wildcard dedupe/_kernel/*.c dedupe/_kernel/*.h)
PIP     := $(BIN)/python -m pip -qq --disable-pip-version-check
LABELS  := tests/bench/labels
given    = $(DATA)/$(1).jsonl.gz $(DATA)/$(2)_pairs.csv
own      = $(DATA)/$(1).jsonl.gz $(LABELS)/$(2).csv
LESSONS := $(call given,reuters_weeks,reuters) $(call own,reuters_weeks,reuters) \
  $(call given,newstoday,newstoday) $(call own,newstoday,newstoday) \
  $(call given,uci,uci) $(call own,uci,uci) \
  $(call own,reuters_2007_news,reuters_2007) \
  $(call own,reuters21578,reuters21578) $(call own,zhihu,zhihu)

SECONDS := 1800
SANITIZED := build/sanitize/lib

.PHONY: help demo test check fuzz sanitize readme bench peers fit clean
.DELETE_ON_ERROR:

help:
	@echo 'make demo    what it does, on a dozen invented stories'
	@echo 'make test    all tests'
	@echo 'make check   lint, format, strict types, import rules'
	@echo 'make fuzz    any bytes into every way in, for SECONDS=$(SECONDS)'
	@echo 'make sanitize  the tests of the C kernel, built with AddressSanitizer and UBSan'
	@echo 'make readme  run the commands in README.md and write their output into it'
	@echo 'make bench   figures of quality and speed (needs the labelled corpora in DATA=$(DATA))'
	@echo 'make peers   the same figures of quality for other tools, installed under $(PEERS) (hours)'
	@echo 'make fit     fit the decision again (needs the labelled corpora in DATA=$(DATA))'
	@echo 'make clean   remove what was built'

demo: $(PACKAGE)
	@echo 'Twelve stories. dedupe cluster: what tells the same story, which version is kept (=), and why'
	@$(BIN)/dedupe cluster --quiet fixtures/demo.jsonl | $(BIN)/python fixtures/show.py
	@echo 'dedupe pairs: the evidence, here its first line'
	@$(BIN)/dedupe pairs --quiet fixtures/demo.jsonl | sed -n 1p
	@echo 'dedupe unique: the kept versions, byte for byte'
	@$(BIN)/dedupe unique --quiet fixtures/demo.jsonl | cut -c 1-88

test: $(TOOLS)
	@$(BIN)/python -m pytest

check: $(TOOLS)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_imports.py

# Guided by coverage where there is a wheel of atheris for this Python, else by chance.
fuzz: $(TOOLS)
	@$(PIP) install --only-binary :all: --group fuzz || echo 'make fuzz: no atheris for this Python'
	@PYTHONPATH=.:tests $(BIN)/python -m fuzz $(SECONDS)

# The sanitized kernel lies in a folder of its own, beside a copy of the package. Python leaks on
# purpose. The C++ library is loaded first too, for the sanitizer to find what others throw.
sanitize: $(TOOLS)
	@DEDUPE_SANITIZE=1 $(BIN)/python setup.py -q build --build-base build/sanitize \
	  --build-lib $(SANITIZED)
	@LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libstdc++.so)" \
	  ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 PYTHONPATH=$(SANITIZED) \
	  $(BIN)/python -P -m pytest tests/test_kernel.py tests/test_kernel_texts.py \
	  tests/test_fuzz.py -k 'not fuzz or kernel or cluster'

readme: $(TOOLS)
	@$(BIN)/python -m pytest tests/test_readme.py --golden

bench: $(TOOLS)
	@$(BIN)/python tests/bench/quality.py $(DATA)
	@gzip -dc $(DATA)/reuters_2007_news.jsonl.gz > $(VENV)/bench.jsonl
	@$(BIN)/python tests/bench/speed.py $(VENV)/bench.jsonl 1

peers: $(PEERS)/.installed
	@$(PEERS)/bin/python tests/bench/peers.py $(DATA)

fit: $(TOOLS)
	@for file in $(sort $(LESSONS)); do \
	  test -e $$file || { echo "make fit: $$file is not there; give the folder of the corpora by DATA="; exit 1; }; \
	done
	$(BIN)/python -m dedupe.judge.fit -o dedupe/data/model.json $(LESSONS)

clean:
	rm -rf $(VENV) build dist *.egg-info dedupe/_native*.so dedupe/_native*.pyd
	rm -rf fuzz-findings .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Set-up runs once, and again when what it depends on changes. The package is installed in place:
# the Python sources are the ones here, the C kernel is compiled if there is a compiler.
$(PACKAGE): $(SOURCES)
	@echo 'Setting up $(VENV)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade 'pip>=25.1'
	@$(PIP) install --editable .
	@touch $@

$(TOOLS): $(PACKAGE)
	@$(PIP) install --group dev
	@touch $@

# The peers have an environment of their own: what they need would get in our way.
$(PEERS)/.installed:
	@echo 'Setting up $(PEERS)'
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip -qq --disable-pip-version-check install \
	  near-dupes text-dedup datasketch rapidfuzz rensa semhash wordllama orjson
	@touch $@
