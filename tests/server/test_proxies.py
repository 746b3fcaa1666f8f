"""The nginx and Caddy configurations for one machine, run before a real server; only ports and certificates differ."""

from __future__ import annotations

import http.client
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode, urlsplit

import pytest
import requests

from tests.support.dashboard import PASSWORD
from tests.support.forked import ForkedServer
from tests.support.server import PROJECT, Server, free_port
from tests.support.slow import crowd

from ..support.published import CREDENTIALS, WALLETS

DOCUMENTS = (PROJECT / "README.md", PROJECT / "docs" / "operating.md")
NAME = "sms.example.org"
BLOCK = re.compile(r"^```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
MB = 1_000_000
PUBLISHED = {"Authorization": f"Bearer {CREDENTIALS['esms'].secret}"}


def documented(start: str) -> str:
    """The code block that begins so."""
    blocks = [block for path in DOCUMENTS for block in BLOCK.findall(path.read_text())]
    [found] = [block for block in blocks if block.startswith(start)]
    return found


def replaced(text: str, *pairs: tuple[str, str]) -> str:
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, new)
    return text


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> dict:
        return json.loads(self.body)


def connected(port: int) -> ssl.SSLSocket:
    """To this machine, under the public name; the certificate is not looked at."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), 60), server_hostname=NAME)


class Tls(http.client.HTTPSConnection):
    def connect(self) -> None:
        self.sock = connected(self.port)


class Proxy(NamedTuple):
    """``esms``: headers of a key that is nobody else's."""

    port: int
    server: Server
    esms: dict[str, str]

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None, body: bytes | None = None) -> Answer:
        with closing(Tls(NAME, self.port)) as connection:
            try:
                connection.request(method, path, body, headers or {})
            except OSError:
                pass  # it has answered and closed in the middle of a body that is too large
            answer = connection.getresponse()
            return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


@pytest.fixture(scope="module")
def server(new_instance) -> Iterator[Server]:
    with ForkedServer(
        new_instance(),
        program=("-m", "tests.support.impatient"),
        WESEND_LOG="json",
        WESEND_BASE_URL=f"https://{NAME}",
        WESEND_SANDBOX="1",
    ) as server:
        yield server


def nginx(folder: Path, server: Server, port: int) -> list[str]:
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "1",
            "-subj",
            f"/CN={NAME}",
            "-keyout",
            folder / "key.pem",
            "-out",
            folder / "cert.pem",
        ],
        check=True,
        capture_output=True,
    )
    site = replaced(
        documented("server {"),
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"),
        (f"/etc/letsencrypt/live/{NAME}/fullchain.pem", str(folder / "cert.pem")),
        (f"/etc/letsencrypt/live/{NAME}/privkey.pem", str(folder / "key.pem")),
        ("127.0.0.1:8000", f"127.0.0.1:{server.port}"),
    )
    user = "user root;\n" if os.geteuid() == 0 else ""  # else its workers may not enter this folder
    places = "".join(f"{name}_temp_path {folder / name};\n" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(
        f"{user}daemon off; pid {folder / 'pid'}; error_log {folder / 'error.log'};\n"
        f"events {{}}\nhttp {{ access_log off;\n{places}{site}}}\n"
    )
    return ["nginx", "-p", str(folder), "-c", str(folder / "nginx.conf")]


def caddy(folder: Path, server: Server, port: int) -> list[str]:
    site = replaced(
        documented(f"{NAME} {{"),
        (f"{NAME} {{", f"https://{NAME}:{port} {{\n    tls internal\n    bind 127.0.0.1"),
        ("127.0.0.1:8000", f"127.0.0.1:{server.port}"),
    )
    (folder / "Caddyfile").write_text(
        "{\n    admin off\n    auto_https disable_redirects\n    skip_install_trust\n"
        f"    storage file_system {folder / 'storage'}\n}}\n" + site
    )
    return ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"]


STARTS = {"nginx": nginx, "caddy": caddy}


@pytest.fixture(scope="module", params=STARTS)
def proxy(request, server, tmp_path_factory) -> Iterator[Proxy]:
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    folder, port = tmp_path_factory.mktemp(request.param), free_port()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            STARTS[request.param](folder, server, port), cwd=folder, stdout=log, stderr=log, env={**os.environ, "HOME": str(folder)}
        )
    try:
        server.wait_until(lambda: listens(port) or process.poll() is not None, 30, "the proxy did not come up")
        assert process.poll() is None, (folder / "log").read_text()
        key = server.command("key", "create", "--account", "1", "--wallet", WALLETS["esms"][0], "--api", "esms")
        yield Proxy(port, server, {"Authorization": f"Bearer {key['api_key']}"})
    finally:
        process.terminate()
        process.wait(20)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_what_the_apis_answer_goes_through(proxy):
    answer = proxy.ask("GET", "/api/balance", {**proxy.esms, "X-Request-Id": "mine"})
    assert (answer.status, answer.json["currency"]) == (200, "KES")
    assert proxy.ask("GET", "/docs").status == 200


