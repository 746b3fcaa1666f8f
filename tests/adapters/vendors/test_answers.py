"""An answer is one of four words for each recipient, whatever it is: in doubt unknown."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.vendor_files import ACME, changed, vendor_of
from wesend.adapters.http_client import ANSWERED, Reply
from wesend.adapters.outcomes import ACCEPTED, REFUSED, TEMPORARY, UNKNOWN
from wesend.adapters.sms import types as sms
from wesend.adapters.sms.engine import answers, receipts
from wesend.adapters.sms.engine.answers import Recipient
from wesend.adapters.sms.engine.documents import of_answer

WORDS = {ACCEPTED, REFUSED, TEMPORARY, UNKNOWN}
ONE, TWO = Recipient("+256772000001", "256772000001"), Recipient("+256772000002", "256772000002")
VENDORS = [vendor_of(), *(kind.vendor for kind in sms.SHIPPED.values())]


def read(body, status: int = 200, recipients=(ONE,), text: str = ACME) -> list:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return answers.read(vendor_of(text).answer, Reply(ANSWERED, status, content), list(recipients))


def kinds(*arguments, **options) -> list[str]:
    return [outcome.kind for outcome in read(*arguments, **options)]


def item(number: str, status: object, **more) -> dict:
    return {"number": number, "status": status, **more}


class TestAStatus:
    @pytest.mark.parametrize(
        ("status", "kind"),
        {
            301: UNKNOWN,
            400: REFUSED,
            404: REFUSED,
            408: UNKNOWN,
            425: UNKNOWN,
            429: TEMPORARY,
            500: UNKNOWN,
            503: TEMPORARY,
        }.items(),
    )
    def test_means_what_it_says(self, status, kind):
        assert kinds({"code": 200}, status) == [kind]

    def test_may_be_given_another_meaning(self):
        text = changed(("[answer]", '[answer]\nhttp = { 500 = "temporary", 404 = "unknown" }'))
        assert kinds({}, 500, text=text) == [TEMPORARY] and kinds({}, 404, text=text) == [UNKNOWN]

    def test_one_that_is_acceptance_by_itself_needs_no_body(self):
        text = changed(("[answer]", '[answer]\nhttp = { 202 = "accepted" }'))
        assert kinds(b"", 202, text=text) == kinds(b"", 202, recipients=(ONE, TWO), text=text)[:1] == [ACCEPTED]
        assert kinds(b"{", 202, text=text) == kinds(b"", 200, text=text) == [UNKNOWN]


class TestACode:
    def test_decides_for_all(self):
        assert kinds({"code": "400", "message": "No"}, recipients=(ONE, TWO)) == [REFUSED, REFUSED]
        assert kinds({"code": 429}) == [TEMPORARY]
        assert read({"code": 400, "message": "No credit"})[0][2:4] == ("400", "No credit")

    def test_that_is_in_no_list_is_unknown(self):
        assert kinds({"code": 999}) == [UNKNOWN]
        assert kinds({"code": 999}, text=changed(("[answer]", '[answer]\notherwise = "refused"'))) == [REFUSED]

    def test_that_is_missing_leaves_it_to_the_recipients(self):
        assert kinds({"recipients": [item("256772000001", "queued")]}) == [ACCEPTED]
        assert kinds({}) == [UNKNOWN]


class TestRecipients:
    def test_each_is_told_by_its_number(self):
        body = {
            "code": 200,
            "recipients": [
                item("+256 772 000002", "bad", why="Barred"),
                item("256772000001", "QUEUED", id="a1", price="KES 0.8000"),
            ],
        }
        first, second = read(body, recipients=(ONE, TWO))
        assert (first.kind, first.gateway_ref, first.meta) == (ACCEPTED, "a1", {"cost": "KES 0.8000"})
        assert (second.kind, second.code, second.text) == (REFUSED, "bad", "Barred")

    @pytest.mark.parametrize(
        "told", [item("256772000009", "queued"), item("256772000001", "new"), {"number": "256772000001"}, None, 7]
    )
    def test_one_that_is_missing_or_unlisted_is_unknown(self, told):
        assert kinds({"code": 200, "recipients": [told]}) == [UNKNOWN]

    def test_a_national_number_is_the_same_one(self):
        assert kinds({"code": 200, "recipients": [item("0772000001", "queued")]}) == [ACCEPTED]
        assert kinds({"code": 200, "recipients": [item("0772000001", "queued"), item("772000001", "bad")]}) == [UNKNOWN]

    def test_an_amount_that_names_no_currency_is_of_the_files(self):
        text = changed(("[answer]", '[answer]\ncurrency = "UGX"'))
        for price, cost in (("28", "UGX 28"), (0.5, "UGX 0.5"), ("KES 0.8000", "KES 0.8000")):
            body = {"code": 200, "recipients": [item("256772000001", "queued", price=price)]}
            assert read(body, text=text)[0].meta == {"cost": cost}

    def test_a_number_of_another_country_that_ends_alike_is_another_one(self):
        kenyan = Recipient("+254772000001", "254772000001")
        body = {"code": 200, "recipients": [item("256772000001", "queued", id="a1")]}
        first, second = read(body, recipients=(ONE, kenyan))
        assert (first.kind, first.gateway_ref) == (ACCEPTED, "a1")
        assert (second.kind, second.gateway_ref) == (UNKNOWN, None)
        body = {"code": 200, "recipients": [item("0772000001", "queued", id="a1")]}
        assert kinds(body, recipients=(ONE, kenyan)) == [UNKNOWN, UNKNOWN]
        assert kinds(body, recipients=(kenyan,)) == [ACCEPTED]

    def test_without_numbers_they_stand_in_order_if_as_many_as_asked(self):
        text = changed(('path = "recipients"\nto = "number"', 'path = "recipients"'))
        both = [{"status": "queued", "id": 1}, {"status": "later"}]
        assert kinds({"code": 200, "recipients": both}, recipients=(ONE, TWO), text=text) == [ACCEPTED, TEMPORARY]
        assert kinds({"code": 200, "recipients": both}, text=text) == [UNKNOWN]


@pytest.mark.parametrize("body", [b"", b"{", b"<html>", b"[1", b"\xff", b"null", b"[]", b'"x"'])
def test_broken_text_is_unknown(body):
    assert kinds(body) == [UNKNOWN]


def test_a_success_without_code_and_recipients_is_accepted():
    text = ACME[: ACME.index("[answer]")] + ACME[ACME.index("[receipt]") : ACME.index("[[sample]]")]
    assert kinds({"id": 1}, text=text) == kinds(b"", 204, text=text) == [ACCEPTED]
    assert kinds(b"<html>", text=text) == [UNKNOWN]


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=20),
    st.sampled_from(["256772000001", "200", "queued", "ok"]),
)
NAMES = "code status Status recipients responses messages data Data number id groupId groupName results response-code".split()
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5), max_leaves=20
)
TEXTS = st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode(errors="replace"))


@given(vendor=st.sampled_from(VENDORS), document=JSON, status=st.sampled_from([200, 201, 302, 400, 409, 500]))
def test_any_json_is_one_of_four_words(vendor, document, status):
    _holds(vendor, json.dumps(document).encode(), status)


@given(
    vendor=st.sampled_from(VENDORS),
    body=st.one_of(st.binary(max_size=200), st.text(max_size=200).map(lambda text: text.encode(errors="replace"))),
)
def test_any_text_is_one_of_four_words(vendor, body):
    _holds(vendor, body, 200)


def _holds(vendor, body: bytes, status: int) -> None:
    for recipients in ([ONE], [ONE, TWO]):
        found = answers.read(vendor.answer, Reply(ANSWERED, status, body), recipients)
        assert len(found) == len(recipients) and {outcome.kind for outcome in found} <= WORDS
    if vendor.poll is not None:
        for told in receipts.read_answer(vendor.poll, of_answer(body, "json")):
            assert told.receipt.status in ("sent", "delivered", "failed", "never_sent", "unlisted")
