"""A gateway's secret is shown to nobody: nor can it be had by leading the gateway to an address of one's own."""

from __future__ import annotations

import json

import pytest

from tests.adapters.adapters import GIVEN
from tests.support.gateways import ACTOR
from wesend.adapters.options import destination, read_options
from wesend.adapters.sms import types as sms
from wesend.core.errors import InvalidInput
from wesend.database import atomic
from wesend.gateways import registry, service

THEIRS = "http://vendor.example"
OURS = "http://127.0.0.1:9"
ELSEWHERE = [
    (kind, option, value)
    for kind, changes in {
        "africastalking": {"base_url": OURS, "username": "sandbox"},
        "marzsms": {"base_url": OURS},
        "twilio": {"base_url": OURS},
        "android": {"base_url": OURS},
        "smpp": {"host": "127.0.0.1", "port": "2776", "tls": "1", "ca_file": "/tmp/ours.pem"},
        "http": {"url": OURS, "body": '{"to": "{to}", "text": "{api_key}"}', "headers": '{"X": "{api_key}"}'},
        "mpesa": {"base_url": OURS},
        "momo": {"base_url": OURS, "target_environment": "sandbox"},
        "marzpay": {"base_url": OURS},
        "airtel": {"base_url": OURS},
        "yo-payments": {"base_url": OURS},
        "selcom": {"base_url": OURS},
        **{name: {"base_url": OURS} for name in sms.SHIPPED},
        "beem": {"base_url": OURS, "dlr_url": OURS},
    }.items()
    for option, value in changes.items()
]


def settings(kind: str) -> tuple[dict[str, str], dict[str, str]]:
    """Options and secrets of a gateway of this type, at the vendor's."""
    if kind == "smpp":
        return {"host": "vendor.example", "system_id": "shop"}, {"password": "p"}
    options, secrets = GIVEN[kind]
    address = {"url": f"{THEIRS}/send"} if kind == "http" else {"base_url": THEIRS}
    return {**address, **options}, {**secrets, **({"api_key": "k"} if kind == "http" else {})}


def test_every_type_is_tried():
    assert {kind for kind, _, _ in ELSEWHERE} == set(registry.types()) - set(registry.BUILT_IN)


@pytest.mark.parametrize("kind", sorted({kind for kind, _, _ in ELSEWHERE}))
def test_every_option_that_leads_somewhere_is_tried(context, kind):
    of_type = registry.types()[kind]
    leading = destination(of_type, read_options(of_type, *settings(kind)))
    assert set(leading) == {option for tried, option, _ in ELSEWHERE if tried == kind}


@pytest.mark.parametrize(("kind", "option", "value"), ELSEWHERE)
def test_another_address_asks_for_the_secrets_again(context, kind, option, value):
    options, secrets = settings(kind)
    service.set_gateway("g", kind, options, secrets, actor=ACTOR)
    before = service.get_gateway("g")
    with pytest.raises(InvalidInput, match="give its secrets again") as refused:
        service.set_gateway("g", kind, {**options, option: value}, {}, actor=ACTOR)
    assert set(refused.value.fields) == {f"secrets.{name}" for name in secrets}
    assert service.get_gateway("g") == before
    service.set_gateway("g", kind, {**options, option: value}, secrets, actor=ACTOR)
    assert service.get_gateway("g").options[option] == value


@pytest.mark.parametrize("kind", ["africastalking", "mpesa"])
def test_leaving_the_address_out_is_another_address_too(context, kind):
    options, secrets = settings(kind)
    service.set_gateway("g", kind, options, secrets, actor=ACTOR)
    del options["base_url"]
    with pytest.raises(InvalidInput, match="give its secrets again"):
        service.set_gateway("g", kind, options, {}, actor=ACTOR)


def test_one_secret_given_again_does_not_carry_the_others_along(context):
    options, secrets = settings("mpesa")
    service.set_gateway("g", "mpesa", options, secrets, actor=ACTOR)
    with pytest.raises(InvalidInput) as refused:
        service.set_gateway("g", "mpesa", {**options, "base_url": OURS}, {"passkey": "mine"}, actor=ACTOR)
    assert set(refused.value.fields) == {"secrets.consumer_key", "secrets.consumer_secret"}


def test_other_options_change_without_the_secrets(context):
    options, secrets = settings("africastalking")
    service.set_gateway("g", "africastalking", options, secrets, actor=ACTOR)
    service.set_gateway("g", "africastalking", {**options, "tps": "5"}, {}, actor=ACTOR)
    assert registry.sms_gateway("g").credentials == secrets


def test_settings_that_an_older_version_took_keep_no_secret_for_another_address(context):
    """What is stored can't be read any more, so nobody can tell where its secrets were sent."""
    options, secrets = settings("mpesa")
    service.set_gateway("g", "mpesa", options, secrets, actor=ACTOR)
    with atomic() as tx:
        tx.execute("UPDATE gateways SET options = ?", (json.dumps({**options, "an_old_option": "1"}),))
    for address in (OURS, THEIRS):
        with pytest.raises(InvalidInput, match="give its secrets again"):
            service.set_gateway("g", "mpesa", {**options, "base_url": address}, {}, actor=ACTOR)
    service.set_gateway("g", "mpesa", {**options, "base_url": OURS}, secrets, actor=ACTOR)
    assert service.get_gateway("g").options["base_url"] == OURS
