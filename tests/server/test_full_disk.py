"""A disk that is full, read-only, or without descriptors: nothing dies, reads go on, writes are 503, and it recovers by itself."""

from __future__ import annotations

import re
import resource
import shutil
import socket
import sqlite3
import threading
import time
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path

import pytest
import requests

from tests.support.connections import browser
from tests.support.dialects import ROWS
from tests.support.forked import ForkedServer
from tests.support.live import live_customer
from tests.support.server import Server
from tests.support.small_disk import SmallDisk, remount, small_disk
from tests.support.vendor_server import VendorServer
from tests.support.wire import Wire

from ..support.published import CREDENTIALS

MEGABYTES = 24
SECONDS = 10  # in which it has to be well again; usually one
CODES = {"wesendall": lambda body: body["error"], "esms": lambda body: body["detail"]["code"]}
TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')


@pytest.fixture
def disk(tmp_path, new_instance):
    """With an instance on it; the server's log is elsewhere."""
    with small_disk(tmp_path / "instance", MEGABYTES) as disk:
        shutil.copytree(new_instance(), disk.path, dirs_exist_ok=True)
        yield disk


@pytest.fixture
def server(disk):
    with ForkedServer(disk.path, WESEND_DISK_RESERVE_MB="0", WESEND_SANDBOX_DELAY="0") as server:
        yield server


def send(server: Server, dialect: str, key: str | None = None) -> requests.Response:
    row = ROWS[dialect]
    headers = row.headers(CREDENTIALS[dialect]) | ({"Idempotency-Key": key} if key else {})
    return requests.post(server.url + row.send.path, json=row.bodies[row.send.path][0], headers=headers, timeout=30)


def reads(server: Server) -> dict[str, int]:
    found = {
        path: requests.get(server.url + path, timeout=30).status_code
        for path in ("/metrics", "/sandbox/messages", "/docs", "/sign-in")
    }
    for name, row in ROWS.items():
        found[name] = requests.get(server.url + row.probe, headers=row.headers(CREDENTIALS[name]), timeout=30).status_code
    return found


def fill(server: Server, disk: SmallDisk) -> None:
    disk.fill()
    server.wait_until(lambda: server.health() == 503, SECONDS, "a full disk is healthy")


def is_taken(server: Server, dialect: str, **given: str) -> bool:
    return send(server, dialect, **given).status_code < 300


def wait_until_well(server: Server, **given: str) -> None:
    """Each of the workers finds out by itself that there is room again: a client tries again, as Retry-After tells it."""
    for name in ROWS:
        takes = partial(is_taken, server, name, **given)
        server.wait_until(takes, SECONDS, f"{name} does not take sends again")
    server.wait_until(lambda: server.health() == 200, SECONDS, "it is not healthy again")
    assert server.run("audit")["ok"]


def both_workers(server: Server) -> set[int]:
    server.wait_until(lambda: len(server.workers()) == 2, SECONDS, "a worker is missing")
    return server.workers()


def signed_in(server: Server) -> requests.Session:
    url = server.command("user", "create", "boss@example.com")["sign_in_url"]
    visitor = browser()
    path = url[url.index("/sign-in/") :]
    token = TOKEN.search(visitor.get(server.url + path, timeout=30).text)
    assert token is not None
    visitor.post(server.url + path, data={"csrf_token": token[1], "password": "correct horse battery"}, timeout=30)
    return visitor


def test_a_full_disk_refuses_writes_in_each_apis_words_and_lets_everybody_read(server, disk):
    visitor = signed_in(server)
    workers, balances = both_workers(server), server.query("SELECT uid, balance_micros FROM wallets")
    fill(server, disk)
    for name, row in ROWS.items():
        answer = send(server, name, key="again")
        assert answer.status_code == 503 and row.refuses(answer.json()), (name, answer.text)
        assert answer.headers["Retry-After"] and CODES.get(name, lambda _: "storage_full")(answer.json()) == "storage_full"
    assert set(reads(server).values()) == {200}
    assert visitor.get(server.url + "/", timeout=30).status_code == 200
    assert "Nothing can be stored" in visitor.get(server.url + "/settings", timeout=30).text
    assert "storage_full 1.0" in requests.get(server.url + "/metrics", timeout=30).text
    assert {check["check"]: check["state"] for check in server.run("doctor")["checks"]}["Storage"] == "warning"
    assert server.workers() == workers
    assert server.query("SELECT uid, balance_micros FROM wallets") == balances
    assert server.query("SELECT count(*) FROM idempotency_keys") == [(0,)]
    disk.empty()
    server.wait_until(lambda: server.health() == 200, SECONDS, "it is not healthy again")
    wait_until_well(server, key="again")
    assert server.workers() == workers
    assert server.output().count(" ERROR ") <= 2, server.output()


