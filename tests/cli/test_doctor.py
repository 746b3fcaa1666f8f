"""`wesend doctor` finds the usual mistakes, each by its own line, and writes nothing."""

from __future__ import annotations

import json
import sqlite3
from collections import namedtuple

import pytest

from wesend import cli
from wesend.coordination import leadership
from wesend.operations import host_checks

DAY = 24 * 3600


@pytest.fixture
def examine(app_with):
    """``examine(WESEND_HOST="0.0.0.0")``: check → (state, detail)."""

    def run(**environment) -> dict[str, tuple[str, str]]:
        result = app_with(**environment).test_cli_runner().invoke(cli.group, ["doctor", "--json"])
        assert result.exit_code == 0, result.output
        return {entry["check"]: (entry["state"], entry["detail"]) for entry in json.loads(result.output)["checks"]}

    return run


def test_a_good_setup_has_no_warning(examine, instance):
    instance.chmod(0o700)
    assert [check for check, (state, _) in examine().items() if state == "warning"] == []


@pytest.mark.parametrize(
    "environment, words",
    [
        ({"WESEND_PORT": "8100", "WESEND_SMPP_PORT": "8100"}, "WESEND_SMPP_PORT is 8100, where HTTP is served"),
        ({"WESEND_PORT": "8100", "WESEND_SANDBOX_SMTP_PORT": "8100"}, "WESEND_SANDBOX_SMTP_PORT is 8100, where HTTP is served"),
        ({"WESEND_SMPP_PORT": "2775", "WESEND_SANDBOX_SMTP_PORT": "2775"}, "where SMPP is served"),
        ({"WESEND_SMPP_PORT": "2775", "WESEND_SMPP_HOST": "0.0.0.0"}, "would be plain TCP"),
        ({"WESEND_SMPP_PORT": "2775", "WESEND_SMPP_TLS_KEY": "/etc/key.pem"}, "are wanted together"),
    ],
)
def test_what_would_stop_the_start_is_told(app_with, environment, words):
    result = app_with(**environment).test_cli_runner().invoke(cli.group, ["doctor", "--json"])
    (found,) = [entry for entry in json.loads(result.output)["checks"] if entry["check"] == "Settings"]
    assert result.exit_code == 1 and found["state"] == "error" and words in found["detail"]


@pytest.mark.parametrize(
    ("environment", "state", "words"),
    [
        ({}, "ok", "this machine"),
        ({"WESEND_SANDBOX": "0"}, "ok", "off"),
        ({"WESEND_BASE_URL": "https://a.example"}, "ok", "off"),
        ({"WESEND_SANDBOX": "1", "WESEND_BASE_URL": "https://a.example"}, "ok", "through no proxy"),
        ({"WESEND_SANDBOX": "public"}, "warning", "whoever reaches this server"),
    ],
)
def test_whom_the_sandbox_answers(examine, environment, state, words):
    found = examine(**environment)["Sandbox"]
    assert found[0] == state and words in found[1]


@pytest.mark.parametrize(
    ("environment", "state", "words"),
    [({}, "missing", "held"), ({"WESEND_SMTP_URL": "smtp://me:secret@mail.example.org"}, "ok", "sent by mail.example.org")],
)
def test_who_carries_mail(examine, environment, state, words):
    found = examine(**environment)["Mail"]
    assert found[0] == state and words in found[1] and "secret" not in found[1]


def test_an_old_sqlite(examine, monkeypatch):
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 31, 1))
    assert examine()["SQLite"][0] == "warning"


def test_a_clock_from_before_this_version(examine, clock):
    clock.seconds = 1.0
    assert "before this version" in examine()["Clock"][1] and examine()["Clock"][0] == "warning"


def test_a_clock_that_was_put_back(examine, clock, wesend):
    clock.seconds = 1.9e9
    wesend("account", "create", "Shop")
    clock.advance(-DAY)
    state, detail = examine()["Clock"]
    assert state == "warning" and "something was written at" in detail


