"""TLS: a certificate that is not trusted sends nothing; the deadline holds inside an encrypted connection, too."""

from __future__ import annotations

import ssl

import pytest

from wesend.adapters.http_client import ANSWERED, HttpClient
from wesend.adapters.outcomes import TEMPORARY, UNKNOWN

from ..support import certificates
from ..support.fakes import FakeVendor, answer


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A self-signed certificate of 127.0.0.1, with its key, in one file."""
    return certificates.make(tmp_path_factory.mktemp("tls")).both


@pytest.fixture
def secure_vendor(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    fake = FakeVendor(context)
    yield fake
    fake.stop()


@pytest.fixture
def trusted(certificate, monkeypatch):
    monkeypatch.setattr("requests.adapters.DEFAULT_CA_BUNDLE_PATH", str(certificate))


@pytest.fixture
def client(request):
    made = HttpClient(request.param)
    yield made
    made.close()


@pytest.mark.parametrize("client", [20.0], indirect=True)
def test_a_certificate_that_is_not_trusted_sends_nothing(client, secure_vendor):
    reply = client.request("POST", secure_vendor.url + "/send", json={"to": "+256772000001"})
    assert reply.kind == TEMPORARY
    assert "TLS failed" in reply.reason
    assert secure_vendor.asked == []


@pytest.mark.parametrize("client", [20.0], indirect=True)
def test_a_trusted_one_is_talked_to_over_one_connection(client, secure_vendor, trusted):
    secure_vendor.on("POST", "/send", answer(200, {"ok": True}))
    for _ in range(2):
        reply = client.request("POST", secure_vendor.url + "/send", json={})
    assert (reply.kind, reply.object()) == (ANSWERED, {"ok": True})
    assert len({asked.connection for asked in secure_vendor.asked}) == 1


@pytest.mark.parametrize("client", [1.0], indirect=True)
def test_a_dripping_server_holds_a_call_no_longer_than_the_deadline(client, secure_vendor, trusted):
    secure_vendor.on("POST", "/send", secure_vendor.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n"))
    assert client.request("POST", secure_vendor.url + "/send", json={}).kind == UNKNOWN
    assert not secure_vendor.dripped_out
