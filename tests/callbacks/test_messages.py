"""Messages over HTTP: in each vendor's shape, signed and forged, kept before they are acknowledged, told again harmlessly."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode

import pytest

from tests.support.domain import make_route, make_wallet, send
from tests.support.gateways import Vendor, set_up
from wesend.accounts.sides import LIVE
from wesend.core.clock import DAY
from wesend.database import query
from wesend.routing import opt_outs
from wesend.two_way import incoming, matching

PHONE, NUMBER = "+256772000411", "32811"
HTTP = {"inbound_from": "results.from", "inbound_text": "results.text", "inbound_to": "results.to", "inbound_id": "results.id"}


def africastalking(vendor: Vendor, text: str = "Hello", ref: str = "at-1", **more):
    return vendor(
        data={"id": ref, "text": text, "from": PHONE, "to": NUMBER, "date": "2026-06-10 12:00:00", "networkCode": "64110", **more}
    )


def twilio(vendor: Vendor, text: str = "Hello", ref: str = "SM1", token: str = "tw-token", **more):
    form = {"MessageSid": ref, "From": PHONE, "To": NUMBER, "Body": text, "NumMedia": "0", "SmsStatus": "received", **more}
    signed = "http://127.0.0.1:8000" + vendor.path + "".join(name + value for name, value in sorted(form.items()))
    signature = b64encode(hmac.digest(token.encode(), signed.encode(), hashlib.sha1)).decode()
    return vendor(data=form, headers={"X-Twilio-Signature": signature})


def android(vendor: Vendor, text: str = "Hello", ref: str = "1", key: str = "wk", **more):
    payload = {
        "messageId": "same",
        "message": text,
        "sender": PHONE,
        "recipient": NUMBER,
        "simNumber": 1,
        "receivedAt": ref,
        **more,
    }
    body = json.dumps({"event": "sms:received", "payload": payload})
    signature = hmac.digest(key.encode(), (body + "1750000000").encode(), hashlib.sha256).hex()
    return vendor(data=body, headers={"X-Signature": signature, "X-Timestamp": "1750000000"}, content_type="application/json")


def http(vendor: Vendor, text: str = "Hello", ref: str = "h-1", **more):
    return vendor(json={"results": [{"from": PHONE, "text": text, "to": NUMBER, "id": ref, **more}]})


SHAPES = {"africastalking": ({}, africastalking), "twilio": ({}, twilio), "android": ({}, android), "http": (HTTP, http)}


@pytest.fixture(params=SHAPES)
def line(request, context):
    """A gateway by which an account wrote to the phone, and how its vendor tells of a message."""
    options, tell = SHAPES[request.param]
    vendor = Vendor(context, set_up(request.param, **options))
    make_route("ESMS_UG", request.param)
    send(make_wallet("1000"), PHONE)
    return vendor, tell


def kept() -> list[dict]:
    return [dict(row) for row in query("SELECT * FROM incoming_messages ORDER BY id")]


def got() -> list[dict]:
    return [dict(row) for row in query("SELECT * FROM inbound_messages ORDER BY id")]


def test_a_message_is_kept_before_anything_is_made_of_it_and_then_given_to_its_account(line):
    vendor, tell = line
    answer = tell(vendor)
    assert answer.status_code == 200
    ((row,), nothing) = kept(), got()
    assert (row["sender"], row["recipient"], row["text"], row["state"], nothing) == (PHONE, NUMBER, "Hello", "new", [])
    assert row["raw"] and len(row["raw"]) <= 2000
    assert matching.match_new() == 1
    (message,) = got()
    assert (message["sender"], message["text"], message["service_id"]) == (PHONE, "Hello", None)
    assert kept()[0]["state"] == "matched"


def test_one_that_is_told_again_is_the_same_and_answered_the_same(line):
    vendor, tell = line
    first = tell(vendor)
    matching.match_new()
    again = tell(vendor)
    matching.match_new()
    assert (again.status_code, again.data, again.content_type) == (first.status_code, first.data, first.content_type)
    assert len(got()) == 1
    assert [row["state"] for row in kept()] == ["matched", "repeated"]


def test_two_that_say_the_same_are_two(line):
    vendor, tell = line
    tell(vendor, ref="first")
    tell(vendor, ref="second")
    assert matching.match_new() == 2
    assert len(got()) == 2


def test_after_thirty_days_the_same_id_is_another_message(line, clock):
    vendor, tell = line
    tell(vendor)
    matching.match_new()
    clock.advance(31 * DAY / 1000)
    tell(vendor)
    assert matching.match_new() == 1


def test_housekeeping_forgets_what_was_told_long_ago_and_no_accounts_messages(line, clock):
    vendor, tell = line
    tell(vendor)
    matching.match_new()
    clock.advance(31 * DAY / 1000)
    assert incoming.forget_old() == 1
    assert (len(kept()), len(got())) == (0, 1)


@pytest.mark.parametrize("text", ["STOP", "Stop. Thank you", "acha", "UNSUBSCRIBE"])
def test_a_stop_is_honoured_by_whoever_wrote_last(line, text):
    vendor, tell = line
    tell(vendor, text=text)
    matching.match_new()
    account = query("SELECT account_id FROM messages")[0][0]
    assert opt_outs.opted_out(account, opt_outs.SMS, [PHONE], LIVE) == {PHONE}
    assert [row["opt_out"] for row in got()] == [1]


@pytest.mark.parametrize("text", ["", "a" * 3000, "Ünï€ode 😀\nsecond line", "nul\0inside"])
def test_any_text_is_kept_up_to_two_thousand_signs(line, text):
    vendor, tell = line
    assert tell(vendor, text=text).status_code == 200
    matching.match_new()
    assert got()[0]["text"] == text[:2000].replace("\0", "")


def test_a_sender_that_is_no_phone_is_kept_as_written(context):
    vendor = Vendor(context, set_up("africastalking", inbound_account=make_wallet("0").account_id))
    vendor(data={"id": "1", "text": "You have received 100", "from": "MPESA", "to": NUMBER, "date": "now"})
    matching.match_new()
    assert got()[0]["sender"] == "MPESA"


def test_nobodys_message_stays_unmatched(context):
    vendor = Vendor(context, set_up("africastalking"))
    africastalking(vendor)
    matching.match_new()
    assert (kept()[0]["state"], got()) == ("unmatched", [])


# -- one vendor's own --------------------------------------------------------------------


def test_africas_talking_tells_of_opt_outs_without_an_id(context):
    vendor = Vendor(context, set_up("africastalking"))
    make_route("ESMS_UG", "africastalking")
    wallet = make_wallet("1000")
    send(wallet, PHONE)
    assert vendor(data={"senderId": "SHOP", "phoneNumber": PHONE}).status_code == 200
    matching.match_new()
    assert opt_outs.opted_out(wallet.account_id, opt_outs.SMS, [PHONE], LIVE) == {PHONE}


def test_africas_talkings_receipts_still_are_receipts(context):
    vendor = Vendor(context, set_up("africastalking"))
    assert vendor(data={"id": "v-1", "status": "Success", "phoneNumber": PHONE}).status_code == 200
    assert (len(query("SELECT 1 FROM brought_receipts")), kept()) == (1, [])


@pytest.mark.parametrize("form", [{"text": "Hello"}, {"senderId": "SHOP"}, {}])
def test_what_tells_no_sender_is_refused(context, form):
    assert Vendor(context, set_up("africastalking"))(data=form).status_code == 400
    assert kept() == []


def test_twilio_is_answered_in_its_own_language(context):
    answer = twilio(Vendor(context, set_up("twilio")))
    assert (answer.data, answer.mimetype) == (b"<Response/>", "text/xml")


@pytest.mark.parametrize(("word", "out"), [("STOP", True), ("START", False), ("HELP", False)])
def test_twilios_own_reading_of_a_word_counts(context, word, out):
    vendor = Vendor(context, set_up("twilio"))
    make_route("ESMS_UG", "twilio")
    wallet = make_wallet("1000")
    send(wallet, PHONE)
    twilio(vendor, text="Arrêter", OptOutType=word)
    matching.match_new()
    assert bool(opt_outs.opted_out(wallet.account_id, opt_outs.SMS, [PHONE], LIVE)) is out


FORGED = {"twilio": lambda vendor: twilio(vendor, token="guessed"), "android": lambda vendor: android(vendor, key="guessed")}


@pytest.mark.parametrize("kind", FORGED)
def test_a_forged_message_is_refused_and_not_kept(context, kind):
    vendor = Vendor(context, set_up(kind))
    assert FORGED[kind](vendor).status_code == 403
    assert kept() == []


@pytest.mark.parametrize("kind", SHAPES)
def test_so_is_one_to_an_address_with_a_wrong_token(context, kind):
    options, tell = SHAPES[kind]
    vendor = Vendor(context, set_up(kind, **options))
    vendor.path = vendor.path[:-3] + "abc"
    assert tell(vendor).status_code == 404
    assert kept() == []


@pytest.mark.parametrize(
    ("told", "options", "number"),
    [
        ({"recipient": None, "simNumber": 1}, {"sim1": "+256700000001", "number": "+256700000009"}, "+256700000001"),
        ({"recipient": None, "simNumber": 2}, {"sim1": "+256700000001", "sim2": "+256700000002"}, "+256700000002"),
        ({"recipient": None, "simNumber": 2}, {"number": "+256700000009"}, "+256700000009"),
        ({"recipient": None, "simNumber": None}, {"number": "+256700000009"}, "+256700000009"),
        ({"recipient": "+256700000003"}, {"sim1": "+256700000001"}, "+256700000003"),
        ({"recipient": None}, {}, None),
    ],
)
def test_a_phone_that_does_not_tell_its_number_has_it_from_the_settings(context, told, options, number):
    android(Vendor(context, set_up("android", **options)), **told)
    assert kept()[0]["recipient"] == number


def test_the_apps_older_name_of_the_sender_is_read(context):
    android(Vendor(context, set_up("android")), sender=None, phoneNumber=PHONE)
    assert kept()[0]["sender"] == PHONE


def test_an_http_vendor_may_tell_a_thousand_at_once_and_no_more(context):
    vendor = Vendor(context, set_up("http", **HTTP))
    entries = [{"from": PHONE, "text": str(number), "to": NUMBER, "id": str(number)} for number in range(1001)]
    assert vendor(json={"results": entries}).status_code == 200
    assert len(kept()) == 1000


@pytest.mark.parametrize(
    ("options", "call"),
    [
        ({"inbound_from": "msisdn", "inbound_text": "content"}, {"json": {"msisdn": PHONE, "content": "Hi"}}),
        ({"inbound_from": "msisdn", "inbound_text": "content"}, {"json": [{"msisdn": PHONE, "content": "Hi"}]}),
        ({"inbound_from": "msisdn", "inbound_text": "content"}, {"data": {"msisdn": PHONE, "content": "Hi"}}),
        ({"inbound_from": "msisdn", "inbound_text": "content"}, {"method": "GET", "query": f"?msisdn=%2B{PHONE[1:]}&content=Hi"}),
        (
            {"inbound_from": "data.a.from", "inbound_text": "data.a.body", "inbound_to": "to"},
            {"json": {"to": "1", "data": {"a": {"from": PHONE, "body": "Hi"}}}},
        ),
    ],
)
def test_the_fields_of_an_http_vendor_are_the_operators_to_name(context, options, call):
    vendor = Vendor(context, set_up("http", **options))
    assert vendor(**call).status_code == 200
    ((row,),) = (kept(),)
    assert (row["sender"], row["text"], row["gateway_ref"]) == (PHONE, "Hi", None)


def test_without_an_id_an_http_vendors_time_tells_repeats_apart(context):
    vendor = Vendor(context, set_up("http", inbound_from="from", inbound_text="text", inbound_time="at"))
    for at in ("1", "1", "2"):
        vendor(json={"from": PHONE, "text": "Hi", "at": at})
    assert [row["state"] for row in kept()] == ["new", "repeated", "new"]


def test_receipts_and_messages_of_one_http_vendor_share_an_address(context):
    vendor = Vendor(context, set_up("http", receipt_id="id", receipt_status="status", inbound_from="from", inbound_text="text"))
    assert vendor(json={"id": "v-1", "status": "DELIVRD"}).status_code == 200
    assert vendor(json={"from": PHONE, "text": "Hi"}).status_code == 200
    assert vendor(json={"neither": 1}).status_code == 400
    assert (len(query("SELECT 1 FROM brought_receipts")), len(kept())) == (1, 1)


@pytest.mark.parametrize(
    "options",
    [{"inbound_from": "from"}, {"inbound_text": "text"}, {"inbound_to": "to"}, {"inbound_id": "id", "inbound_time": "at"}],
)
def test_half_of_the_fields_is_an_error_that_names_one(context, options):
    with pytest.raises(Exception, match="inbound_"):
        set_up("http", **options)