def test_a_form_on_a_full_disk_is_answered_by_a_page_with_503(server, disk):
    visitor = signed_in(server)
    token = TOKEN.search(visitor.get(server.url + "/", timeout=30).text)
    assert token is not None
    fill(server, disk)
    answers = [
        visitor.post(
            server.url + "/password",
            timeout=30,
            data={"csrf_token": token[1], "old": "correct horse battery", "password": f"a longer sentence {number}" * 5},
        )
        for number in range(1)
    ]
    name = "x" * 60
    for number in range(300):  # what SQLite's log has room for still goes through
        answers.append(visitor.post(server.url + "/contacts", timeout=30, data={"csrf_token": token[1], "name": f"{name}{number}"}))
        if answers[-1].status_code == 503:
            break
    assert answers[-1].status_code == 503 and "</html>" in answers[-1].text


def test_operators_hear_by_webhook_before_it_is_full(disk, receiver):
    reserve = 8
    with ForkedServer(
        disk.path, WESEND_DISK_RESERVE_MB=str(reserve), WESEND_SANDBOX_DELAY="0", WESEND_ALLOW_PRIVATE_URLS="1"
    ) as server:
        to = ("--format", "esms", "--url", receiver.url)
        server.command("webhook", "add", "--account", "1", *to, "--events", "storage.low")
        disk.fill(leave=5 * 2**20)
        receiver.wait_for(1)
        told = receiver.posted[0].json
        assert told["event"] == "storage.low" and 0 < told["free_mb"] < told["reserve_mb"] == reserve
        assert send(server, "esms").status_code == 200, "single sends go on"
        disk.fill()
        server.wait_until(lambda: send(server, "esms").status_code == 503, SECONDS, "it is not full")
        disk.empty()
        wait_until_well(server)
        server.wait_until(lambda: not (disk.path / "low-disk").exists(), SECONDS, "it is thought low for ever")
        disk.fill(leave=5 * 2**20)
        receiver.wait_for(2)
        assert len(receiver.posted) == 2


@pytest.mark.parametrize("full_again", [False, True])
def test_a_server_that_is_killed_and_started_on_a_full_disk(server, disk, full_again):
    assert send(server, "wesendall").status_code == 200
    fill(server, disk)
    server.kill()
    if full_again:  # its end gave some room back
        disk.fill()
    server.process = server.launch()
    server.wait_until(lambda: server.health() in (200, 503), 30, "it did not start")
    if full_again:  # what SQLite's log gives back at the start is taken again
        server.wait_until(
            lambda: disk.fill() or send(server, "wesendall").status_code == 503, SECONDS, "it takes what it can't store"
        )
    disk.empty()
    wait_until_well(server)


def test_what_went_out_while_the_disk_filled_is_recorded_later_and_answered_as_accepted(disk, tmp_path):
    with VendorServer(tmp_path, "0.7") as vendor, ForkedServer(disk.path, WESEND_DISK_RESERVE_MB="0") as server:
        customer = live_customer(server, vendor.url, parallel=4)
        answers = []

        def call() -> None:
            with Wire(server.port, customer) as wire:
                answers.append(wire.send("+256771000001"))

        calling = threading.Thread(target=call)
        calling.start()
        server.wait_until(lambda: vendor.count() == 1, 30, "the gateway was not called")
        disk.fill()
        with sqlite3.connect(server.instance / "wesend.db", timeout=15) as connection:  # and SQLite's log is full
            with suppress(sqlite3.OperationalError):
                connection.execute("CREATE TABLE filler AS SELECT zeroblob(8000000) AS nothing")
        connection.close()
        calling.join(30)
        assert answers[0].status == 200, answers
        assert server.query("SELECT status FROM messages") == [("submitting",)], "there was room to record it"
        disk.empty()
        server.wait_until(
            lambda: server.query("SELECT status, gateway_ref FROM messages") == [("submitted", "AT+256771000001")],
            SECONDS,
            "what went out was not recorded",
        )
        assert vendor.count() == 1 and server.run("audit")["ok"]


