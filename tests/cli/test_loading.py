"""A command loads what it needs. What takes long to load is seen in the modules of its process, whatever the machine's speed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest

from wesend import cli
from wesend.cli.contents import COMMANDS

from ..support import postgresql
from .test_contract import PROJECT

TELL = """
import json, sys
from wesend.cli import main
try:
    main(sys.argv[1:])
finally:
    print("loaded", json.dumps(sorted(sys.modules)))
"""
FLASK = {"flask", "werkzeug", "phonenumbers", "wesend.database"}
MIGRATIONS = {"sqlalchemy", "flask_sqlalchemy", "flask_migrate", "alembic", "wesend.models", "wesend.database.schema"}
PAGES = {"babel", "flask_babel", "wtforms", "flask_wtf", "flask_login", "segno", "webauthn", "xlsxwriter", "wesend.dashboard"}
SERVER = {"gunicorn", "aiosmtpd", "prometheus_client", "apispec", "wesend.server", "wesend.web", "wesend.docs", "wesend.callbacks"}
APIS = {"marshmallow", "wesend.dialects.listed"}
CARRIERS = {"requests", "wesend.adapters.sms.types", "wesend.adapters.money.types"}


def loaded_by(instance: Path, *arguments: str) -> set[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WESEND_")}
    done = subprocess.run(
        [sys.executable, "-c", TELL, *arguments],
        cwd=PROJECT,
        env={**clean, **postgresql.environment_of(instance), "WESEND_INSTANCE": str(instance), "WESEND_SANDBOX": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return set(json.loads(done.stdout.rpartition("loaded ")[2]))


@pytest.fixture(scope="module")
def instance(tmp_path_factory, copy_instance) -> Path:
    return copy_instance(tmp_path_factory.mktemp("loading") / "instance")


@pytest.mark.parametrize("arguments", ["--help", "--version"])
def test_what_tells_of_wesend_loads_nothing_of_it(instance, arguments):
    loaded = loaded_by(instance, arguments)
    assert loaded & (FLASK | MIGRATIONS | PAGES | SERVER | APIS | CARRIERS) == set()
    assert {name for name in loaded if name.startswith("wesend.") and not name.startswith("wesend.cli")} == set()


@pytest.mark.parametrize(
    "arguments",
    [
        "wallet --help",
        "key create --help",
        "webhook add --help",
        "two-way --help",
        "wallet list --account 1",
        "wallet show wal_sandbox_esms",
        "key list --account 1",
        "key create --account 1 --wallet wal_sandbox_esms --api smpp --help",
        "account list",
        "account show 1",
        "send 0712345678 Hello",
        "sandbox rule add 0712345678 failed",
        "sandbox rule list",
        "wait --to 0712345678 --timeout 5",
        "opt-out add --account 1 0712345671",
        "route list",
        "rate list",
        "networks UG",
        "price-list list",
        "group list --account 1",
        "sender list --account 1",
        "webhook list --account 1",
        "user list",
        "two-way list",
        "blocklist list",
        "report margin",
        "audit",
        "host list",
        "pause",
        "resume",
    ],
)
def test_what_is_done_every_day_loads_no_tables_pages_apis_or_carriers(instance, arguments):
    """`send` pays, and goes as far as the sandbox; the message that `wait` finds is that one."""
    assert loaded_by(instance, *arguments.split()) & (MIGRATIONS | PAGES | SERVER | APIS | CARRIERS) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        "sandbox --json",
        "sandbox reset",
        "key create --account 1 --wallet wal_sandbox_esms --api esms",
        "webhook add --account 1 --format esms --url https://example.com/hook",
        "gateway list",
        "gateway types",
        "doctor",
    ],
)
def test_what_is_about_apis_or_carriers_loads_these_and_no_tables_or_pages(instance, arguments):
    loaded = loaded_by(instance, *arguments.split())
    assert loaded & (MIGRATIONS | PAGES | SERVER) == set()
    assert loaded & (APIS | CARRIERS)


def test_a_server_has_loaded_all_before_it_forks():
    told = subprocess.run(
        [sys.executable, "-c", "import json, sys, wesend; wesend.create_app(); print(json.dumps(sorted(sys.modules)))"],
        cwd=PROJECT,
        env={**os.environ, "WESEND_INSTANCE": "/nonexistent", "WESEND_SECRET_KEY": "k" * 40},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert APIS | CARRIERS | {"wesend.models", "wesend.dashboard", "wesend.docs"} <= set(json.loads(told.stdout)), told.stderr


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_tells_what_each_tells_of_itself(name):
    command = cli.group.get_command(click.Context(cli.group), name)
    assert command is not None and command.help is not None
    assert " ".join(command.help.partition("\b")[0].partition("\n\n")[0].split()) == COMMANDS[name].summary


def test_each_command_stands_in_the_list():
    modules = [
        import_module(f"wesend.cli.{path.stem}") for path in Path(cli.__file__).parent.glob("[a-z]*.py") if path.stem != "contents"
    ]
    found = [command.name for module in modules for command in getattr(module, "COMMANDS", ())]
    assert sorted(found) == sorted(COMMANDS)
