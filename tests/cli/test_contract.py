"""What holds for every command: --json and one object, 1 and a sentence for a refusal, 2 for wrong usage."""

from __future__ import annotations

import importlib.metadata
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from wesend import cli
from wesend.cli.examples import EXAMPLES

PROJECT = Path(cli.__file__).resolve().parent.parent.parent


def commands(group: click.Group = cli.group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with its words; groups themselves left out."""
    context = click.Context(group)
    for name in group.list_commands(context):
        found = group.get_command(context, name)
        if isinstance(found, click.Group):
            yield from commands(found, (*path, name))
        else:
            yield (*path, name), found


ALL = dict(commands())


def test_help_names_every_command(wesend):
    shown = wesend("--help")
    assert shown.code == 0
    listed = shown.out.split("Commands:")[1]
    assert [name for name in {words[0] for words in ALL} if f"\n  {name} " not in listed] == []


def test_help_shows_nothing_that_is_not_of_wesend(wesend):
    shown = wesend("--help").out
    listed = {line.split()[0] for line in shown.split("Commands:")[1].splitlines() if line.strip()}
    assert listed == {words[0] for words in ALL}
    assert set(re.findall(r"--[a-z-]+", shown.split("Options:")[1].split("Commands:")[0])) == {"--version", "--help"}


def test_help_needs_no_settings_and_touches_no_disk(tmp_path):
    done = run(tmp_path / "fresh", "--help", WESEND_PORT="http")
    assert (done.returncode, done.stderr, (tmp_path / "fresh").exists()) == (0, "", False)


def test_the_version_is_the_one_that_is_packaged(wesend):
    packaged = importlib.metadata.version("wesend")
    assert wesend("--version").out == f"wesend {packaged}\n"


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_every_command_takes_json_and_says_what_it_does(wesend, words):
    command = ALL[words]
    assert any("--json" in parameter.opts for parameter in command.params)
    assert command.help and command.help.partition("\b")[0].strip().endswith(".")
    shown = wesend(*words, "--help")
    assert shown.code == 0 and "--json" in shown.out and shown.out.startswith(f"Usage: wesend {' '.join(words)}")


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_an_unknown_option_is_a_usage_error(wesend, words):
    refused = wesend(*words, "--no-such-option")
    assert refused.code == 2 and refused.out == ""
    assert "Usage: wesend" in refused.err and "No such option" in refused.err


@pytest.mark.parametrize(
    "words", [words for words, command in ALL.items() if any(parameter.required for parameter in command.params)], ids=" ".join
)
def test_a_missing_argument_is_a_usage_error(wesend, words):
    refused = wesend(*words)
    assert refused.code == 2 and refused.out == "" and "Missing" in refused.err


def test_an_unknown_command_is_a_usage_error(wesend):
    assert wesend("no-such-command").code == 2
    assert wesend("account", "no-such-command").code == 2


REFUSED = [
    ("account", "create", "Shop", "--country", "XX"),
    ("account", "create", " "),
    ("account", "create", "Shop", "--time-zone", "Mars/Base"),
    ("account", "suspend", "999999"),
    ("account", "resume", "999999"),
    ("wallet", "create", "--account", "999999", "--currency", "UGX"),
    ("wallet", "show", "wal_nobody"),
    ("wallet", "credit", "wal_nobody", "5"),
    ("wallet", "debit", "wal_nobody", "5"),
    ("wallet", "debit", "wal_sandbox_esms", "999999999"),
    ("wallet", "credit", "wal_sandbox_esms", "0"),
    ("key", "list", "--account", "999999"),
    ("key", "revoke", "999999"),
    ("key", "create", "--account", "999999", "--wallet", "wal_sandbox_esms", "--api", "esms"),
    ("key", "create", "--account", "1", "--wallet", "wal_nobody", "--api", "esms"),
    ("key", "create", "--account", "1", "--wallet", "wal_sandbox_esms", "--api", "esms", "--scopes", "admin"),
    ("sender", "add", "--account", "1", "--name", "NOT-A-NAME", "--countries", "UG"),
    ("sender", "add", "--account", "1", "--name", "SHOP", "--countries", "XX"),
    ("sender", "approve", "999999"),
    ("sender", "reject", "999999", "--reason", "x"),
    ("group", "create", "--account", "999999", "Customers"),
    ("group", "create", "--account", "1", "Sandbox customers"),
    ("route", "set", "R", "--country", "UG", "--gateway", "nobody", "--price", "1", "--currency", "UGX"),
    ("route", "set", "R", "--country", "XX", "--gateway", "sandbox", "--price", "1", "--currency", "UGX"),
    ("rate", "set", "EURO", "1"),
    ("rate", "set", "UGX", "0"),
    ("send", "nobody", "Hello"),
    ("send", "0712345678", ""),
    ("send", "0712345678", "Hello", "--wallet", "wal_nobody"),
    ("send", "0712345678", "a" * 1531),
]


@pytest.mark.parametrize("arguments", REFUSED, ids=lambda arguments: " ".join(arguments)[:60])
def test_a_refusal_is_one_sentence_on_stderr_and_exit_code_1(wesend, arguments):
    refused = wesend(*arguments, "--json")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("Error: ") and refused.err.count("\n") == 1 and len(refused.err) < 200


NO_TEXT = b"a\xffb".decode(errors="surrogateescape")


@pytest.mark.parametrize(
    "arguments",
    [
        ("account", "create", NO_TEXT),
        ("send", "0712345678", NO_TEXT),
        ("wallet", "show", NO_TEXT),
        ("wallet", "credit", "wal_sandbox_esms", "5", "--note", NO_TEXT),
        ("group", "create", "--account", "1", NO_TEXT),
        ("webhook", "add", "--account", "1", "--format", "esms", "--url", f"https://example.com/{NO_TEXT}"),
        ("user", "create", f"{NO_TEXT}@example.com"),
        ("pause", "--reason", NO_TEXT),
    ],
    ids=lambda arguments: " ".join(arguments[:2]),
)
def test_bytes_that_are_no_text_are_refused_and_nothing_is_written(wesend, arguments):
    refused = wesend(*arguments, "--json")
    assert (refused.code, refused.out, refused.err) == (1, "", "Error: What was given is not all text in UTF-8.\n")
    assert wesend("audit").code == 0 and "messages leave" in wesend("doctor").out


OF_AN_ACCOUNT = [
    words
    for words, command in ALL.items()
    if any("--account" in parameter.opts for parameter in command.params)
    and all("--account" in parameter.opts for parameter in command.params if parameter.required)
]


@pytest.mark.parametrize("words", OF_AN_ACCOUNT, ids=" ".join)
def test_an_account_that_is_none_is_told_from_one_that_has_nothing(wesend, words):
    refused = wesend(*words, "--account", "999999", *(["0712345678"] if words == ("opt-out", "add") else []), "--json")
    assert (refused.code, refused.out, refused.err) == (1, "", "Error: There is no account 999999\n")


@pytest.mark.parametrize(
    "arguments",
    [
        ("wallet", "credit", "wal_sandbox_esms", "1e3"),
        ("wallet", "credit", "wal_sandbox_esms", "0.0000001"),
        ("wallet", "create", "--account", "one", "--currency", "UGX"),
        ("key", "create", "--account", "1", "--wallet", "wal_sandbox_esms", "--api", "twilio"),
        ("key", "list", "--account", "9" * 20),
        ("key", "set", "9" * 20, "--expires", "none"),
        ("webhook", "disable", "9" * 20),
        ("two-way", "show", "9" * 20),
        ("sandbox", "rule", "remove", "9" * 20),
        (
            "route",
            "set",
            "R",
            "--country",
            "UG",
            "--gateway",
            "sandbox",
            "--price",
            "1",
            "--currency",
            "UGX",
            "--priority",
            "9" * 20,
        ),
        ("up", "--port", "0"),
        ("up", "--port", "http"),
        ("up", "--workers", "0"),
    ],
    ids=" ".join,
)
def test_a_value_of_the_wrong_kind_is_a_usage_error(wesend, arguments):
    refused = wesend(*arguments)
    assert (refused.code, refused.out) == (2, "")


def run(instance: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """`wesend` as a process of its own, as a script starts it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("WESEND_")}
    return subprocess.run(
        [sys.executable, "-c", "from wesend.cli import main; main()", *arguments],
        cwd=PROJECT,
        env={**clean, "WESEND_INSTANCE": str(instance), **environment},
        capture_output=True,
        text=True,
        timeout=120,
    )


