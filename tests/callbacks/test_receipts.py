"""Receipts over HTTP: each vendor's shape, kept first and matched later, harmless when late, repeated or hostile."""

from __future__ import annotations

import hashlib
import hmac
import json
from base64 import b64encode

import pytest

from tests.support.domain import assert_counted, make_route, message, problems, put, send, timeline
from tests.support.gateways import Vendor, set_up
from wesend.database import query
from wesend.messages.receipts import inbox as receipt_inbox

TO = "+256712300000"
HTTP = {"receipt_id": "messageId", "receipt_status": "status", "delivered": "DELIVRD", "failed": "UNDELIV,EXPIRED"}


def one(wallet, kind: str, status: str = "submitted", to: str = TO, ref: str | None = "v-1") -> int:
    """A message that lies with a gateway, known there as ``ref``."""
    make_route("ESMS_UG", kind)
    sent = send(wallet, to).messages[0]
    put(sent["id"], status, gateway_ref=ref, submitted_at=1, claim_token="t")
    return sent["id"]


def status(message_id: int) -> str:
    return message(message_id)["status"]


def africastalking(vendor: Vendor, word: str = "Success", ref: str = "v-1", to: str = TO, **more):
    return vendor(data={"id": ref, "status": word, "phoneNumber": to, "networkCode": "64110", **more})


@pytest.fixture
def at(context) -> Vendor:
    return Vendor(context, set_up("africastalking"))


def by_twilio(vendor: Vendor, token: str = "tw-token"):
    form = {"MessageSid": "v-1", "MessageStatus": "delivered"}
    signed = "http://127.0.0.1:8000" + vendor.path + "".join(name + value for name, value in sorted(form.items()))
    signature = b64encode(hmac.digest(token.encode(), signed.encode(), hashlib.sha1)).decode()
    return vendor(data=form, headers={"X-Twilio-Signature": signature})


def by_android(vendor: Vendor, key: str = "wk", uid: str = "v-1"):
    body = json.dumps({"event": "sms:delivered", "payload": {"messageId": uid, "phoneNumber": TO}})
    signature = hmac.digest(key.encode(), (body + "1750000000").encode(), hashlib.sha256).hex()
    return vendor(data=body, headers={"X-Signature": signature, "X-Timestamp": "1750000000"}, content_type="application/json")


