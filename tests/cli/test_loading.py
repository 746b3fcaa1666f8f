"""A command loads what it needs. What takes long to load is seen in the modules of its process, whatever the machine's speed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import click
import pytest

from wesend import cli
from wesend.adapters.money import types as money
from wesend.adapters.sms import types as sms
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
FORK = """
import os, sys
import wesend.cli.application
for line in sys.stdin:
    instance, output, *arguments = line.split()
    child = os.fork()
    if not child:
        os.environ["WESEND_INSTANCE"] = instance
        for descriptor, name in ((1, output), (2, output + ".err")):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
        sys.argv[1:] = arguments
        exec(TELL, {"__name__": "__main__"})
        sys.exit()
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
"""Runs the commands that come as lines, each in a fork of one that has loaded what all that need an application begin with."""
FLASK = {"flask", "werkzeug", "phonenumbers", "wesend.database"}
MIGRATIONS = {"sqlalchemy", "flask_sqlalchemy", "flask_migrate", "alembic", "wesend.models", "wesend.database.schema"}
PAGES = {"babel", "flask_babel", "wtforms", "flask_wtf", "flask_login", "segno", "webauthn", "xlsxwriter", "wesend.dashboard"}
SERVER = {"gunicorn", "aiosmtpd", "prometheus_client", "apispec", "wesend.server", "wesend.web", "wesend.docs", "wesend.callbacks"}
APIS = {"marshmallow", "wesend.dialects.listed"}
OF_FILES = {"wesend.adapters.sms.engine.gateway", "wesend.adapters.sms.engine.loader"}
"""With which a vendor's file becomes a type of gateway."""
IN_USE = OF_FILES | {"wesend.adapters.sms.africastalking", "wesend.adapters.sms.smpp.adapter", "wesend.adapters.money.mpesa"}
"""Of the carriers, what the gateways of `instance_with_gateways` are made of."""
CARRIERS = OF_FILES | {cast(Any, kind).__module__ for types in (sms.CODED, money.TYPES) for kind in types.values()}
RECEIPTS = {"wesend.messages.receipts.inbox"}
CONNECTIONS = {"requests", "urllib3", "wesend.adapters.sockets", "wesend.adapters.guarded_http"}
SENDS = {"wesend.messages.sending.send", "wesend.messages.sending.accept", "wesend.messages.dispatch.submit", "wesend.people"}
SENDING = SENDS | {"wesend.messages.state.transitions"}
FILES = {"wesend.contacts.csv_import", "wesend.contacts.workbook", "wesend.people.zips"}


Loader = Callable[..., set[str]]


def environment(instance: Path) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WESEND_")}
    return {**clean, **postgresql.environment_of(instance), "WESEND_INSTANCE": str(instance), "WESEND_SANDBOX": "1"}