def test_the_first_command_of_a_fresh_install_makes_the_database_for_its_owner_only(tmp_path):
    done = run(tmp_path / "fresh", "account", "create", "Shop", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout) == {"account_id": 1, "name": "Shop"}
    assert (tmp_path / "fresh").stat().st_mode & 0o077 == 0
    assert [path.name for path in (tmp_path / "fresh").iterdir() if path.stat().st_mode & 0o077] == []


@pytest.mark.parametrize(
    "environment, sentence",
    [
        ({"WESEND_PORT": "http"}, "WESEND_PORT must be a whole number"),
        ({"WESEND_DATABASE_URL": "mysql://x/y"}, "WESEND_DATABASE_URL must name a file"),
        ({"WESEND_DATABASE_URL": "postgresql://x/y"}, "WESEND_SECRET_KEY must be set in the environment"),
        ({"WESEND_INSTANCE": "/proc/wesend"}, "/proc/wesend"),
    ],
)
def test_a_setting_that_cannot_be_used_is_a_sentence_and_no_traceback(tmp_path, environment, sentence):
    done = run(tmp_path / "fresh", "account", "create", "Shop", **environment)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ") and sentence in done.stderr and done.stderr.count("\n") == 1


EMPTY = [
    ("account", "set", "1", "--daily-limit"),
    ("account", "set", "1", "--recipient-limit"),
    ("account", "set", "1", "--burst-limit"),
    ("account", "set", "1", "--quiet-hours"),
    ("account", "set", "1", "--price-list"),
    ("key", "set", "1", "--allow-ip"),
    ("key", "set", "1", "--expires"),
    ("key", "set", "1", "--daily-limit"),
    ("key", "set", "1", "--valid-for"),
    ("price-list", "set", "Gold", "--country", "UG", "--price", "1", "--prefix"),
    ("route", "set", "R", "--country", "UG", "--gateway", "sandbox", "--price", "1", "--currency", "UGX", "--network"),
]


