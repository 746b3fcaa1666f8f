"""The registry: adapters are built from what was set up, kept while it stands, and closed when it changes."""

from __future__ import annotations

import threading

import pytest

from tests.support.gateways import ACTOR, NOWHERE, set_up
from tests.support.smsc import eventually
from wesend.adapters.sms.africastalking import AfricasTalking
from wesend.core.errors import GatewayExists, GatewayNotFound, InvalidInput
from wesend.database import query, write
from wesend.gateways import registry, service

SECRET = "s3cr3t-key-of-ours"


@pytest.fixture
def closed(monkeypatch) -> list:
    """The adapters that were closed."""
    found: list = []
    monkeypatch.setattr(AfricasTalking, "close", lambda self: found.append(self))
    return found


def test_a_gateway_that_is_set_up_is_built_with_its_settings(context):
    set_up("africastalking", "http://127.0.0.1:9/", name="at", parallel=3, tps="2.5")
    adapter = registry.sms_gateway("at")
    assert isinstance(adapter, AfricasTalking)
    assert (adapter.name, adapter.base_url, adapter.parallel, adapter.tps) == ("at", NOWHERE, 3, 2.5)
    assert adapter.credentials == {"api_key": "at-key"}
    assert adapter.timeout == context.config["WESEND"].gateway_timeout


def test_it_is_built_once_and_kept_while_its_settings_stand(closed):
    set_up("africastalking", name="at")
    before, built = registry.sms_gateway("at"), list(closed)
    set_up("marzsms", name="other")
    assert registry.sms_gateway("at") is before
    assert closed == built and set(registry.sms_gateways()) == {"sandbox", "at", "other"}


def test_when_it_is_set_anew_another_is_built_and_the_old_one_closed(closed):
    set_up("africastalking", name="at", parallel=3)
    before = registry.sms_gateway("at")
    set_up("africastalking", name="at", parallel=5)
    after = registry.sms_gateway("at")
    assert after is not before and after.parallel == 5
    eventually(lambda: before in closed, "the old one stays open")
    assert after not in closed


def test_when_it_is_removed_it_is_closed(closed):
    set_up("africastalking", name="at")
    adapter = registry.sms_gateway("at")
    service.remove_gateway("at", actor=ACTOR)
    assert registry.sms_gateway("at") is None
    eventually(lambda: adapter in closed, "it stays open")


def test_one_that_is_slow_to_close_holds_up_nobody_not_even_a_write_that_notices_the_change(monkeypatch):
    released = threading.Event()
    set_up("africastalking", name="at", parallel=3)
    registry.sms_gateway("at")
    monkeypatch.setattr(AfricasTalking, "close", lambda self: self.parallel == 3 and released.wait(30))
    set_up("africastalking", name="at", parallel=5)
    assert write(lambda tx: registry.sms_gateway("at").parallel) == 5
    released.set()


def test_everything_is_closed_at_the_end_and_begins_anew_when_it_is_needed(context, closed):
    set_up("africastalking", name="at")
    adapter = registry.sms_gateway("at")
    registry.close(context)
    assert adapter in closed and registry.sms_gateway("at") is adapter