SHAPES = {
    "africastalking": ({}, africastalking),
    "twilio": ({}, by_twilio),
    "android": ({}, by_android),
    "http": (HTTP, lambda vendor: vendor(json={"messageId": "v-1", "status": "DELIVRD"})),
    "http, as a form": (HTTP, lambda vendor: vendor(data={"messageId": "v-1", "status": "delivrd"})),
    "http, by GET": (HTTP, lambda vendor: vendor(method="GET", query="?messageId=v-1&status=DELIVRD")),
    "http, by PUT": (HTTP, lambda vendor: vendor(method="PUT", json={"messageId": "v-1", "status": "DELIVRD"})),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_each_vendors_receipt_settles_its_message(context, wallet, shape):
    options, bring = SHAPES[shape]
    kind = shape.partition(",")[0]
    vendor, one_id = Vendor(context, set_up(kind, **options)), one(wallet, kind)
    answer = bring(vendor)
    assert (answer.status_code, answer.data) == (200, b"")
    assert status(one_id) == "submitted", "kept, and nothing made of it yet"
    assert vendor.match() == 1
    assert status(one_id) == "delivered" and timeline(one_id)[-1] == "delivered"
    (kept,) = receipt_inbox.of_message(one_id, actor="test")
    assert kept["state"] == "matched" and "v-1" in kept["raw"]
    assert_counted()


@pytest.mark.parametrize(
    "word, then",
    [
        ("Success", "delivered"),
        ("Failed", "failed"),
        ("Rejected", "failed"),
        ("Expired", "failed"),
        ("AbsentSubscriber", "failed"),
        ("Sent", "sent"),
        ("Submitted", "sent"),
        ("Buffered", "sent"),
    ],
)
def test_every_word_of_africas_talking(at, wallet, word, then):
    one_id = one(wallet, "africastalking")
    africastalking(at, word, failureReason="DeliveryFailure")
    at.match()
    assert status(one_id) == then


def test_a_wrong_token_and_an_unknown_gateway_are_answered_alike(at):
    wrong = [
        at(path=at.path[:-1] + ("x" if at.path[-1] != "x" else "y"), data={}),
        at(path=at.path.replace("africastalking", "nobody"), data={}),
        at(path="/callbacks/sms/sandbox/x", data={}),
        at(path="/callbacks/sms/africastalking/" + "ä" * 20, data={}),
        at(path=at.path.replace("/sms/", "/money/"), data={}),
    ]
    assert [answer.status_code for answer in wrong] == [404] * 5
    assert len({answer.data for answer in wrong}) == 1


@pytest.mark.parametrize(
    "bring", [lambda vendor: by_twilio(vendor, "another"), lambda vendor: vendor(data={})], ids=["wrong", "missing"]
)
def test_a_bad_signature_is_refused_and_nothing_kept(context, bring):
    assert bring(Vendor(context, set_up("twilio"))).status_code == 403
    assert query("SELECT * FROM brought_receipts") == []


@pytest.mark.parametrize(
    "options",
    [
        {"data": b""},
        {"data": {"status": "Success"}},
        {"data": {"id": "v-1"}},
        {"json": ["id", "status"]},
        {"data": b"\xff\x00\xfe", "content_type": "application/x-www-form-urlencoded"},
        {"method": "GET"},
    ],
    ids=str,
)
def test_what_is_not_in_the_vendors_form_is_400_and_nothing_kept(at, options):
    assert at(**options).status_code == 400
    assert query("SELECT * FROM brought_receipts") == []


@pytest.mark.parametrize(
    "options",
    [{"data": b"x" * (1024 * 1024 + 1)}, {"data": {"id": "v-1", "status": "x" * (1024 * 1024)}}, {"input_stream": True}],
    ids=["by its length", "a form", "chunked"],
)
def test_a_huge_body_is_413(at, options):
    if "input_stream" in options:
        import io

        options = {
            "input_stream": io.BytesIO(b"x" * (1024 * 1024 + 1)),
            "headers": {"Transfer-Encoding": "chunked"},
            "environ_overrides": {"wsgi.input_terminated": True},
        }
    assert at(**options).status_code == 413
    assert query("SELECT * FROM brought_receipts") == []


HOSTILE = ["'; DROP TABLE messages; --", "\x00", "x" * 100_000, "\ud800".encode("utf-8", "surrogatepass"), "‮⁦", "{{7*7}}"]


@pytest.mark.parametrize("word", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_ids_and_reasons_are_no_error_and_match_nothing(at, wallet, word):
    one_id = one(wallet, "africastalking")
    for options in (
        {"id": word, "status": "Success", "phoneNumber": word},
        {"id": "v-9", "status": "Failed", "failureReason": word, "phoneNumber": "+256700000001"},
    ):
        assert at(data=options).status_code in (200, 400)
    assert at.match() == 0 and status(one_id) == "submitted"


def test_a_status_that_is_not_documented_is_answered_and_not_kept(at):
    assert africastalking(at, "Pondering").status_code == 200
    assert query("SELECT * FROM brought_receipts") == []


def test_one_that_comes_before_our_own_record_of_the_send_is_matched_when_that_is_made(at, wallet, clock):
    one_id = one(wallet, "africastalking", "submitting", ref=None)
    africastalking(at)
    assert at.match() == 0 and status(one_id) == "submitting"
    put(one_id, "submitted", gateway_ref="v-1")
    clock.advance(1)
    assert at.match() == 1 and status(one_id) == "delivered"


def test_one_whose_message_is_never_found_is_waited_for_five_minutes(at, clock):
    africastalking(at, ref="of another system", to="+256700000001")
    for _ in range(31):
        at.match()
        clock.advance(10)
    at.match()
    (kept,) = query("SELECT state, message_id FROM brought_receipts")
    assert tuple(kept) == ("unmatched", None)


def test_hundreds_that_find_no_message_do_not_bar_the_way_of_one_that_does(at, wallet, monkeypatch):
    monkeypatch.setattr(receipt_inbox, "MATCH_LIMIT", 10)
    for number in range(25):
        africastalking(at, ref=f"alien-{number}", to="+256700000001")
    at.match()
    one_id = one(wallet, "africastalking")
    africastalking(at)
    assert at.match() == 1 and status(one_id) == "delivered"


def test_a_message_that_goes_out_after_hundreds_of_early_receipts_is_still_matched(at, wallet, clock, monkeypatch):
    monkeypatch.setattr(receipt_inbox, "MATCH_LIMIT", 10)
    for number in range(25):
        africastalking(at, ref=f"early-{number}")
    assert at.match() == 0
    ids = [one(wallet, "africastalking", ref=f"early-{number}") for number in (0, 12, 24)]
    clock.advance(1)
    assert at.match() == 3 and {status(each) for each in ids} == {"delivered"}


@pytest.mark.parametrize(
    "words, then",
    [
        (["Success"] * 3, "delivered"),
        (["Failed"] * 3, "failed"),
        (["Success", "Failed", "Sent"], "delivered"),
        (["Success", "Sent"], "delivered"),
        (["Sent", "Buffered", "Success"], "delivered"),
        (["Failed", "Success"], "failed"),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_repeated_and_out_of_order_ones_are_harmless(at, wallet, words, then, at_once):
    one_id = one(wallet, "africastalking")
    for word in words:
        assert africastalking(at, word).status_code == 200
        if not at_once:
            at.match()
    at.match()
    assert status(one_id) == then
    assert query("SELECT count(*) FROM brought_receipts WHERE state = 'matched'")[0][0] == len(words)
    assert timeline(one_id).count(then) == 1
    assert_counted()
    assert problems() == []


def test_one_for_a_message_that_is_still_being_submitted_is_believed_by_our_reference(context, wallet):
    vendor = Vendor(context, set_up("android"))
    one_id = one(wallet, "android", "submitting", ref=None)
    by_android(vendor, uid=message(one_id)["uid"])
    assert vendor.match() == 1 and status(one_id) == "delivered"


def test_an_id_that_we_do_not_know_settles_the_only_unknown_message_to_that_number_which_learns_it(at, wallet):
    one_id = one(wallet, "africastalking", "unknown", ref=None)
    other = one(wallet, "africastalking", "unknown", to="+256712300001", ref=None)
    africastalking(at, "Sent", ref="late-1")
    assert at.match() == 1
    assert (status(one_id), message(one_id)["gateway_ref"], status(other)) == ("sent", "late-1", "unknown")
    africastalking(at, "Success", ref="late-1")
    assert at.match() == 1 and status(one_id) == "delivered"


def test_several_receipts_at_once_for_one_unknown_message_all_find_it(at, wallet):
    one_id = one(wallet, "africastalking", "unknown", ref=None)
    for word in ("Sent", "Buffered", "Success"):
        africastalking(at, word, ref="late-1")
    assert at.match() == 3 and status(one_id) == "delivered"
    assert message(one_id)["gateway_ref"] == "late-1"


@pytest.mark.parametrize("second", ["unknown", "submitting"])
def test_of_two_messages_that_it_may_be_about_none_is_settled(at, wallet, second):
    ids = [one(wallet, "africastalking", state, ref=None) for state in ("unknown", second)]
    africastalking(at, ref="late-1")
    assert at.match() == 0 and [status(each) for each in ids] == ["unknown", second]


def test_an_id_of_another_gateways_message_is_not_ours(context, at, wallet):
    other = Vendor(context, set_up("http", **HTTP))
    one_id = one(wallet, "africastalking")
    other(json={"messageId": "v-1", "status": "DELIVRD"})
    assert other.match() == 0 and status(one_id) == "submitted"


@pytest.mark.parametrize("told, fits", [("256712300000", 1), ("+256712300000", 1), ("0712300000", 1), ("+256700000009", 0)])
def test_an_id_counts_for_the_number_it_was_sent_to_however_that_is_spelled(at, wallet, told, fits):
    one_id = one(wallet, "africastalking")
    africastalking(at, to=told)
    assert at.match() == fits and status(one_id) == ("delivered" if fits else "submitted")


def test_a_queued_message_is_not_moved_by_an_old_receipt(at, wallet):
    one_id = one(wallet, "africastalking", "queued")
    africastalking(at)
    at.match()
    assert status(one_id) == "queued"


def test_a_refunding_route_gives_the_money_back_once(at, wallet):
    one_id = one(wallet, "africastalking")
    make_route("ESMS_UG", "africastalking", refund_failed_delivery=True)
    for _ in range(3):
        africastalking(at, "Failed")
    at.match()
    assert status(one_id) == "failed"
    assert query("SELECT count(*) FROM ledger_entries WHERE kind = 'refund'")[0][0] == 1 and problems() == []


def test_old_ones_are_forgotten_and_those_that_wait_are_not(at, wallet, clock):
    one(wallet, "africastalking")
    africastalking(at)
    at.match()
    clock.advance(31 * 24 * 3600)
    africastalking(at, ref="new")
    assert receipt_inbox.forget_old() == 1
    assert [row["gateway_ref"] for row in query("SELECT * FROM brought_receipts")] == ["new"]


class TestPartsOfAnAndroidMessage:
    """The app tells of the delivery of each part of a long message, under the message's own id."""

    @pytest.fixture
    def vendor(self, context) -> Vendor:
        return Vendor(context, set_up("android"))

    @pytest.fixture
    def long(self, vendor, wallet) -> int:
        make_route("ESMS_UG", "android")
        sent = send(wallet, TO, text="x" * 400).messages[0]
        put(sent["id"], "submitted", gateway_ref=sent["uid"], submitted_at=1, claim_token="t")
        assert message(sent["id"])["segments"] == 3
        return sent["id"]

    def tell(self, vendor: Vendor, message_id: int, event: str, call: str | None, **payload) -> str:
        body = json.dumps(
            {
                "event": f"sms:{event}",
                **({"id": call} if call else {}),
                "payload": {"messageId": message(message_id)["uid"], "phoneNumber": TO, **payload},
            }
        )
        signature = hmac.digest(b"wk", (body + "1750000000").encode(), hashlib.sha256).hex()
        vendor(data=body, headers={"X-Signature": signature, "X-Timestamp": "1750000000"}, content_type="application/json")
        receipt_inbox.match_new()
        return status(message_id)

    def test_it_is_delivered_when_all_its_parts_are_each_counted_once(self, vendor, long):
        assert self.tell(vendor, long, "delivered", "a") == "sent"
        assert self.tell(vendor, long, "delivered", "a") == "sent", "told again"
        assert self.tell(vendor, long, "sent", "s") == "sent"
        assert self.tell(vendor, long, "delivered", "b") == "sent"
        assert self.tell(vendor, long, "delivered", "c") == "delivered"
        assert self.tell(vendor, long, "delivered", "c") == "delivered"
        assert timeline(long).count("delivered") == 1

    @pytest.mark.parametrize("before", [0, 1, 2])
    def test_it_is_failed_when_one_part_fails_and_stays_so(self, vendor, long, before):
        for call in range(before):
            self.tell(vendor, long, "delivered", f"d{call}")
        assert self.tell(vendor, long, "failed", "f", reason="No signal") == "failed"
        for call in range(before, 3):
            assert self.tell(vendor, long, "delivered", f"d{call}") == "failed"
        assert message(long)["error_message"] == "No signal"

    def test_a_count_that_the_app_tells_goes_before_ours(self, vendor, long):
        assert self.tell(vendor, long, "delivered", "a", partsCount=2) == "sent"
        assert self.tell(vendor, long, "delivered", "b", partsCount=2) == "delivered"

    def test_without_an_id_of_the_call_what_it_says_tells_two_apart(self, vendor, long):
        for second in (1, 1, 2):
            assert self.tell(vendor, long, "delivered", None, deliveredAt=f"2026-01-01T10:00:0{second}Z") == "sent"
        assert self.tell(vendor, long, "delivered", None, deliveredAt="2026-01-01T10:00:03Z") == "delivered"

    def test_all_at_once_in_any_order(self, vendor, long, monkeypatch):
        with monkeypatch.context() as patch:
            patch.setattr(receipt_inbox, "match_new", lambda: 0)
            for call in ("c", "a", "a", "b"):
                self.tell(vendor, long, "delivered", call)
        receipt_inbox.match_new()
        assert status(long) == "delivered" and problems() == []

    def test_the_app_that_calls_it_delivered_when_asked_is_not_believed_while_parts_are_missing(self, vendor, long):
        from wesend.core import clock
        from wesend.messages.receipts import multipart

        self.tell(vendor, long, "delivered", "a")
        asked = {**dict(message(long)), "submitted_at": clock.now_ms()}
        assert multipart.some_are_missing(asked, clock.now_ms())
        assert not multipart.some_are_missing(asked, clock.now_ms() + 2 * clock.HOUR), "not for ever"
        for call in ("b", "c"):
            self.tell(vendor, long, "delivered", call)
        assert not multipart.some_are_missing(asked, clock.now_ms())