@pytest.mark.parametrize("words", EMPTY, ids=" ".join)
def test_an_empty_value_lifts_nothing(wesend, words):
    """What a script passes whose variable is not set."""
    wesend("price-list", "create", "Gold", "--currency", "UGX")
    refused = wesend(*words, "")
    assert (refused.code, refused.out) == (2, "") and words[-1] in refused.err


def test_a_key_keeps_its_bounds_when_a_value_is_empty(wesend, account, wallet):
    key = wesend("key", "create", "--account", account, "--wallet", wallet, "--api", "esms", "--json").json["key_id"]
    assert wesend("key", "set", key, "--allow-ip", "10.0.0.0/8", "--daily-limit", "5000").code == 0
    assert wesend("key", "set", key, "--daily-limit", "9000", "--allow-ip", "").code == 2
    (shown,) = wesend("key", "list", "--account", account, "--json").json["keys"]
    assert (shown["allow_ip"], shown["daily_limit"]) == ("10.0.0.0/8", "5000")


def test_nobody_is_opted_out_by_nothing(wesend, account):
    done = wesend("opt-out", "add", "--account", account, "+256712345678", " ", "--json")
    assert done.code == 1 and json.loads(done.out) == {"added": 1, "refused": [" "]}


@pytest.mark.parametrize("words", [("price-list", "list"), ("report", "margin")], ids=" ".join)
def test_a_csv_on_standard_output_is_all_that_stands_there(wesend, words):
    done = wesend(*words, "--csv", "-")
    assert done.code == 0 and done.err and [line for line in done.out.splitlines() if "," not in line] == []
    refused = wesend(*words, "--csv", "-", "--json")
    assert (refused.code, refused.out) == (2, "") and "--csv - is standard output" in refused.err


