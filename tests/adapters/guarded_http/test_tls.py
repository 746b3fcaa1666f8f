"""Behind TLS: the certificate is held against the name, and the deadline holds."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import pytest

from ...support import certificates
from ...support.receiver import Receiver, drip_headers
from .posting import post, resolving_to

LATE = 30_000
"""Milliseconds that no deadline of these tests comes near, on a loaded machine either."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> str:
    """A self-signed certificate for `hook.example`, with its key, in one file."""
    return str(certificates.make(tmp_path_factory.mktemp("tls"), "hook.example").both)


@pytest.fixture
def secure(certificate, monkeypatch) -> Iterator[Receiver]:
    """A receiver behind TLS; `hook.example` and `other.example` lead to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with Receiver(tls=context) as started:
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: resolving_to("127.0.0.1", port=started.port))
        yield started


def test_a_certificate_that_nobody_vouches_for_is_refused(http, secure):
    assert post(http, f"https://hook.example:{secure.port}/").error == "TLS failed"
    assert secure.posted == []


def test_the_certificate_is_held_against_the_name_not_the_address(http, secure, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    assert post(http, f"https://hook.example:{secure.port}/").status_code == 200
    assert secure.posted[0].headers["host"] == f"hook.example:{secure.port}"
    assert post(http, f"https://other.example:{secure.port}/").error == "TLS failed"
    assert len(secure.posted) == 1


def test_the_deadline_holds_behind_tls_too(hasty, secure, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    secure.behave(drip_headers)
    result = post(hasty, f"https://hook.example:{secure.port}/")
    assert (result.status_code, result.error) == (None, "no answer within 0.5 s")
    assert result.duration_ms < LATE
