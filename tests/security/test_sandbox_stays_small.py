"""The sandbox on a running server: what waits leaves threads to others, and what is large takes little memory."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.support.forked import ForkedServer
from tests.support.server import Server

from ..support.published import CREDENTIALS

HEADERS = {"X-API-Key": CREDENTIALS["worldledgers"].secret}
POLLS = 20


@pytest.fixture
def folder(copy_instance, tmp_path: Path) -> Path:
    copy_instance(tmp_path / "instance")
    return tmp_path / "instance"


def poll(server: Server, path: str) -> requests.Response:
    return requests.get(f"{server.url}/sandbox/{path}", timeout=60)


def test_twenty_long_polls_leave_the_pages_their_threads(folder):
    with (
        ForkedServer(folder, WESEND_WORKERS="1", WESEND_THREADS="4", WESEND_SANDBOX_DELAY="0.1") as server,
        ThreadPoolExecutor(POLLS) as pool,
    ):
        polls = [pool.submit(poll, server, f"{kind}?wait=30") for kind in ("messages", "emails") for _ in range(POLLS // 2)]
        Server.wait_until(lambda: sum(done.done() for done in polls) == POLLS - 2, 20, "more than two polls wait, or fewer")
        for answer in [done.result() for done in polls if done.done()]:
            assert (answer.status_code, *answer.json().values()) == (200, [])
            assert int(answer.headers["Retry-After"]) >= 1
        for path in ("/healthz", "/docs", "/sign-in", "/sandbox/messages"):
            began = time.monotonic()
            assert requests.get(server.url + path, timeout=20).status_code == 200
            assert time.monotonic() - began < 10, path  # the polls wait for 30 s
        waiting = [done for done in polls if not done.done()]
        assert len(waiting) == 2
        requests.post(
            f"{server.url}/api/v1/communication/sms",
            headers=HEADERS,
            timeout=30,
            json={"message": "Your code is 1", "recipients": ["0722000001"]},
        )
        requests.post(
            f"{server.url}/api/v1/communication/email",
            headers=HEADERS,
            timeout=30,
            json={"subject": "x", "message": "Your code is 1", "recipients": ["ann@example.com"]},
        )
        for answer in [done.result() for done in waiting]:
            assert "Your code is 1" in answer.text and "Retry-After" not in answer.headers
        # Their places are free again.
        assert "Retry-After" not in poll(server, "messages?wait=0.2&to=0722000002").headers


def hand_in(server: Server, *mails: bytes) -> None:
    """As the port does, a second apart."""
    for number, raw in enumerate(mails, 1):
        server.change("INSERT INTO caught_bodies (id, raw, size) VALUES (?, ?, ?)", number, raw, len(raw))
        server.change(
            "INSERT INTO caught_mails (uid, recipient, body_id, created_at) VALUES (?, ?, ?, ?)",
            *(f"mail-{number}", "ann@example.com", number, number * 1000),
        )


def peak_mb(server: Server) -> float:
    """Of all workers; the master has nothing that they don't have, too."""
    pids = server.workers()
    lines = [line for pid in pids for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM")]
    return sum(int(line.split()[1]) for line in lines) / 1024


def test_lists_and_mails_of_megabytes_take_little_memory(folder):
    mails = [b"Subject: %d\r\n\r\n" % number + b"x" * 1_000_000 for number in range(105)]
    whole = b"Subject: last\r\nContent-Type: text/html\r\n\r\n<p>" + b"y" * 19_000_000
    with ForkedServer(folder, WESEND_WORKERS="1", WESEND_THREADS="4") as server:
        hand_in(server, *mails, whole)
        idle = peak_mb(server)
        answer = poll(server, "emails")
        shown = answer.json()["emails"]
        assert len(answer.content) < 11_000_000 and len(shown) == 100
        assert [mail["truncated"] for mail in shown] == [True] * 100
        assert shown[-1]["html"] == whole.decode().partition("\r\n\r\n")[2][:100_000]
        assert shown[0]["text"] == "x" * 100_000
        with ThreadPoolExecutor(3) as pool:
            sizes = [len(done.content) for done in pool.map(lambda _: poll(server, "emails?limit=1000"), range(3))]
        assert max(sizes) < 12_000_000
        assert len(poll(server, "emails/mail-106").json()["html"]) == 19_000_003
        assert poll(server, "emails/mail-106/raw").content == whole
        assert peak_mb(server) <= idle + 190
