# make app     sets up what is missing, indexes seeds/ on the first run and serves the chat on 127.0.0.1
# make test    sets up what is missing, then lint, types and tests; also: make lint, make fix
# make bench   sets up what is missing, and measures retrieval and answers on the questions about the seeds
# make peers   measures Footnote beside LangChain, LlamaIndex, Haystack and txtai, each in an environment of its own
# make prove   sets up what is missing, and proves what is promised at full size, which takes hours; prove-smoke: minutes
# make pictures  takes the pictures and the recording of the README anew, with Chromium
# make clean   takes away what make made; the index stays
# Each target may be called first, and again. A library is installed only when the requirements changed.
#
# PYTHON          the Python that makes .venv, 3.11 or newer      make setup PYTHON=python3.12
# PORT            the port of the page                            make app PORT=8000
# FOOTNOTE_STORE  the folder that holds the index                 make app FOOTNOTE_STORE=~/articles.index

PYTHON ?= python3
PORT ?= 7860
CHROMIUM ?= /usr/bin/chromium
export CHROMIUM
ifneq ($(FOOTNOTE_STORE),)
export FOOTNOTE_STORE
endif

# Nothing is fetched from a model hub, and nothing is reported to anyone.
export HF_HUB_OFFLINE = 1
export GRADIO_ANALYTICS_ENABLED = False
export TOKENIZERS_PARALLELISM = false

RUN = .venv/bin/python
CODE = $(wildcard app.py page index rag training tests benchmarks proofs deploy)
# What was installed is remembered inside .venv, so that it is forgotten with it.
RUNTIME = .venv/.runtime
DEV = .venv/.dev
RAY = .venv/.ray
# A .venv whose Python was removed from the machine is made anew.
$(shell test -x .venv/bin/python || rm -f .venv/bin/pip $(RUNTIME) $(DEV) $(RAY))

.PHONY: setup app test lint fix bench peers prove prove-smoke pictures browser postgres clean
.DELETE_ON_ERROR:

setup: $(RUNTIME)
	@echo "Footnote is set up. Next: make app"

app: $(RUNTIME)
	@$(RUN) app.py --port "$(PORT)"

# By two processes: half the time, and each file of tests stays with one.
test: $(DEV) $(RAY) browser postgres lint
	@$(RUN) -m pytest -n 2 --dist loadfile

lint: $(DEV)
	@$(RUN) -m ruff check $(CODE)
	@$(RUN) -m ruff format --check $(CODE)
	@$(RUN) -m mypy

fix: $(DEV)
	@$(RUN) -m ruff check --fix $(CODE)
	@$(RUN) -m ruff format $(CODE)

# Measured on an index of the seeds alone, whatever else is indexed.
bench: $(RUNTIME)
	@$(RUN) -m index sync seeds --store .venv/.seeds
	@$(RUN) -m rag eval run --answers --store .venv/.seeds

# Some 6 GB of disk for the environments. Results are kept in .venv/.peers, and a system is not measured twice.
peers: $(RUNTIME)
	@$(RUN) -m benchmarks.peers

# The lines go to docs/proofs.md with the date and the commit; the raw log stays here.
prove: $(DEV)
	@{ $(RUN) -m proofs 2>&1; echo $$? > .venv/.proved; } | tee .venv/proofs.log; exit "$$(cat .venv/.proved)"

prove-smoke: $(DEV)
	@$(RUN) -m proofs --smoke

pictures: $(DEV) browser
	@$(RUN) -m benchmarks.pictures docs

# Back to what was checked out. The index is kept: it is the reader's.
clean:
	@rm -rf .venv .mypy_cache .pytest_cache .ruff_cache __pycache__
	@find $(CODE) -name __pycache__ -prune -exec rm -rf {} +

.venv/bin/pip:
	@command -v "$(PYTHON)" >/dev/null || { \
	  echo "Footnote needs Python 3.11 or newer, and there is no $(PYTHON) here. Install it, or name one: make PYTHON=/path/to/python" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Footnote needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" -V 2>&1). Name another: make PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "$(PYTHON) cannot make a virtual environment, because it lacks venv or ensurepip. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@"$(PYTHON)" -m venv --clear .venv

$(RUNTIME): requirements.txt | .venv/bin/pip
	@echo "Installing the libraries. The first time this takes some minutes and about 2.5 GB of disk."
	@$(RUN) -m pip install -qq --disable-pip-version-check -r requirements.txt
	@touch $@

$(DEV): $(wildcard requirements-*.txt) $(RUNTIME)
	@echo "Installing what the tests need."
	@$(RUN) -m pip install -qq --disable-pip-version-check -r requirements-dev.txt
	@touch $@

# 200 MB, which only the tests of a cluster need.
$(RAY): requirements-ray.txt $(DEV)
	@echo "Installing Ray for the tests of a cluster."
	@$(RUN) -m pip install -qq --disable-pip-version-check -r requirements-ray.txt
	@touch $@

# The tests of the page drive a real browser. Without one they are skipped, and say so.
browser:
	@if [ ! -x "$(CHROMIUM)" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing Chromium for the tests of the page."; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  { apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core; } >/dev/null 2>&1 \
	    || echo "Chromium could not be installed, so the tests of the page in the browser will be skipped." >&2; \
	fi

# The tests of a shared database start a PostgreSQL of their own. Without one they are skipped, and say so. Debian would
# begin another with the package; the file says not to, and goes again.
NO_CLUSTER = /etc/postgresql-common/createcluster.d/footnote.conf
postgres:
	@if ! { command -v initdb || ls /usr/lib/postgresql/*/bin/initdb; } >/dev/null 2>&1 \
	  && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "Installing PostgreSQL for the tests of a shared database."; \
	  export DEBIAN_FRONTEND=noninteractive; \
	  mkdir -p "$$(dirname $(NO_CLUSTER))" && echo "create_main_cluster = false" > $(NO_CLUSTER); \
	  { apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql; } >/dev/null 2>&1 \
	    || echo "PostgreSQL could not be installed, so the tests of a shared database will be skipped." >&2; \
	  rm -f $(NO_CLUSTER); \
	fi
