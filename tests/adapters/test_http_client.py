"""One request, and what its failure means: before its first byte nothing was sent, after it nobody knows."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from wesend.adapters import http_client, sockets
from wesend.adapters.http_client import ANSWERED, HttpClient
from wesend.adapters.outcomes import REFUSED, TEMPORARY, UNKNOWN

from ..support.fakes import answer, drop, raw, reset, truncated
from ..support.server import free_port

PATIENT = 20.0  # never reached: these calls end by themselves
SHORT = 0.6


@pytest.fixture
def client():
    made = HttpClient(PATIENT)
    yield made
    made.close()


@pytest.fixture
def hurried():
    made = HttpClient(SHORT)
    yield made
    made.close()


@pytest.fixture
def silent_listener():
    """A port that takes connections and never says a word; nothing is accepted when its queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(5)
        yield listener.getsockname()[1]


class TestWhenNothingWasSent:
    def test_a_refused_connection_is_temporary(self, client):
        reply = client.request("POST", f"http://127.0.0.1:{free_port()}/send", json={})
        assert (reply.kind, reply.code) == (TEMPORARY, "unreachable")

    def test_a_name_that_is_not_known_is_temporary(self, client, monkeypatch):
        def unknown(*_, **__):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(socket, "getaddrinfo", unknown)
        reply = client.request("POST", "http://sms.example.invalid/send", json={})
        assert reply.kind == TEMPORARY
        assert "name is not known" in reply.reason

    def test_a_connection_that_takes_too_long_is_temporary(self, hurried, monkeypatch):
        def never(*_, **__):
            raise TimeoutError("timed out")

        monkeypatch.setattr("urllib3.util.connection.create_connection", never)
        reply = hurried.request("POST", "http://127.0.0.1:9/send", json={})
        assert reply.kind == TEMPORARY
        assert "in time" in reply.reason

    def test_a_server_that_speaks_no_tls_is_temporary(self, client, vendor):
        reply = client.request("POST", vendor.url.replace("http:", "https:") + "/send", json={"secret": "text"})
        assert reply.kind == TEMPORARY
        assert "TLS failed" in reply.reason
        assert vendor.asked == []

    def test_a_tls_greeting_that_is_never_answered_is_temporary(self, hurried, silent_listener):
        assert hurried.request("POST", f"https://127.0.0.1:{silent_listener}/", json={}).kind == TEMPORARY

    def test_a_call_without_time_left_is_not_begun(self, client, vendor):
        reply = client.request("GET", vendor.url + "/", until=time.monotonic() - 1)
        assert (reply.kind, reply.code) == (TEMPORARY, "busy")
        assert vendor.asked == []

    def test_its_reason_does_not_tell_the_address_which_may_hold_a_key(self, client):
        reply = client.request("GET", f"http://127.0.0.1:{free_port()}/send?key=hunter2")
        assert "hunter2" not in reply.reason


