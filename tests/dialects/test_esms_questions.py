"""`/messages/rate`, `/messages/validate`, `/messages/status`: free, and right to the last digit."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wesend.core import money
from wesend.database import atomic
from wesend.routing.opt_outs import SMS, add_opt_out

from ..conftest import close, make_app
from ..support.accounts import mint
from ..support.database import written
from ..support.domain import make_route
from ..support.esms import AMERICAN, ANN, BEN, CHEBET, DAUDI, data_of, esms_of, field_of, new_esms, refused


def test_a_rates_shape(app):
    api = new_esms(app, currency="USD")
    rated = data_of(api.post("/messages/rate", {"to": ANN, "text": "a" * 161}))
    assert rated == {
        "encoding": "GSM7",
        "segments": 2,
        "total_cost": rated["recipients"][0]["cost"],
        "currency": "USD",
        "recipients": [
            {
                "to": ANN,
                "phone": ANN,
                "country_code": "UG",
                "route": "ESMS_UG",
                "route_cost": 70,
                "route_currency": "UGX",
                "cost": rated["total_cost"],
                "currency": "USD",
                "error": None,
            }
        ],
    }
    assert data_of(api.send(ANN, "a" * 161))["cost"] == rated["total_cost"]


def test_every_recipient_is_rated_by_itself_and_nothing_is_written(app):
    minted = mint(app, "esms", countries="UG,KE")
    api = esms_of(app, minted)
    with app.app_context(), atomic() as tx:
        add_opt_out(tx, account_id=minted.account_id, channel=SMS, address=BEN, source="api")
    before, balance = written(app), api.balance()
    rated = data_of(api.post("/messages/rate", {"to": [ANN, "0712", ANN, BEN, AMERICAN, CHEBET], "text": "ш"}))
    assert (rated["encoding"], rated["segments"]) == ("UCS2", 1)
    assert [found["error"] for found in rated["recipients"]] == [
        None,
        "invalid_phone",
        None,
        "opted_out",
        "country_not_allowed",
        None,
    ]
    assert [found["to"] for found in rated["recipients"]] == [ANN, "0712", ANN, BEN, AMERICAN, CHEBET]
    assert all(found["cost"] == found["route_cost"] == 0 for found in rated["recipients"] if found["error"])
    assert rated["total_cost"] == sum(found["cost"] for found in rated["recipients"])
    assert (written(app), api.balance()) == (before, balance)


def test_a_route_may_be_named_and_international_changes_nothing(esms):
    for more in ({}, {"international": True}, {"route": None}):
        assert data_of(esms.post("/messages/rate", {"to": CHEBET, "text": "Hi", **more}))["total_cost"] == money_of(esms, CHEBET)
    found = data_of(esms.post("/messages/rate", {"to": CHEBET, "text": "Hi", "route": "ESMS_UG"}))["recipients"][0]
    assert (found["error"], found["route"], found["route_currency"]) == ("no_route", None, None)


def money_of(api, phone):
    return data_of(api.send(phone, "Hi"))["cost"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"text": "Hi"}, "to"),
        ({"to": ANN}, "text"),
        ({"to": ANN, "text": " "}, "text"),
        ({"to": [], "text": "Hi"}, "to"),
        ({"to": [ANN] * 1001, "text": "Hi"}, "to"),
        ({"to": [1], "text": "Hi"}, "to"),
        ({"to": 256712345678, "text": "Hi"}, "to"),
    ],
)
def test_what_cannot_be_rated_is_422(esms, body, field):
    assert field_of(esms.post("/messages/rate", body)) == ["body", field]


def test_a_text_that_is_too_long_is_refused_as_by_a_send(esms):
    assert refused(esms.post("/messages/rate", {"to": ANN, "text": "a" * 1531}), 400, "text_too_long")


def test_a_thousand_recipients_are_rated(esms):
    rated = data_of(esms.post("/messages/rate", {"to": [f"+25671200{index:04d}" for index in range(1000)], "text": "Hi"}))
    assert len(rated["recipients"]) == 1000


PHONES = [ANN, BEN, CHEBET, DAUDI, AMERICAN, "+233241234567", "+2347012345678", "+260971234567", "+250781234567", "12"]


@settings(max_examples=40)
@given(
    currency=st.sampled_from(["UGX", "KES", "USD", "TZS", "GHS", "SMS", "RWF"]),
    price=st.integers(1, 10**9),
    phones=st.lists(st.sampled_from(PHONES), min_size=1, max_size=6),
    text=st.text("ab {}ш€\n", min_size=1, max_size=200).filter(str.strip),
)
def test_a_rate_is_what_a_send_is_charged(property_app, currency, price, phones, text):
    app = property_app
    minted = mint(app, "esms", currency=currency, balance="100000000")
    with app.app_context():
        make_route("ESMS_UG", None, price=money.text(price), currency="KES")
    api = esms_of(app, minted)
    before = api.balance()
    rated = data_of(api.post("/messages/rate", {"to": phones, "text": text}))
    assert api.balance() == before
    for found in rated["recipients"]:
        answer = api.send(found["to"], text)
        if found["error"]:
            assert refused(answer, 400, found["error"])
            continue
        sent = data_of(answer)
        assert (sent["cost"], sent["route_cost"], sent["segments"]) == (found["cost"], found["route_cost"], rated["segments"])
        assert (sent["route"], sent["route_currency"]) == (found["route"], found["route_currency"])
    assert before - api.balance() == rated["total_cost"]


@pytest.fixture(scope="module")
def property_app(copy_instance, tmp_path_factory):
    """One application for all examples: each has an account of its own."""
    app = make_app(copy_instance(tmp_path_factory.mktemp("property") / "instance"))
    yield app
    close(app)


def test_one_phone_is_validated(esms):
    assert data_of(esms.post("/messages/validate", {"phone": BEN})) == {
        "phone": BEN,
        "valid": True,
        "e164": BEN,
        "country_code": "UG",
        "country_name": "Uganda",
        "line_type": "mobile",
        "carrier": "MTN",
        "reason": None,
    }


def test_a_list_is_counted_and_shown_in_its_order(esms):
    found = data_of(esms.post("/messages/validate", {"phone": ["256772345678", "+256414123456", "0772345678", "x", AMERICAN]}))
    assert {name: found[name] for name in ("count", "valid", "invalid", "mobile")} == {
        "count": 5,
        "valid": 3,
        "invalid": 2,
        "mobile": 1,
    }
    assert [result["line_type"] for result in found["results"]] == ["mobile", "fixed_line", None, None, "fixed_line_or_mobile"]
    assert [result["e164"] for result in found["results"]] == [BEN, "+256414123456", None, None, AMERICAN]
    assert [result["reason"] for result in found["results"]][2:4] == ["The country code is missing", "Not a phone number"]
    assert found["results"][4]["carrier"] is None


@pytest.mark.parametrize("phone", [None, [], [None], 1, ["1"] * 1001])
def test_what_is_no_text_is_422(esms, phone):
    assert field_of(esms.post("/messages/validate", {"phone": phone}))[:2] == ["body", "phone"]


@pytest.mark.parametrize("phone", ["", "+", "ö", "9" * 5000])
def test_every_text_is_answered(esms, phone):
    found = data_of(esms.post("/messages/validate", {"phone": phone}))
    assert (found["valid"], found["phone"], bool(found["reason"])) == (False, phone, True)


def test_statuses_come_in_the_order_asked(app):
    api, other = new_esms(app), new_esms(app)
    first, second = (data_of(api.send(ANN, text))["id"] for text in ("One", "Two"))
    foreign = data_of(other.send())["id"]
    found = data_of(api.get("/messages/status", query_string={"ids": f"{second}, {foreign},{first},x,{second}"}))
    assert [message["id"] for message in found["messages"]] == [second, first]
    assert found["not_found"] == [foreign, "x"]
    listed = {message["id"]: message for message in api.messages()}
    assert found["messages"][0] == {**listed[second], "error_message": None, "failed_at": None}


@pytest.mark.parametrize("ids", [None, "", ",", ",".join(f"msg-{index}" for index in range(101)), ",".join(["msg-1"] * 101)])
def test_from_one_to_a_hundred_ids(esms, ids):
    assert field_of(esms.get("/messages/status", query_string={} if ids is None else {"ids": ids})) == ["query", "ids"]