def test_many_threads_that_look_at_once_get_the_same_adapter(context):
    set_up("africastalking", name="at")
    found, barrier = [], threading.Barrier(8)

    def look() -> None:
        with context.app_context():
            barrier.wait(30)
            found.append(registry.sms_gateway("at"))
            context.extensions["wesend.database"].close_thread()

    threads = [threading.Thread(target=look) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(found) == 8 and len(set(map(id, found))) == 1


def test_secrets_are_sealed_in_the_database_and_never_shown_or_logged(context):
    info = set_up("africastalking", name="at", secrets={"api_key": SECRET})
    (row,) = query("SELECT * FROM gateways")
    assert not any(SECRET in str(value) for value in tuple(row))
    assert not any(SECRET in str(tuple(entry)) for entry in query("SELECT * FROM audit_log"))
    assert SECRET not in str(info) and SECRET not in str(service.list_gateways())
    assert registry.sms_gateway("at").credentials["api_key"] == SECRET


def test_secrets_that_are_not_given_again_stay_and_so_does_the_callback_address():
    before = set_up("africastalking", name="at", secrets={"api_key": SECRET})
    after = service.set_gateway("at", "africastalking", {"username": "acme", "base_url": NOWHERE, "parallel": "3"}, {}, actor=ACTOR)
    assert registry.sms_gateway("at").credentials["api_key"] == SECRET
    assert registry.sms_gateway("at").parallel == 3
    assert after.callback_url == before.callback_url


def test_secrets_of_another_type_do_not_stay():
    set_up("africastalking", name="x", secrets={"api_key": SECRET})
    with pytest.raises(InvalidInput, match="secret api_key is missing"):
        service.set_gateway("x", "marzsms", {}, {"api_secret": "s"}, actor=ACTOR)


def test_with_another_secret_key_a_gateway_is_out_of_use_until_its_secrets_are_given_again(app_with, context, caplog):
    set_up("africastalking", name="at")
    with app_with(WESEND_SECRET_KEY="another").app_context():
        assert registry.sms_gateway("at") is None
        assert "secret key" in service.get_gateway("at").problem
        with pytest.raises(InvalidInput, match="secret api_key is missing"):
            service.set_gateway("at", "africastalking", {"username": "acme"}, {}, actor=ACTOR)
        assert service.set_gateway("at", "africastalking", {"username": "acme"}, {"api_key": "k"}, actor=ACTOR).problem is None
    assert "can't be used" in caplog.text


@pytest.mark.parametrize(
    "type_name, options, secrets, sentence",
    [
        ("pigeon", {}, {}, "pigeon is no type of gateway"),
        ("africastalking", {}, {"api_key": "k"}, "option username is missing"),
        ("africastalking", {"username": "u"}, {}, "secret api_key is missing"),
        ("africastalking", {"username": "u", "colour": "red"}, {"api_key": "k"}, "knows no option 'colour'"),
        ("africastalking", {"username": "u", "parallel": "many"}, {"api_key": "k"}, "parallel must be a whole number"),
        ("africastalking", {"username": "u", "parallel": "0"}, {"api_key": "k"}, "parallel must be from 1 to 256"),
        ("africastalking", {"username": "u", "tps": "-1"}, {"api_key": "k"}, "tps must be a number above 0"),
        ("africastalking", {"username": "u", "base_url": "ftp://x"}, {"api_key": "k"}, "base_url must be a web address"),
        ("africastalking", {"username": "u", "api_key": "k"}, {}, "api_key is a secret"),
        ("smpp", {"host": "h", "system_id": "s", "port": "0"}, {"password": "p"}, "port must be from 1 to 65535"),
        ("mpesa", {"shortcode": "x"}, {"consumer_key": "c", "consumer_secret": "s", "passkey": "p"}, "shortcode"),
    ],
)
def test_a_wrong_setting_is_one_sentence_and_changes_nothing(type_name, options, secrets, sentence):
    set_up("marzsms", name="x")
    before = [tuple(row) for row in query("SELECT * FROM gateways")]
    with pytest.raises(InvalidInput) as refused:
        service.set_gateway("x", type_name, options, secrets, actor=ACTOR)
    assert sentence in str(refused.value) and "\n" not in str(refused.value)
    assert [tuple(row) for row in query("SELECT * FROM gateways")] == before


def test_a_wrong_secret_is_not_told_in_the_sentence():
    with pytest.raises(InvalidInput) as refused:
        set_up("africastalking", secrets={"api_key": SECRET + "\x07"})
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("name", ["", "a b", "-x", "x" * 41, "ä", "a/b", "..", "a.b"])
def test_a_name_is_small_letters_digits_and_signs_that_fit_in_a_path(name):
    with pytest.raises(InvalidInput, match="not a gateway's name"):
        service.set_gateway(name, "marzsms", {}, {}, actor=ACTOR)


def test_the_setting_that_is_wrong_is_named_apart_from_the_sentence():
    with pytest.raises(InvalidInput) as refused:
        service.set_gateway("x", "marzsms", {}, {"api_key": "k"}, actor=ACTOR)
    assert list(refused.value.fields) == ["secrets.api_secret"]
    with pytest.raises(InvalidInput) as refused:
        service.set_gateway("a b", "marzsms", {}, {}, actor=ACTOR)
    assert list(refused.value.fields) == ["name"]


def test_a_new_gateway_never_takes_the_place_of_another():
    set_up("africastalking", name="at")
    before = [tuple(row) for row in query("SELECT * FROM gateways")]
    with pytest.raises(GatewayExists, match="named at already"):
        service.set_gateway("AT", "marzsms", {}, {"api_key": "k", "api_secret": "s"}, actor=ACTOR, is_new=True)
    assert [tuple(row) for row in query("SELECT * FROM gateways")] == before


def test_an_empty_secret_takes_away_what_was_given_before():
    set_up("android", name="phone", secrets={"webhook_key": SECRET})
    assert service.get_gateway("phone").secrets == ("username", "password", "webhook_key")
    service.set_gateway("phone", "android", {"base_url": NOWHERE}, {"webhook_key": ""}, actor=ACTOR)
    assert registry.sms_gateway("phone").credentials["webhook_key"] is None
    assert service.get_gateway("phone").secrets == ("username", "password")


def test_settings_that_this_version_can_not_use_are_told(caplog):
    set_up("africastalking", name="at")
    write(lambda tx: tx.execute('UPDATE gateways SET options = \'{"username": "a", "tps": "fast"}\''))
    assert "tps must be a number" in service.get_gateway("at").problem


def test_a_name_with_capital_letters_is_the_same_gateway_everywhere():
    assert set_up("africastalking", name=" AT ").name == "at"
    assert service.get_gateway("At").name == "at"
    service.remove_gateway("AT", actor=ACTOR)
    with pytest.raises(GatewayNotFound):
        service.get_gateway("at")


@pytest.mark.parametrize("name", sorted(registry.RESERVED))
def test_names_that_are_always_there_cannot_be_taken(name):
    with pytest.raises(InvalidInput, match="always there"):
        set_up("africastalking", name=name)


@pytest.mark.parametrize("name", sorted(registry.BUILT_IN))
def test_what_is_always_there_can_be_set_as_it_is_and_not_removed(name):
    assert service.set_gateway(name, registry.BUILT_IN[name], {}, {}, actor=ACTOR).problem is None
    with pytest.raises(InvalidInput, match="always there"):
        service.remove_gateway(name, actor=ACTOR)


def test_a_gateway_that_is_made_again_after_its_removal_has_another_address():
    before = set_up("africastalking", name="at")
    service.remove_gateway("at", actor=ACTOR)
    assert set_up("africastalking", name="at").callback_url != before.callback_url


@pytest.mark.parametrize(
    "kind, kinds",
    [
        ("africastalking", "sms"),
        ("twilio", "sms"),
        ("android", "sms"),
        ("http", "sms"),
        ("mpesa", "money"),
        ("momo", "money"),
        ("marzpay", "money"),
    ],
)
def test_vendors_that_call_us_have_an_address_for_it(context, kind, kinds):
    address = set_up(kind).callback_url
    assert address.startswith(f"{context.config['WESEND'].base_url}/callbacks/{kinds}/{kind}/")
    assert len(address.rsplit("/", 1)[1]) >= 24


def test_a_vendor_that_brings_nothing_has_no_address():
    assert set_up("marzsms").callback_url is None
