"""Behind TLS: the certificate is held against the name, and the deadline holds."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from ...support.receiver import Receiver, drip_headers
from .posting import post, resolving_to

LATE = 30_000
"""Milliseconds that no deadline of these tests comes near, on a loaded machine either."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> str:
    """A self-signed certificate for `hook.example`, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hook.example")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hook.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "hook.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return str(path)


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
