# The one front for people and CI. `make ask` and `make test` do all the set-up they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PASSES ?= 2
Q ?= which bank built 30 internal tools?
export Q

PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet --quiet
LINKS := build/check/pincite
CORPUS := .pincite/corpus.sqlite3
# The oldest LlamaIndex that pyproject.toml allows, with the oldest companions that go with it.
OLDEST := llama-index-core==0.14.6 llama-index-llms-openai-like==0.8.0 llama-index-llms-openai==0.7.0 \
	llama-index-workflows==2.0.0 llama-index-instrumentation==0.1.0
# The tests of a corpus on a server that ask for nothing that this server has not.
OF_A_SERVER := store_contract filters copying indexed_elsewhere
ON_A_SERVER := milvus or server or elsewhere

.DEFAULT_GOAL := help
.PHONY: help ask ui test coverage test-oldest test-full-milvus check format screenshots fuzz crash bench-corpus bench-answers bench-page bench-pdf bench-retrieval bench-peers bench-scale bench-speed bench-verification train clean

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | expand -t 14

ask: $(CORPUS) ## answer a question from seeds/: make ask Q="…"
	@$(BIN)/pincite ask --corpus .pincite "$$Q"

ui: $(CORPUS) ## open the chat page on seeds/
	@$(BIN)/pincite ui --corpus .pincite --open

test: $(VENV)/.dev ## run the whole test suite, browser tests included
	@tests/install-chromium
	@$(BIN)/python -m pytest

coverage: $(VENV)/.dev ## run the whole test suite, half as long again, and tell what it does not reach
	@tests/install-chromium
	@$(BIN)/python -m pytest --cov --cov-report=term-missing:skip-covered

test-oldest: $(VENV)/.dev ## run the tests of what uses LlamaIndex with the oldest one that is allowed
	@rm -rf build/oldest
	@$(PIP) install --no-deps --target build/oldest $(OLDEST)
	@PYTHONPATH=$(CURDIR)/build/oldest $(BIN)/python -m pytest tests/rag/test_llama_index.py tests/rag/test_llama_index_nodes.py tests/rag/test_generating.py

check: $(VENV)/.dev ## lint, format, types, import directions
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@# mypy and import-linter follow no mapping of packages, but they follow links
	@rm -rf $(LINKS) && mkdir -p $(LINKS)
	@ln -s $(CURDIR)/rag/* $(CURDIR)/index $(CURDIR)/ui $(LINKS)
	@$(BIN)/mypy
	@PYTHONPATH=$(dir $(LINKS)) $(BIN)/lint-imports

format: $(VENV)/.dev ## put the code in form
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

screenshots: $(CORPUS) $(VENV)/.dev ## take the README's pictures of the page again
	@tests/install-chromium
	@$(BIN)/python -m tests.ui.screenshots .pincite docs/images

fuzz: $(VENV)/.dev ## run the property tests on many more, random inputs, and read thousands of damaged files
	@$(BIN)/python -m pytest -m hypothesis --hypothesis-profile=fuzz
	@$(BIN)/python -m pytest -m fuzz

test-full-milvus: $(VENV)/.dev ## run the tests of a corpus on a server against a whole Milvus, 2.3: a quarter of an hour
	@rm -rf build/full-milvus
	@$(PIP) install --no-deps --target build/full-milvus milvus==2.3.5
	@$(BIN)/python -m pytest -p tests.full_milvus -k "$(ON_A_SERVER)" $(addprefix tests/index/test_,$(addsuffix .py,$(OF_A_SERVER)))

crash: $(VENV)/.dev ## kill writers thousands of times, at every step and at random
	@$(BIN)/python -m pytest -m crash

bench-answers: $(VENV)/.dev ## measure the reader and its answers on SQuAD and CMRC: make bench-answers DATA=…/data
	@$(BIN)/python training/evaluate_reader.py $(DATA) rag/reader.onnx
	@$(BIN)/python training/evaluate_reader.py $(DATA) rag/reader.onnx --adversarial
	@$(BIN)/python training/evaluate_reader.py $(DATA) rag/reader.onnx --speed
	@$(BIN)/python benchmarks/answers.py $(DATA) --plot docs/images/answers.png

bench-corpus: $(VENV)/.dev ## measure a corpus of up to a million passages: make bench-corpus SIZES="10000 100000"
	@$(BIN)/python benchmarks/corpus.py $(SIZES)

bench-page: $(VENV)/.dev ## measure the chat page of 10,000 passages in a browser, and 20 users at once: make bench-page FOLDER=…
	@tests/install-chromium
	@$(BIN)/python benchmarks/page.py $(if $(FOLDER),--folder $(FOLDER))

bench-pdf: $(VENV)/.dev ## measure pages a second on a folder of PDFs: make bench-pdf DATA=…/documents
	@$(BIN)/python benchmarks/pdf.py $(DATA)

bench-retrieval: $(VENV)/.dev ## measure retrieval on test collections: make bench-retrieval DATA=…/data
	@$(BIN)/python benchmarks/retrieval.py $(DATA)

bench-peers: bench-retrieval ## compare retrieval with other libraries': make bench-peers DATA=…/data
	@$(BIN)/python benchmarks/peers/environments.py
	@$(BIN)/python benchmarks/peers.py $(DATA)

bench-scale: $(VENV)/.dev ## measure a corpus on a Milvus server beside one in a folder: make bench-scale DATA=…/data
	@$(BIN)/python benchmarks/scale.py $(DATA)

bench-speed: $(VENV)/.dev ## measure how soon pincite starts, answers and indexes, beside other libraries: make bench-speed DATA=…/data FOLDER=…
	@$(BIN)/python benchmarks/peers/environments.py minilm_alone llama_index_fusion txtai_hybrid haystack
	@$(BIN)/python benchmarks/speed.py $(DATA) $(if $(FOLDER),--folder $(FOLDER))

bench-verification: $(VENV)/.dev ## measure what becomes of quotes that an LLM makes up, and of claims that say more than their quote
	@$(BIN)/python benchmarks/verification.py

train: $(VENV)/.dev ## train a reader, which takes hours without a GPU: make train DATA=…/data PASSES=2
	@mkdir -p build/reader
	@$(BIN)/python training/retrieved.py $(DATA) build/reader/retrieved.jsonl
	@$(BIN)/python training/train_reader.py $(DATA) build/reader --passes $(PASSES)
	@$(BIN)/python training/export_reader.py build/reader/final.pt rag/reader.onnx
	@$(BIN)/python training/fit_answers.py $(DATA)

clean: ## remove what was made, the virtual environment and the sample corpus included
	rm -rf $(VENV) .pincite build dist *.egg-info

$(CORPUS): $(wildcard seeds/*) | $(VENV)/.installed
	@$(BIN)/pincite index seeds --corpus .pincite --prune
	@touch $@
	@echo

$(VENV)/.installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("pincite needs Python 3.11 or later; name one: make PYTHON=python3.12")'
	@echo "Installing pincite into $(VENV), once; this takes a few minutes." >&2
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.installed
	@echo "Installing the development tools, once." >&2
	@$(PIP) install --constraint constraints.txt --editable '.[dev]'
	@touch $@
