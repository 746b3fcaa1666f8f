"""What is posted, and what counts as the answer: complete headers decide, redirects are not followed."""

import socket

import pytest

from ...support.receiver import Receiver, answer, drip_body, drop, drop_amid_body, drop_amid_headers, raw, redirect
from .posting import post

LATE = 30_000
"""Milliseconds that no deadline of these tests comes near, on a loaded machine either."""


def test_the_body_arrives_as_it_is_with_its_headers(http, receiver):
    body = '{"to": "Zoë"}'.encode()
    http.post(f"{receiver.url}?key=a%20b", body, {"Content-Type": "application/json", "webhook-id": "msg_1"})
    (posted,) = receiver.posted
    assert (posted.method, posted.target, posted.body) == ("POST", "/hook?key=a%20b", body)
    assert posted.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert posted.headers["webhook-id"] == "msg_1"
    assert posted.headers["content-length"] == str(len(body))


def test_a_url_without_a_path_is_posted_to_the_root(http, receiver):
    assert post(http, f"http://127.0.0.1:{receiver.port}").status_code == 200
    assert receiver.posted[0].target == "/"


@pytest.mark.parametrize(
    "url", ["http://ü.invalid/", "http://" + "a" * 300 + ".invalid/", "http://a..b/", "http://nowhere.invalid/\u20ac"]
)
def test_a_url_that_leads_nowhere_is_an_answer_not_an_exception(http, url):
    result = post(http, url)
    assert result.status_code is None and result.error


@pytest.mark.parametrize("status", [200, 201, 204, 400, 404, 410, 500, 503])
def test_the_status_is_the_answers(http, receiver, status):
    receiver.behave(answer(status, b"" if status == 204 else b"text"))
    result = post(http, receiver.url)
    assert (result.status_code, result.body, result.error) == (status, "" if status == 204 else "text", None)


def test_a_redirect_is_not_followed(http, receiver):
    with Receiver() as elsewhere:
        receiver.behave(redirect(elsewhere.url))
        assert post(http, receiver.url).status_code == 302
        assert elsewhere.connections == 0


def test_the_first_two_kilobytes_are_kept(http, receiver):
    receiver.behave(answer(500, b"x" * 100_000))
    assert post(http, receiver.url).body == "x" * 2048


def test_an_answer_that_is_no_text_is_kept_readable(http, receiver):
    receiver.behave(answer(200, b"\xff\x00ok"))
    assert post(http, receiver.url).body == "\ufffd\ufffdok"


def test_complete_headers_decide_though_the_body_breaks_off(http, receiver):
    receiver.behave(drop_amid_body)
    result = post(http, receiver.url)
    assert (result.status_code, result.body, result.error) == (200, "half", None)


def test_complete_headers_decide_though_the_body_never_ends(hasty, receiver):
    receiver.behave(drip_body)
    result = post(hasty, receiver.url)
    assert (result.status_code, result.error) == (200, None)
    assert result.body is not None and set(result.body) <= {"a"}
    assert result.duration_ms < LATE


@pytest.mark.parametrize(
    "behaviour",
    [
        drop,
        drop_amid_headers,
        raw(b"HTTP/1.1 200 OK\r\n"),
        raw(b"HTTP/1.1 200"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"),
        raw(b"no HTTP at all\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 5000 + b"\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"),
    ],
)
def test_headers_that_are_not_complete_are_no_answer(http, receiver, behaviour):
    receiver.behave(behaviour)
    result = post(http, receiver.url)
    assert (result.status_code, result.body) == (None, None)
    assert result.error is not None and result.error.startswith("connection failed")
    assert len(receiver.posted) == 1


def test_a_closed_port_is_told_as_refused(http, receiver):
    receiver.go_away()
    assert post(http, receiver.url).error == "connection refused"
    receiver.come_back()
    assert post(http, receiver.url).status_code == 200


def test_a_name_that_does_not_exist_is_told(http, monkeypatch):
    def resolve(*_, **__):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert post(http, "http://hook.example/").error == "the name could not be resolved"