def test_figures_stay_inside(proxy):
    assert proxy.ask("GET", "/metrics").status == 404
    assert requests.get(f"{proxy.server.url}/metrics", timeout=30).status_code == 200


def test_the_sandbox_stays_inside(proxy):
    assert proxy.ask("GET", "/api/balance", PUBLISHED).status == 401
    assert proxy.ask("GET", "/sandbox/messages").status == proxy.ask("GET", "/sandbox/emails?wait=20").status == 404
    assert requests.get(f"{proxy.server.url}/api/balance", headers=PUBLISHED, timeout=30).status_code == 200
    assert requests.get(f"{proxy.server.url}/sandbox/messages", timeout=30).status_code == 200


def test_the_log_has_the_clients_address_and_not_what_it_says_of_itself(proxy):
    proxy.ask("GET", "/docs/esms", {"X-Forwarded-For": "203.0.113.9"})
    [line] = [line for line in proxy.server.output().splitlines() if '"path": "/docs/esms"' in line][-1:]
    assert json.loads(line)["remote"] == "127.0.0.1"


def test_somebody_signs_in_over_https(proxy):
    link = proxy.server.command("user", "create", f"somebody{proxy.port}@example.com")["sign_in_url"]
    page = proxy.ask("GET", urlsplit(link).path)
    cookie = page.headers["set-cookie"].partition(";")[0]
    assert "Secure" in page.headers["set-cookie"]
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.body.decode())
    assert token is not None
    done = proxy.ask(
        "POST",
        urlsplit(link).path,
        {
            "Cookie": cookie,
            "Referer": f"https://{NAME}:{proxy.port}{urlsplit(link).path}",
            "Content-Type": "application/x-www-form-urlencoded",
        },
        urlencode({"csrf_token": token[1], "password": PASSWORD}).encode(),
    )
    assert (done.status, done.headers["location"]) == (303, "/start")


def upload(proxy: Proxy, size: int) -> Answer:
    """A contact list of about ``size`` bytes."""
    row = "+2567%08d," + "x" * 980 + "\n"
    rows = "".join(row % number for number in range(size // 995))
    body = (
        b'--b\r\nContent-Disposition: form-data; name="name"\r\n\r\nlarge\r\n'
        b'--b\r\nContent-Disposition: form-data; name="file"; filename="large.csv"\r\nContent-Type: text/csv\r\n\r\n'
        b"phone,note\n" + rows.encode() + b"\r\n--b--\r\n"
    )
    return proxy.ask("POST", "/api/contact-lists", {**proxy.esms, "Content-Type": "multipart/form-data; boundary=b"}, body)


def test_a_contact_list_of_45_mb_goes_through_and_one_of_60_does_not(proxy):
    taken = upload(proxy, 45 * MB)
    assert (taken.status, taken.json["count"]) == (200, 45 * MB // 995)
    assert upload(proxy, 60 * MB).status in (400, 413)  # eSMS's own word for it, or nginx's


@pytest.mark.parametrize(
    "opening",
    (b"", b"Content-Length: 100\r\n\r\n{", b"Transfer-Encoding: chunked\r\n\r\n40\r\n{", b"Content-Length: 900000\r\n\r\n{"),
)
def test_24_unfinished_requests_hold_up_nobody(proxy, opening):
    start = (
        f"POST /api/messages/send HTTP/1.1\r\nHost: {NAME}\r\nAuthorization: {proxy.esms['Authorization']}\r\n"
        "Content-Type: application/json\r\n"
    ).encode()
    with crowd(lambda: connected(proxy.port), 24, start + opening):
        for _ in range(4):
            began = time.monotonic()
            assert proxy.ask("GET", "/docs").status == 200
            assert time.monotonic() - began < 2