@pytest.mark.parametrize("amount", ["9" * 10, "9" * 13, "9" * 40])
def test_an_amount_that_is_too_large_is_told_so(wesend, amount):
    refused = wesend("wallet", "credit", "wal_sandbox_esms", amount)
    assert refused.code == 2 and f"{amount} is more than can be handled" in refused.err


@pytest.mark.parametrize("name", ["a" * 101, "Shop\x01"])
def test_the_name_of_an_account_or_a_key_can_be_read(wesend, name):
    refused = wesend("account", "create", name)
    assert (refused.code, refused.err) == (1, "Error: A name has at most 100 characters that can be seen\n")
    key = wesend("key", "create", "--account", "1", "--wallet", "wal_sandbox_esms", "--api", "esms", "--name", name)
    assert (key.code, key.err) == (refused.code, refused.err)


def test_the_name_of_an_account_is_one_line(wesend):
    assert wesend("account", "create", " My\n shop ", "--json").json["name"] == "My shop"


def test_the_example_of_a_request_is_taken(wesend, account, wallet):
    typed = shlex.split(EXAMPLES["two-way request"].replace("--account 2", f"--account {account}").replace("wal_7f3k2m", wallet))
    assert wesend("two-way", "request", *typed, "--json").json["status"] == "pending"


def test_an_export_that_cannot_be_written_names_its_file(wesend, tmp_path):
    file = tmp_path / "nowhere" / "ann.zip"
    assert wesend("person", "export", "+256712345678", file).err == f"Error: No such file or directory: {file}.\n"


def test_what_is_made_is_told_in_any_locale(tmp_path):
    latin = {"PYTHONIOENCODING": "latin-1", "LC_ALL": "C.UTF-8"}
    done = run(tmp_path / "fresh", "account", "create", "Ω & 😀", "--json", **latin)
    assert (done.returncode, done.stderr) == (0, "") and json.loads(done.stdout)["name"] == "Ω & 😀"
    listed = run(tmp_path / "fresh", "account", "list", **latin)
    assert (listed.returncode, listed.stderr) == (0, "") and "\\u03a9" in listed.stdout


def test_a_closed_standard_input_is_a_sentence(tmp_path):
    command = 'exec "$0" -c "from wesend.cli import main; main()" opt-out add --account 1 --file - <&-'
    instance = tmp_path / "fresh"
    assert run(instance, "account", "create", "Shop").returncode == 0
    done = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable],
        cwd=PROJECT,
        env={**os.environ, "WESEND_INSTANCE": str(instance)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "Error: Standard input is closed.\n")


def test_the_audit_log_tells_the_terms_of_a_new_smpp_key(wesend, app, account, wallet):
    from wesend.database import query

    bounds = ("--binds", "2", "--tps", "9", "--senders", "any", "--default-sender", "BANK")
    assert wesend("key", "create", "--account", account, "--wallet", wallet, "--api", "smpp", *bounds).code == 0
    with app.app_context():
        (entry,) = query("SELECT detail FROM audit_log WHERE action = 'key.create' AND account_id = ?", (account,))
    assert entry["detail"].endswith("2 binds, 9/s, window 50, senders any, default sender BANK")


def test_secrets_of_another_key_are_a_sentence(tmp_path):
    instance = tmp_path / "fresh"
    assert run(instance, "account", "create", "Shop").returncode == 0
    added = run(instance, "webhook", "add", "--account", "1", "--format", "esms", "--url", "https://example.com/hook", "--json")
    hook = str(json.loads(added.stdout)["webhook_id"])
    done = run(instance, "webhook", "test", hook, WESEND_SECRET_KEY="another key, of thirty-two characters")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: A stored secret can't be read: the secret key is not the one it was stored with.\n"


def test_why_there_is_no_route_is_said_once(tmp_path):
    instance = tmp_path / "fresh"
    assert run(instance, "account", "create", "Shop").returncode == 0
    made = run(instance, "wallet", "create", "--account", "1", "--currency", "UGX", "--json")
    wallet = json.loads(made.stdout)["wallet_id"]
    assert run(instance, "wallet", "credit", wallet, "500").returncode == 0
    done = run(instance, "send", "+256712345678", "Hello", "--wallet", wallet)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: No gateway carries what takes ESMS_UG") and done.stderr.count("\n") == 1
