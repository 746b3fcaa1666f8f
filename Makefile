# What CONTRIBUTING.md tells, as commands. `make` alone lists them.
PYTHON = .venv/bin/python
VERSION = $(shell sed -n 's/^__version__ = "\(.*\)"/\1/p' wesend/__init__.py)

help:
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*## /\t/'

init: ## makes the environment, with the tools and the commit hooks
	python3 -m venv .venv
	.venv/bin/pip install -q -e '.[test,dev]'
	.venv/bin/pre-commit install

dev: ## serves from this clone, anew whenever a file changes
	$(PYTHON) app.py --reload

test: ## the whole suite, shared out between two processes
	$(PYTHON) -m pytest

lint: ## the linter, the format and the types
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

bench: ## every bar of the design, each beside a yardstick of the same run (about ten minutes)
	$(PYTHON) -m tests.bench

migration: ## an empty migration after the last one: make migration NAME=what_it_does
	$(PYTHON) -m tests.new_migration $(NAME)

translations: ## new texts into every language's file, and what is left to translate
	$(PYTHON) -m tests.translations

release: ## the wheel and the source distribution in dist/, looked through, and the version's tag
	@git diff --quiet HEAD || { echo "Commit first: a release is a commit."; exit 1; }
	@grep -q '^## $(VERSION) ' CHANGELOG.md || { echo "CHANGELOG.md has no section '## $(VERSION) …'."; exit 1; }
	rm -rf dist
	$(PYTHON) -m build
	.venv/bin/twine check dist/*
	git tag -a v$(VERSION) -m "wesend $(VERSION)"

.PHONY: help init dev test lint bench migration translations release