def test_a_read_only_file_system_is_served_as_it_is(disk):
    with ForkedServer(disk.path, WESEND_DISK_RESERVE_MB="0", WESEND_SANDBOX_DELAY="0") as server:
        server.kill()
        remount(disk.path, "ro")
        server.process = server.launch()
        server.wait_until(lambda: server.health() == 503, 30, "it did not start")
        assert send(server, "esms").status_code == 503
        assert set(reads(server).values()) == {200}
        assert server.run("audit")["ok"]
        remount(disk.path, "rw")
        wait_until_well(server)


LIMITED = """import resource, sys
resource.setrlimit(resource.RLIMIT_{limit}, ({soft}, {hard}))
from wesend.cli import main
main(["up"])"""


def test_files_that_may_not_grow(new_instance):
    """As a disk quota; for machines where nothing can be mounted, too."""
    instance = new_instance()
    size = (instance / "wesend.db").stat().st_size + 100_000
    program = ("-c", LIMITED.format(limit="FSIZE", soft=size, hard=-1))
    with Server(instance, program=program, WESEND_SANDBOX_DELAY="0") as server:
        workers = both_workers(server)
        answers = []
        server.wait_until(
            lambda: answers.append(send(server, "wesendall")) or answers[-1].status_code != 200, 60, "the limit is not met", every=0
        )
        assert answers[-1].status_code == 503, answers[-1].text
        assert set(reads(server).values()) == {200}
        # SQLite may begin its log anew in between, which gives room for a while.
        server.wait_until(lambda: send(server, "esms").status_code == server.health() == 503, 60, "a full disk is healthy", every=0)
        assert server.workers() == workers
        for pid in workers:
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (-1, -1))
        wait_until_well(server)
        assert server.workers() == workers and server.output().count(" ERROR ") <= 2, server.output()


def test_who_is_idle_makes_way_when_descriptors_run_out(new_instance):
    limit = 150
    program = ("-c", LIMITED.format(limit="NOFILE", soft=limit, hard=limit))
    with Server(new_instance(), program=program, WESEND_SANDBOX_DELAY="0") as server, ExitStack() as idle:
        workers = both_workers(server)
        for _ in range(2 * limit):
            idle.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))
        assert {send(server, name).status_code for name in ROWS} <= {200, 201, 202, 503}
        assert server.workers() == workers
        idle.close()
        wait_until_well(server)
        assert server.workers() == workers


def test_without_any_descriptor_requests_are_refused_and_nothing_spins_or_dies(new_instance):
    with ForkedServer(new_instance(), WESEND_SANDBOX_DELAY="0") as server:
        for name in ROWS:
            send(server, name)
        workers = both_workers(server)
        before = {pid: resource.prlimit(pid, resource.RLIMIT_NOFILE) for pid in workers}
        for pid in workers:  # the first number that is free is the first that may not be used
            free = next(number for number in range(10_000) if not Path(f"/proc/{pid}/fd/{number}").is_symlink())
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (free, before[pid][1]))
        began = _cpu(workers)
        for name, row in ROWS.items():
            answer = send(server, name)
            assert answer.status_code == 503 and row.refuses(answer.json()), answer.text
        time.sleep(1)
        assert _cpu(workers) - began < 1
        assert server.workers() == workers
        for pid in workers:
            resource.prlimit(pid, resource.RLIMIT_NOFILE, before[pid])
        wait_until_well(server)
        assert server.workers() == workers


def _cpu(pids: set[int]) -> float:
    return sum(time.clock_gettime(_clock_of(pid)) for pid in pids)


def _clock_of(pid: int) -> int:
    return (~pid << 3) | 2  # CLOCK_PROCESS_CPUTIME_ID of another process, as clock_getcpuclockid(3) makes it
