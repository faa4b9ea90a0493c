# Needs Python 3.11 or later, and make. Everything else is installed into .venv.

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed

# How long `make fuzz` runs.
FUZZ_EVENTS ?= 100000
FUZZ_EXAMPLES ?= 200

.PHONY: help demo demo-reset run test fuzz check format lock

help:
	@echo "make demo        run all of Recourse with example data, on this machine"
	@echo "make demo-reset  wipe the example data"
	@echo "make test        run the tests (ARGS='tests/reviews -k verdict' for some of them)"
	@echo "make fuzz        100,000 mutated events, and long runs over the OpenAPI document"
	@echo "make check       linters, types, import rules, migrations, deployment settings"
	@echo "make bench-NAME  measure: intake, enrichment, asking, single, memory, growth, policies, workspace, ledger (BENCH_SCALE=0.1: short)"
	@echo "make format      format Python and templates"
	@echo "make run         serve with the settings of your environment (docs/reference/settings.md)"
	@echo "make lock        renew requirements.lock (UPGRADE=1 for the newest versions)"

# Made anew only when the lock changes.
$(INSTALLED): requirements.lock
	@command -v $(PYTHON) >/dev/null && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Recourse needs Python 3.11 or later: install it, or name it with make PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
		|| { echo "Python's venv module is missing: install it (Debian: apt-get install python3-venv)."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo "Installing what requirements.lock names ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

demo: $(INSTALLED)
	@$(BIN)/python -m config.demo

demo-reset: $(INSTALLED)
	@$(BIN)/python -m config.demo --reset

run: $(INSTALLED)
	$(BIN)/python manage.py collectstatic --no-input --verbosity 0
	MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=131072 MALLOC_TRIM_THRESHOLD_=131072 \
	$(BIN)/python -m granian config.wsgi:application --interface wsgi --workers 2 \
		--blocking-threads 6 --respawn-failed-workers --workers-kill-timeout 8 \
		--no-access-log $(ARGS)

test: $(INSTALLED)
	$(BIN)/python -m pytest -n 2 $(ARGS)

fuzz: $(INSTALLED)
	FUZZ_EVENTS=$(FUZZ_EVENTS) $(BIN)/python -m pytest tests/fuzz_events.py
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/python -m pytest tests/test_schemathesis.py

# Settings as in production, with values that open nothing.
PRODUCTION := \
	DATABASE_URL=postgresql://recourse@db.example/recourse \
	CELERY_BROKER_URL=amqp://broker.example CACHE_URL=redis://cache.example \
	RECOURSE_PUBLIC_URL=https://recourse.example \
	RECOURSE_SECRET_KEY=an-example-of-a-secret-key-that-opens-nothing-0123456789 \
	RECOURSE_SUBJECT_KEY=an-example-of-a-key-that-opens-nothing \
	RECOURSE_AUDIT_SALT=an-example-of-a-salt

check: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy .
	$(BIN)/lint-imports
	$(BIN)/djlint templates --check --quiet
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/python -W ignore manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(BIN)/python manage.py check --deploy --fail-level WARNING

# bench-intake and so on: the modules in bench/ that have a main. BENCH_SCALE=0.1 for a short run.
bench-%: $(INSTALLED)
	$(BIN)/python -m bench.$*

format: $(INSTALLED)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djlint templates --reformat --quiet

# Writes versions and hashes for all platforms, and no addresses.
lock: $(INSTALLED)
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --generate-hashes \
		-o requirements.lock $(if $(UPGRADE),--upgrade)
