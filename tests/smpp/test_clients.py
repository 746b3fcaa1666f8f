"""Clients that nobody here wrote: PyPI's `smpplib` and `smpp34`, npm's `smpp`; in plain and over TLS."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import ssl
import subprocess
import warnings
from pathlib import Path

import pytest
import smpp34
import smpplib.client
import smpplib.exceptions

from tests.support import certificates
from tests.support.smpp_client import Client
from tests.support.smsc_node import HERE, node_with_smpp

from .conftest import SmppServer

PHONE = "256712345678"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return certificates.make(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="module")
def tls_server(new_instance, certificate):
    with SmppServer(new_instance(), WESEND_SMPP_TLS_CERT=str(certificate.cert), WESEND_SMPP_TLS_KEY=str(certificate.key)) as server:
        yield server


def test_smpplib(server, key):
    client = smpplib.client.Client("127.0.0.1", server.smpp_port, allow_unknown_opt_params=True)
    client.logger.setLevel(logging.ERROR)
    ids, receipts = [], []
    client.set_message_sent_handler(lambda pdu: ids.append(pdu.message_id.decode()))
    client.set_message_received_handler(lambda pdu: receipts.append(pdu.short_message.decode()) or 0)
    client.connect()
    client.bind_transceiver(system_id=key["system_id"], password=key["password"])
    for text in (b"One", b"Two"):
        client.send_message(
            source_addr_ton=0,
            source_addr="",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr=PHONE,
            short_message=text,
            registered_delivery=True,
        )
    while len(receipts) < 2:
        client.read_once()
    client.query_message(message_id=ids[0], source_addr_ton=0, source_addr_npi=0, source_addr="")
    client.unbind()
    client.disconnect()
    assert sorted(receipt.partition(" ")[0] for receipt in receipts) == sorted(f"id:{found}" for found in ids)
    assert all("stat:DELIVRD" in receipt for receipt in receipts)


def test_smpplib_is_told_of_a_wrong_password(server, key):
    client = smpplib.client.Client("127.0.0.1", server.smpp_port, allow_unknown_opt_params=True)
    client.logger.setLevel(logging.CRITICAL)
    client.connect()
    with pytest.raises(smpplib.exceptions.PDUError) as refused:
        client.bind_transmitter(system_id=key["system_id"], password="wrong")
    assert refused.value.args[1] == 0x0E
    client.disconnect()


@pytest.mark.parametrize("bind_type", ["TRX", "TX"])
def test_smpp34(server, key, bind_type):
    async def run() -> tuple:
        client = smpp34.Client("127.0.0.1", server.smpp_port, key["system_id"], key["password"], bind_type=bind_type)
        smsc = await client.connect()
        answers = await asyncio.gather(
            *[smsc.submit_sm(PHONE, b"Hello", dest_addr_ton=1, registered_delivery=int(bind_type == "TRX")) for _ in range(10)]
        )
        receipts = [await asyncio.wait_for(smsc.next(), 15) for _ in range(10)] if bind_type == "TRX" else []
        await smsc.unbind()
        return smsc.system_id, [answer.message_id for answer in answers], receipts

    _, ids, receipts = asyncio.run(run())
    assert len(set(ids)) == 10
    if receipts:
        told = {bytes(receipt.short_message).partition(b" ")[0].decode() for receipt in receipts}
        assert told == {f"id:{found}" for found in ids}


def through_node(url: str, key: dict) -> dict:
    given = {"url": url, "systemId": key["system_id"], "password": key["password"], "to": PHONE}
    done = subprocess.run(
        [node_with_smpp(), str(HERE / "smpp_client_node.js"), json.dumps(given)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def check_node(told: dict) -> None:
    assert told["bind"] == 0 and len(set(told["ids"])) == 3
    assert {receipt["id"] for receipt in told["receipts"]} == set(told["ids"])
    assert {receipt["state"] for receipt in told["receipts"]} == {2}


def test_npms_smpp(server, customer):
    key = server.key(customer)
    told = through_node(f"smpp://127.0.0.1:{server.smpp_port}", key)
    check_node(told)
    found = server.query(
        "SELECT m.text, m.segments FROM messages m JOIN batches b ON b.id = m.batch_id WHERE b.api_key_id = ? ORDER BY m.segments",
        key["key_id"],
    )
    assert found == [("Hello from node", 1), ("first part and second part", 2)]


def test_npms_smpp_over_tls(tls_server):
    check_node(through_node(f"ssmpp://127.0.0.1:{tls_server.smpp_port}", tls_server.key(tls_server.customer())))


def trusting(path: Path) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=path)


def test_a_new_certificate_is_taken_without_a_restart(tls_server, certificate, tmp_path):
    key = tls_server.key(tls_server.customer())
    with Client(tls_server.smpp_port, tls=trusting(certificate.cert)) as before:
        before.bind(key)
        renewed = certificates.make(tmp_path)
        certificate.cert.write_bytes(renewed.cert.read_bytes())
        certificate.key.write_bytes(renewed.key.read_bytes())

        def is_served() -> bool:
            try:
                with Client(tls_server.smpp_port, tls=trusting(renewed.cert)) as client:
                    return client.try_bind(key["system_id"], key["password"]).status == 0
            except ssl.SSLError:
                return False

        tls_server.wait_until(is_served, 5, "the old certificate is still shown")
        assert before.submit(PHONE).status == 0
        rows = [row for row in tls_server.command("smpp", "list")["binds"] if row["key_id"] == key["key_id"]]
        assert {row["tls"] for row in rows} == {True}


def test_old_tls_is_refused(tls_server):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionError)):
        Client(tls_server.smpp_port, tls=context)


def test_who_speaks_no_tls_gets_nothing(tls_server):
    with socket.create_connection(("127.0.0.1", tls_server.smpp_port), timeout=10) as raw:
        raw.sendall(b"\0\0\0\x10\0\0\0\x15\0\0\0\0\0\0\0\1")
        try:
            while raw.recv(1000):
                pass
        except ConnectionError:
            pass


@pytest.mark.parametrize("settings", [{"WESEND_SMPP_HOST": "0.0.0.0"}, {"WESEND_SMPP_TLS_CERT": "/nowhere"}])
def test_what_should_not_be_served_is_refused_in_a_sentence(new_instance, settings):
    refused = SmppServer(new_instance(), **settings)
    process = refused.launch()
    assert process.wait(60) == 1
    assert "WESEND_SMPP_TLS_CERT" in refused.output() and "Traceback" not in refused.output()