class TestWhenNobodyKnows:
    @pytest.mark.parametrize(
        "behaviour",
        [
            drop,
            reset,
            truncated(200, b'{"ok": true}'),
            raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
            raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
            raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n"),
            answer(200, b"x" * (sockets.LONGEST_BODY + 1)),
        ],
        ids=["closed", "reset", "truncated", "not http", "bad chunks", "too many headers", "too long"],
    )
    def test_an_answer_that_breaks_is_unknown(self, client, vendor, behaviour):
        vendor.on("POST", "/send", behaviour)
        assert client.request("POST", vendor.url + "/send", json={}).kind == UNKNOWN
        assert len(vendor.asked) == 1

    def test_silence_is_unknown_after_the_deadline(self, hurried, vendor):
        vendor.on("POST", "/send", vendor.hang)
        reply = hurried.request("POST", vendor.url + "/send", json={})
        assert (reply.kind, reply.code) == (UNKNOWN, "no_answer")

    @pytest.mark.parametrize(
        "first",
        [
            b"HTTP/1.1 200 OK\r\nX-Slow: ",
            b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\nConnection: close\r\n\r\n",
        ],
        ids=["headers", "body", "endless body", "body of a closing connection"],
    )
    def test_a_dripping_server_holds_a_call_no_longer_than_the_deadline(self, hurried, vendor, first):
        vendor.on("POST", "/send", vendor.drip(first))
        assert hurried.request("POST", vendor.url + "/send", json={}).kind == UNKNOWN
        assert not vendor.dripped_out

    def test_a_kept_connection_that_drips_is_cut_as_well(self, hurried, vendor):
        vendor.on("POST", "/send", answer(200), vendor.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n"))
        kinds = [hurried.request("POST", vendor.url + "/send", json={}).kind for _ in range(2)]
        assert kinds == [ANSWERED, UNKNOWN]
        assert len({asked.connection for asked in vendor.asked}) == 1
        assert not vendor.dripped_out

    @pytest.mark.parametrize("status", [500, 501, 502, 504, 302, 303, 408])
    def test_a_status_that_leaves_it_open_is_unknown(self, client, vendor, status):
        vendor.on("POST", "/send", answer(status, "oops"))
        assert client.request("POST", vendor.url + "/send", json={}).kind == UNKNOWN

    def test_a_kept_connection_that_the_server_closes_on_us_is_unknown(self, client, vendor):
        vendor.on("POST", "/send", answer(200), drop)
        client.request("POST", vendor.url + "/send", json={})
        assert client.request("POST", vendor.url + "/send", json={}).kind == UNKNOWN
        assert len(vendor.asked) == 2


class TestWhenTheServerAnswers:
    @pytest.mark.parametrize(
        ("status", "kind"),
        [
            (200, ANSWERED),
            (201, ANSWERED),
            (202, ANSWERED),
            (204, ANSWERED),
            (400, REFUSED),
            (401, REFUSED),
            (403, REFUSED),
            (404, REFUSED),
            (422, REFUSED),
            (301, REFUSED),
            (307, REFUSED),
            (429, TEMPORARY),
            (503, TEMPORARY),
        ],
    )
    def test_its_status_decides(self, client, vendor, status, kind):
        vendor.on("POST", "/send", answer(status, {"message": "so it is"}, Location="/elsewhere"))
        reply = client.request("POST", vendor.url + "/send", json={})
        assert (reply.kind, reply.status) == (kind, status)

    def test_a_redirect_is_not_followed(self, client, vendor):
        vendor.on("GET", "/here", answer(302, Location="/there"))
        vendor.on("GET", "/there", answer(200))
        client.request("GET", vendor.url + "/here")
        assert [asked.path for asked in vendor.asked] == ["/here"]

    @pytest.mark.parametrize(
        ("body", "said"),
        [
            ({"message": "Bad\nnumber"}, "Bad number"),
            ({"error": {"message": "Bad number"}}, "Bad number"),
            ({"errorMessage": "Bad number", "errorCode": 7}, "Bad number"),
            ("The supplied authentication is invalid", "The supplied authentication is invalid"),
            ("<html>Forbidden</html>", "The gateway answered 400"),
            ({"detail": ["a", "list"]}, "The gateway answered 400"),
            ("", "The gateway answered 400"),
        ],
    )
    def test_a_refusal_is_told_in_the_vendors_words(self, client, vendor, body, said):
        vendor.on("POST", "/send", answer(400, body))
        assert client.request("POST", vendor.url + "/send", json={}).reason == said

    @pytest.mark.parametrize("body", [b"", b"[]", b"rubbish", b"\xff\xfe", b"[" * 99_999, b'{"a": %s}' % (b"9" * 5000)])
    def test_a_body_that_is_no_object_reads_as_an_empty_one(self, client, vendor, body):
        vendor.on("POST", "/send", answer(200, body))
        assert client.request("POST", vendor.url + "/send", json={}).object() == {}

    def test_one_that_asks_for_time_ends_by_the_earlier_deadline(self, client, vendor):
        vendor.on("POST", "/send", vendor.hang)
        assert client.request("POST", vendor.url + "/send", json={}, until=time.monotonic() + SHORT).kind == UNKNOWN


class TestConnections:
    def test_calls_one_after_another_share_a_connection(self, client, vendor):
        vendor.on("GET", "/", answer(200, "fine"))
        for _ in range(3):
            client.request("GET", vendor.url + "/")
        assert len({asked.connection for asked in vendor.asked}) == 1

    def test_threads_share_what_is_idle_and_never_one_connection_at_once(self, client, vendor):
        vendor.on("GET", "/", answer(200, "fine"))
        kinds = []
        threads = [
            threading.Thread(target=lambda: kinds.extend(client.request("GET", vendor.url + "/").kind for _ in range(5)))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert kinds == [ANSWERED] * 40
        assert len({asked.connection for asked in vendor.asked}) <= 8

    def test_one_that_was_idle_for_long_is_not_used_again(self, client, vendor, monkeypatch):
        vendor.on("GET", "/", answer(200, "fine"))
        monkeypatch.setattr(http_client, "IDLE_SECONDS", 0.0)
        client.request("GET", vendor.url + "/")
        client.request("GET", vendor.url + "/")
        assert len({asked.connection for asked in vendor.asked}) == 2

    def test_the_environments_proxy_is_not_asked(self, client, vendor, monkeypatch):
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
        vendor.on("GET", "/", answer(200))
        assert client.request("GET", vendor.url + "/").kind == ANSWERED

    def test_cookies_are_not_kept(self, client, vendor):
        vendor.on("GET", "/", answer(200, Set_Cookie="session=1"))
        client.request("GET", vendor.url + "/")
        client.request("GET", vendor.url + "/")
        assert "cookie" not in vendor.last.headers

    def test_a_header_that_latin_1_does_not_know_is_sent_as_utf_8(self, client, vendor):
        vendor.on("GET", "/", answer(200))
        assert client.request("GET", vendor.url + "/", headers={"X-Key": "ключ"}).kind == ANSWERED
        assert vendor.last.headers["x-key"].encode("latin-1").decode() == "ключ"

    def test_a_header_with_a_line_break_is_never_sent(self, client, vendor):
        assert client.request("GET", vendor.url + "/", headers={"X-Key": "a\r\nX-More: b"}).kind == TEMPORARY
        assert vendor.asked == []
