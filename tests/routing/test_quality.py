"""Routes are measured by the minute: what was submitted, what receipts told, how long it took."""

from __future__ import annotations

import pytest

from tests.messages.receipts.test_resend import ONE, dispatch, told
from tests.support.dashboard import Visitor, make_user, text_of
from tests.support.domain import ACTOR, NUMBERS, make_route, make_wallet, message, send
from tests.support.fakes import FakeVendor, answer
from tests.support.vendor_files import write_file
from wesend.database import query
from wesend.gateways import service
from wesend.messages.receipts import measures
from wesend.routing import quality
from wesend.routing.quality import EDGES_S, NOTHING

KEY = ("ACME", "g1")


@pytest.fixture
def vendor():
    fake = FakeVendor()
    yield fake
    fake.stop()


@pytest.fixture
def app(app_with, instance, vendor):
    write_file(instance, ONE)
    app = app_with()
    with app.app_context():
        service.set_gateway("g1", "acme", {"base_url": vendor.url}, {"api_key": "k"}, actor=ACTOR)
        make_route("ACME", "g1", priority=-9)
        yield app


def sent(vendor, count: int) -> list:
    wallet, rows = make_wallet("100000"), []
    for index in range(count):
        body = {"code": 200, "recipients": [{"status": "queued", "id": f"v{index}"}]}
        vendor.on("POST", "/send", answer(200, body))
        rows.append(send(wallet, NUMBERS[index], in_request=True).messages[0])
    return rows


def test_submissions_receipts_seconds_and_codes_are_counted(app, vendor, clock):
    sent(vendor, 6)
    vendor.on("POST", "/send", answer(200, {"code": 400, "message": "No"}))
    send(make_wallet("1000"), NUMBERS[90], in_request=True)
    clock.advance(4)
    for ref in ("v0", "v1", "v1"):
        told("g1", ref, "delivered", "DELIVRD")
    clock.advance(20)
    told("g1", "v2", "delivered", "DELIVRD")
    told("g1", "v3", "failed", "UNDELIV")
    told("g1", "v4", "failed", "E7")
    told("g1", "v5", "sent", "ENROUTE")
    found = measures.figures()[KEY]
    assert found.submissions == {"accepted": 6, "refused": 1}
    assert found.receipts == {"delivered": 3, "failed": 1, "own_fault": 1, "sent": 1}
    assert found.errors == {"UNDELIV": 1, "E7": 1}
    assert (found.rate, found.finals) == (0.75, 4), "what was our own fault says nothing of the route"
    assert (found.quantile(0.5), found.quantile(0.9)) == (5, 30)
    assert {row["network"] for row in query("SELECT DISTINCT network FROM route_minutes")} == {"UTL"}
    shown = app.test_client().get("/metrics").data.decode()
    assert 'wesend_route_submissions{gateway="g1",outcome="accepted",route="ACME"} 6.0' in shown
    assert 'wesend_route_receipts{gateway="g1",route="ACME",status="delivered"} 3.0' in shown
    assert 'wesend_route_errors{code="UNDELIV",gateway="g1",route="ACME"} 1.0' in shown
    assert 'wesend_route_seconds_bucket{gateway="g1",le="5.0",route="ACME"} 2.0' in shown
    assert 'wesend_route_rate{gateway="g1",route="ACME"} 0.75' in shown
    page = text_of(Visitor(app, make_user(app)).get("/operator/routes"))
    assert "75 % of 4" in page and "half within 5 s, 90 % within 30 s" in page


def test_what_has_no_receipt_in_time_is_overdue(app, vendor, clock):
    rows = sent(vendor, 3)
    told("g1", "v0", "delivered", "DELIVRD")
    assert measures.figures()[KEY].rate == 1.0
    clock.advance(61)
    assert (measures.figures()[KEY].overdue, measures.figures()[KEY].rate) == (2, 1 / 3)
    clock.advance(15 * 60)
    assert KEY not in measures.figures(), "only the last quarter of an hour counts"
    assert message(rows[1]["id"])["status"] == "submitted"


def test_a_gateway_without_receipts_has_no_rate(app, vendor, clock):
    service.set_gateway("mz", "marzsms", {"base_url": vendor.url}, {"api_key": "k", "api_secret": "s"}, actor=ACTOR)
    make_route("MZ", "mz", priority=-99)
    vendor.on("POST", "/api/v1/sms/send", answer(200, {"success": True, "data": {"successful": 1, "results": [{"id": "m"}]}}))
    send(make_wallet("1000"), NUMBERS[0], in_request=True)
    clock.advance(600)
    assert measures.figures()["MZ", "mz"].rate is None


def test_what_is_rerouted_has_failed_by_the_first_carrier(app, vendor):
    service.set_gateway("g2", "acme", {"base_url": vendor.url}, {"api_key": "k"}, actor=ACTOR)
    make_route("NEXT", "g2", priority=-8)
    make_route("ACME", "g1", priority=-9, resend_undelivered=True)
    sent(vendor, 1)
    told("g1", "v0", "failed", "UNDELIV")
    dispatch()
    told("g2", "v0", "delivered", "DELIVRD")
    assert (measures.figures()[KEY].rate, measures.figures()["NEXT", "g2"].rate) == (0.0, 1.0)


def test_more_codes_than_twenty_a_minute_are_counted_together(app, vendor):
    sent(vendor, 25)
    for index in range(25):
        told("g1", f"v{index}", "failed", f"CODE{index}")
    errors = measures.figures()[KEY].errors
    assert len(errors) == 21 and errors["other"] == 5


def test_two_days_are_kept(app, vendor, clock):
    sent(vendor, 1)
    clock.advance(47 * 3600)
    measures.forget_old()
    assert quality.totals()[KEY].submissions == {"accepted": 1}
    clock.advance(3600 + 120)
    measures.forget_old()
    assert query("SELECT * FROM route_minutes") == []


def test_a_share_of_nothing_is_none():
    assert NOTHING.quantile(0.5) is None and NOTHING.rate is None
    assert NOTHING._replace(seconds={EDGES_S[0]: 9, 30: 1}).quantile(0.9) == 1


def test_the_sandbox_is_nobodys_carrier(context):
    send(make_wallet("1000", is_sandbox=True), NUMBERS[0], in_request=True)
    assert query("SELECT * FROM route_minutes") == []