def loaded_alone(instance: Path, *arguments: str) -> set[str]:
    """What a command loads in a fresh interpreter."""
    done = subprocess.run(
        [sys.executable, "-c", TELL, *arguments],
        cwd=PROJECT,
        env=environment(instance),
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return set(json.loads(done.stdout.rpartition("loaded ")[2]))


class Loading:
    """What commands load that need an application: each in a fork, for a fresh interpreter loads half a second of the same."""

    def __init__(self, instance: Path):
        self.instance, self.output = instance, instance.with_name("loading.out")
        self.process = subprocess.Popen(
            [sys.executable, "-c", f"TELL = {TELL!r}\n{FORK}"],
            cwd=PROJECT,
            env=environment(instance),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def loaded_by(self, *arguments: str) -> set[str]:
        assert self.process.stdin is not None and self.process.stdout is not None
        print(self.instance, self.output, *arguments, file=self.process.stdin, flush=True)
        code = self.process.stdout.readline().strip()
        told = Path(f"{self.output}.err").read_text()
        assert (code, told) == ("0", ""), told
        return set(json.loads(self.output.read_text().rpartition("loaded ")[2]))

    def end(self) -> None:
        self.process.communicate(timeout=30)


@pytest.fixture(scope="module")
def instance(tmp_path_factory, copy_instance) -> Path:
    return copy_instance(tmp_path_factory.mktemp("loading") / "instance")


@pytest.fixture(scope="module")
def loaded_by(instance) -> Iterator[Loader]:
    loading = Loading(instance)
    yield loading.loaded_by
    loading.end()


@pytest.fixture(scope="module")
def loaded_with_gateways_by(tmp_path_factory, copy_instance) -> Iterator[Loader]:
    """One that talks HTTP, one that a file describes, one with a line of its own, and one that takes money."""
    loading = Loading(copy_instance(tmp_path_factory.mktemp("loading") / "gateways"))
    for arguments in (
        "gateway set at --type africastalking --option username=shop --secret api_key=k",
        "gateway set beem --type beem --secret api_key=k --secret secret_key=s",
        "gateway set line --type smpp --option host=127.0.0.1 --option system_id=shop --secret password=secret",
        "gateway set pesa --type mpesa --option shortcode=12345"
        " --secret passkey=p --secret consumer_key=k --secret consumer_secret=s",
    ):
        loading.loaded_by(*arguments.split())
    yield loading.loaded_by
    loading.end()


@pytest.mark.parametrize("arguments", ["account list", "doctor"])
def test_in_a_fork_a_command_has_loaded_what_it_loads_alone(instance, loaded_by, arguments):
    assert loaded_by(*arguments.split()) == loaded_alone(instance, *arguments.split())


@pytest.mark.parametrize("arguments", ["--help", "--version"])
def test_what_tells_of_wesend_loads_nothing_of_it(instance, arguments):
    loaded = loaded_alone(instance, arguments)
    assert loaded & (FLASK | MIGRATIONS | PAGES | SERVER | APIS | CARRIERS | CONNECTIONS) == set()
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
        "gateway list",
        "doctor",
    ],
)
def test_what_is_done_every_day_loads_no_tables_pages_apis_or_carriers(loaded_by, arguments):
    """`send` pays, and goes as far as the sandbox; the message that `wait` finds is that one."""
    assert loaded_by(*arguments.split()) & (MIGRATIONS | PAGES | SERVER | APIS | CARRIERS | CONNECTIONS) == set()


LISTS = """
    account list;account show 1;audit;blocklist list;deposit list;group list --account 1;host list;key list --account 1;
    networks UG;price-list list;rate list;report margin;route list;sandbox rule list;sender list --account 1;smpp list;
    statement --account 1 --month 2026-01;two-way inbox --account 1;two-way list;two-way numbers;user list;
    wallet list --account 1;wallet show wal_sandbox_esms;webhook list --account 1
"""


@pytest.mark.parametrize("arguments", [arguments.strip() for arguments in LISTS.split(";")])
def test_lists_load_nothing_that_sends_seals_connects_or_reads_files(loaded_by, arguments):
    heavy = MIGRATIONS | PAGES | SERVER | APIS | CARRIERS | CONNECTIONS | SENDING | FILES | {"cryptography"}
    assert loaded_by(*arguments.split()) & heavy == set()


@pytest.mark.parametrize("arguments", ["gateway list", "doctor"])
def test_what_tells_of_carriers_calls_none_and_sends_nothing(loaded_with_gateways_by, arguments):
    loaded = loaded_with_gateways_by(*arguments.split())
    assert loaded & (MIGRATIONS | PAGES | SERVER | APIS | CONNECTIONS | SENDING | RECEIPTS) == set()
    assert loaded & CARRIERS == IN_USE


def test_a_send_loads_the_carriers_in_use_alone(loaded_with_gateways_by):
    loaded = loaded_with_gateways_by("send", "0712345678", "Hello")
    assert loaded & (MIGRATIONS | PAGES | SERVER | APIS | CONNECTIONS) == set()
    assert loaded & CARRIERS == IN_USE


def test_what_there_is_to_set_up_is_told_of_every_carrier(loaded_with_gateways_by):
    loaded = loaded_with_gateways_by("gateway", "types")
    assert loaded & (MIGRATIONS | PAGES | SERVER | APIS | CONNECTIONS | SENDING | RECEIPTS) == set()
    assert loaded >= CARRIERS


@pytest.mark.parametrize(
    "arguments",
    [
        "sandbox --json",
        "sandbox reset",
        "key create --account 1 --wallet wal_sandbox_esms --api esms",
        "webhook add --account 1 --format esms --url https://example.com/hook",
        "gateway types",
    ],
)
def test_what_is_about_apis_or_carriers_loads_these_and_no_tables_or_pages(loaded_by, arguments):
    loaded = loaded_by(*arguments.split())
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
    assert APIS | CARRIERS | CONNECTIONS | SENDING | RECEIPTS | {"cryptography.fernet"} | {
        "wesend.models",
        "wesend.dashboard",
        "wesend.docs",
    } <= set(json.loads(told.stdout)), told.stderr


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