@pytest.mark.parametrize("answer, state", [(False, "missing"), (True, "ok"), (None, "ok")])
def test_a_clock_that_nobody_keeps_right(examine, clock, monkeypatch, answer, state):
    clock.seconds = 1.9e9
    monkeypatch.setattr(host_checks, "_is_synchronised", lambda: answer)
    assert examine()["Clock"][0] == state


@pytest.mark.parametrize("name, mode", [("wesend.db", 0o644), ("secret.key", 0o640), (".", 0o755)])
def test_files_that_others_can_read(examine, instance, name, mode):
    instance.chmod(0o700)
    (instance / name).chmod(mode)
    state, detail = examine()["Files"]
    assert state == "warning" and f"{mode:o}" in detail and str((instance / name).resolve()) in detail


def test_a_backup_that_others_can_read(examine, tmp_path):
    folder = tmp_path / "backups"
    folder.mkdir(mode=0o700)
    (folder / "wesend-20260610T120000Z.db").touch(0o644)
    (folder / "wesend-20260610T120000Z.db").chmod(0o644)
    assert "wesend-2026" in examine(WESEND_BACKUP_DIR=str(folder))["Files"][1]


def test_a_database_on_a_network_share(examine, monkeypatch):
    monkeypatch.setattr(host_checks, "_kind_of", lambda _: "nfs4")
    assert examine()["File system"][0] == "warning"


def test_a_disk_that_is_nearly_full(examine, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(host_checks.shutil, "disk_usage", lambda _: usage(10**12, 10**12 - 10**8, 10**8))
    state, detail = examine()["Free disk"]
    assert state == "warning" and "95 MB" in detail


@pytest.mark.parametrize(
    "environment, state",
    [
        ({}, "ok"),
        ({"WESEND_HOST": "0.0.0.0"}, "warning"),
        ({"WESEND_BASE_URL": "http://sms.example.org"}, "warning"),
        ({"WESEND_HOST": "0.0.0.0", "WESEND_BASE_URL": "http://sms.example.org"}, "warning"),
        ({"WESEND_HOST": "0.0.0.0", "WESEND_BASE_URL": "https://sms.example.org"}, "ok"),
    ],
)
def test_public_without_tls(examine, environment, state):
    assert examine(**environment)["Network"][0] == state


def test_a_short_secret_key(examine):
    assert examine(WESEND_SECRET_KEY="hunter2")["Secret key"][0] == "warning"
    assert "hunter2" not in str(examine(WESEND_SECRET_KEY="hunter2"))


def test_jobs_that_stand_still(examine, monkeypatch, instance):
    monkeypatch.setattr(leadership, "scheduler_pid", lambda _: 4711)
    assert examine()["Jobs"][0] == "warning"
    leadership.beat(host_checks.Settings(instance=instance, database=instance / "wesend.db"))
    assert examine()["Jobs"] == ("ok", "run by process 4711")


def test_backups_that_stopped(examine, tmp_path, clock):
    assert examine()["Backups"][0] == "missing"
    folder = tmp_path / "backups"
    folder.mkdir(mode=0o700)
    assert examine(WESEND_BACKUP_DIR=str(folder))["Backups"][0] == "missing"
    (folder / "wesend-20260610T110000Z.db").touch(0o600)
    assert examine(WESEND_BACKUP_DIR=str(folder))["Backups"][0] == "ok"
    clock.advance(3 * DAY)
    assert examine(WESEND_BACKUP_DIR=str(folder))["Backups"][0] == "warning"


def test_alerts_that_nobody_would_get(examine, wesend, wallet):
    assert examine()["Low-balance alerts"][0] == "missing"
    assert wesend("wallet", "alert", wallet, "500", "--mail", "ops@example.org", "--json").json["below"] == "500"
    assert examine()["Low-balance alerts"][0] == "warning"
    assert examine(WESEND_SMTP_URL="smtp://mail.example.org")["Low-balance alerts"][0] == "ok"
    assert wesend("wallet", "alert", wallet, "off").code == 0
    assert examine()["Low-balance alerts"][0] == "missing"
