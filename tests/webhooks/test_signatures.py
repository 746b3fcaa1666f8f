"""Every POST is signed twice: as the vendor does, and as Standard Webhooks do."""

import base64
import hashlib
import hmac

import pytest

from wesend.database import query
from wesend.webhooks import endpoints

from ..support.receiver import Posted, answer


def verify(secret: str, payload: bytes, signature: str) -> bool:
    """As it stands in Wasambazie's reference."""
    expected = hmac.new(secret.encode(), payload, hashlib.sha256).hexdigest()
    return hmac.compare_digest(expected, signature)


def verify_standard(secret: str, posted: Posted) -> bool:
    """As the Standard Webhooks specification says, from nothing but the request and the secret."""
    head = f"{posted.headers['webhook-id']}.{posted.headers['webhook-timestamp']}."
    signed = head.encode() + posted.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return expected in posted.headers["webhook-signature"].split(" ")


def test_wasambazies_header_is_bare_hex_that_the_references_code_verifies(engine, receiver):
    endpoint = engine.add(receiver.url, "wasambazie")
    engine.put(endpoint.id)
    engine.round()
    (posted,) = receiver.posted
    signature = posted.headers["x-wasambazie-signature"]
    assert len(signature) == 64
    assert verify(endpoint.secret, posted.body, signature)
    assert not verify(endpoint.secret, posted.body + b" ", signature)


def test_wesendalls_header_has_its_prefix(engine, receiver):
    endpoint = engine.add(receiver.url, "wesendall")
    engine.put(endpoint.id)
    engine.round()
    (posted,) = receiver.posted
    prefix, _, signature = posted.headers["x-wesendall-signature"].partition("=")
    assert prefix == "sha256"
    assert verify(endpoint.secret, posted.body, signature)


@pytest.mark.parametrize("format_name", ["wesendall", "wasambazie"])
def test_standard_webhooks_verify_beside_it(engine, receiver, format_name, clock):
    endpoint = engine.add(receiver.url, format_name)
    engine.put(endpoint.id, payload={"text": "Zoë 🎉"})
    engine.round()
    (posted,) = receiver.posted
    assert verify_standard(endpoint.secret, posted)
    assert posted.headers["webhook-timestamp"] == str(int(clock.seconds))
    assert posted.headers["webhook-id"] == engine.delivery()["uid"]
    assert posted.headers["content-type"] == "application/json"
    assert posted.json == {"text": "Zoë 🎉"}


def test_the_id_is_the_same_on_every_attempt_and_the_time_is_not(engine, receiver, clock):
    endpoint = engine.add(receiver.url)
    receiver.behave(answer(500), answer(500), answer(200))
    engine.put(endpoint.id)
    for _ in range(3):
        engine.round()
        clock.advance(200)
    assert len(receiver.posted) == 3
    assert len({posted.headers["webhook-id"] for posted in receiver.posted}) == 1
    assert len({posted.headers["webhook-timestamp"] for posted in receiver.posted}) == 3
    assert len({posted.body for posted in receiver.posted}) == 1
    assert all(verify_standard(endpoint.secret, posted) for posted in receiver.posted)


def test_a_secret_is_whsec_and_lies_encrypted(engine, receiver, app):
    endpoint = engine.add(receiver.url)
    assert endpoint.secret.startswith("whsec_")
    assert len(base64.b64decode(endpoint.secret.removeprefix("whsec_"), validate=True)) >= 24
    with app.app_context():
        (row,) = query("SELECT * FROM webhook_endpoints")
        logged = " ".join(str(tuple(entry)) for entry in query("SELECT * FROM audit_log"))
    assert endpoint.secret not in str(tuple(row)) and endpoint.secret.removeprefix("whsec_") not in row["secret"]
    assert endpoint.secret not in logged


def test_a_new_secret_signs_from_the_next_attempt_on(engine, receiver, app, clock):
    endpoint = engine.add(receiver.url)
    receiver.behave(answer(500), answer(200))
    engine.put(endpoint.id)
    engine.round()
    with app.app_context():
        renewed = endpoints.rotate_secret(endpoint.id, actor="test")
    clock.advance(60)
    engine.round()
    before, after = receiver.posted
    assert verify_standard(endpoint.secret, before) and not verify_standard(renewed, before)
    assert verify_standard(renewed, after) and not verify_standard(endpoint.secret, after)


def test_a_secret_that_somebody_chose_signs_with_its_text(engine, receiver):
    endpoint = engine.add(receiver.url, secret="not base64!")
    engine.put(endpoint.id)
    engine.round()
    (posted,) = receiver.posted
    assert verify("not base64!", posted.body, posted.headers["x-wesendall-signature"].removeprefix("sha256="))
    assert posted.headers["webhook-signature"].startswith("v1,")
