"""Files that are streamed hold half of a process's threads at most, however fast or slowly they are read."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from ..support.domain import NUMBERS
from ..support.forked import ForkedServer
from ..support.published import CREDENTIALS, WALLETS
from ..support.signed_in import SignedIn

THREADS = 4
HALF = THREADS // 2
KEY = {"Authorization": f"Bearer {CREDENTIALS['esms'].secret}"}
API = "/api/messages/export"
SOON = 3.0  # seconds
KEPT = "wesend-20260601T000000Z.db"


class Served:
    """A server of one process with an operator at its dashboard, and more to download than a kernel keeps for a client."""

    def __init__(self, server: ForkedServer, list_id: int):
        self.server, self.group = server, f"/contacts/{list_id}/export"
        link = server.command("user", "create", "boss@example.com")["sign_in_url"]
        self.browser = SignedIn(server.url, urlsplit(link)._replace(scheme="", netloc="").geturl())
        self.browser.pick(1)
        cookies = "; ".join(f"{name}={value}" for name, value in self.browser.session.cookies.items())
        self.headers = {API: KEY}
        self.pages = {"Cookie": cookies, "Referer": server.url}

    def ask(self, method: str, path: str) -> requests.Response:
        """As many bytes as come with the head: what the answer is."""
        return requests.request(
            method,
            self.server.url + path,
            headers=self.headers.get(path, self.pages),
            data={"csrf_token": self.browser.token} if method == "POST" else None,
            timeout=20,
            stream=True,
            allow_redirects=False,
        )

    @contextmanager
    def held(self, method: str, path: str) -> Iterator[None]:
        """Begin to download it, and read no further."""
        body = f"csrf_token={self.browser.token}" if method == "POST" else ""
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", "Content-Type: application/x-www-form-urlencoded"]
        lines += [f"Content-Length: {len(body)}"]
        lines += [f"{name}: {value}" for name, value in self.headers.get(path, self.pages).items() if name != "Referer"]
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect(("127.0.0.1", self.server.port))
            client.sendall("\r\n".join([*lines, "", body]).encode())
            assert b" 200 " in client.recv(40)
            yield

    def exports(self) -> int:
        return self.server.query("SELECT count(*) FROM audit_log WHERE action IN ('export', 'backup.download')")[0][0]

    def answers(self) -> None:
        began = time.monotonic()
        for _ in range(4):
            assert requests.get(f"{self.server.url}/docs", timeout=20).status_code == 200
            self.browser.get("/messages")
        assert time.monotonic() - began < SOON


@pytest.fixture(scope="module")
def served(new_instance) -> Iterator[Served]:
    instance = new_instance()
    backups = instance.parent / "backups"
    backups.mkdir()
    (backups / KEPT).write_bytes(bytes(3_000_000))
    with ForkedServer(instance, WESEND_WORKERS="1", WESEND_THREADS=str(THREADS), WESEND_BACKUP_DIR=str(backups)) as server:
        rows = "phone,note\n" + "".join(f"{phone},{'x' * 1500}\n" for phone in NUMBERS[:1500])
        answer = requests.post(f"{server.url}/api/contact-lists", headers=KEY, files={"file": ("a.csv", rows)}, timeout=60)
        list_id = answer.json()["id"]
        order = {"contact_list_ids": [list_id], "text": "x" * 1500}
        assert requests.post(f"{server.url}/api/messages/send-bulk", headers=KEY, json=order, timeout=60).status_code == 200
        yield Served(server, list_id)


def downloads(served: Served) -> list[tuple[str, str]]:
    wallet = WALLETS["esms"][0]
    return [
        ("GET", API),
        ("GET", "/messages/export"),
        ("GET", served.group),
        ("GET", f"/wallets/{wallet}/statement"),
        ("POST", "/operator/backups"),
        ("POST", f"/operator/backups/{KEPT}"),
    ]


@pytest.mark.parametrize("pair", ((0, 1), (0, 2), (2, 4), (4, 5), (1, 5)))
def test_half_of_the_threads_stream_and_whoever_comes_then_is_told_when_to_come_again(served, pair):
    known = downloads(served)
    with ExitStack() as stack:
        for number in pair:
            stack.enter_context(served.held(*known[number]))
        begun = served.exports()
        for method, path in known:
            answer = served.ask(method, path)
            assert answer.status_code == 429 and answer.headers["Retry-After"] == "5", (path, answer.status_code)
            if path == API:
                assert answer.json()["detail"]["code"] == "rate_limited"
            else:
                assert "Too many downloads are under way" in answer.text and "<html" in answer.text
        assert served.exports() == begun, "what is refused is no download"
        served.answers()
    for method, path in known:  # their slots came back with them
        served.server.wait_until(lambda m=method, p=path: is_there(served, m, p), 10, f"{path} is refused for ever")


def is_there(served: Served, method: str, path: str) -> bool:
    with served.ask(method, path) as answer:
        return answer.status_code == 200 and len(answer.content) > 100


def test_a_slot_comes_back_from_whoever_reads_to_the_end_or_asks_for_nothing(served):
    known = downloads(served)
    for _ in range(HALF + 1):
        for method, path in known:
            assert is_there(served, method, path), path
            if method == "GET":
                assert served.ask("HEAD", path).status_code == 200, path


def test_a_slot_comes_back_from_clients_that_go_away(served):
    for _ in range(2 * HALF):
        for method, path in downloads(served):
            served.server.wait_until(lambda m=method, p=path: goes(served, m, p), 10, f"{path} is refused for ever")
    served.answers()


def goes(served: Served, method: str, path: str) -> bool:
    answer = served.ask(method, path)
    next(answer.iter_content(100), b"")
    answer.close()
    return answer.status_code == 200


def test_the_rows_of_a_file_that_become_no_contact_hold_a_thread_alike(served, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("phone,note\n" + f"nobody,{'x' * 2000}\n" * 1500)
    token = upload(served, file)
    path = f"/contacts/import/{token}/rejected.csv?phone=0"
    with served.held("GET", path), served.held("GET", API):
        assert served.ask("GET", path).status_code == served.ask("GET", "/messages/export").status_code == 429
        served.answers()
    served.server.wait_until(lambda: is_there(served, "GET", path), 10, "it is refused for ever")


def upload(served: Served, file: Path) -> str:
    browser = served.browser
    browser.get("/contacts/import")
    with file.open("rb") as opened:
        answer = browser.session.post(
            f"{browser.url}/contacts/import", data={"csrf_token": browser.token}, files={"file": opened}, timeout=30
        )
    assert answer.status_code == 200, answer.text
    return urlsplit(answer.url).path.rpartition("/")[2]
