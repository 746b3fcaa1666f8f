"""`/routes`, `/routes/health`, `/pricing`, `/sender-ids`."""

from __future__ import annotations

import pytest

from wesend.routing.senders import decide_sender
from wesend.sandbox.account import SENDERS

from ..support.database import written
from ..support.domain import make_route
from ..support.esms import ANN, FAILS, data_of, field_of, new_esms, refused

FRESH = {
    "UG": (35, "UGX"),
    "KE": (1.2, "KES"),
    "TZ": (30, "TZS"),
    "RW": (20, "RWF"),
    "NG": (9.1, "NGN"),
    "GH": (0.09, "GHS"),
    "ZM": (0.7, "ZMW"),
}


def test_a_fresh_installs_routes_and_prices(esms):
    routes = data_of(esms.get("/routes"))
    assert {route["country_code"]: (float(route["price_per_segment"]), route["currency"]) for route in routes} == FRESH
    assert {route["code"] for route in routes} == {f"ESMS_{country}" for country in FRESH}
    assert routes[0] == {
        "code": "ESMS_UG",
        "name": "Uganda",
        "country_code": "UG",
        "country_name": "Uganda",
        "currency": "UGX",
        "price_per_segment": 35,
        "sender_id_default": None,
        "is_active": True,
    }


def test_one_route(esms):
    assert data_of(esms.get("/routes/ESMS_KE"))["country_name"] == "Kenya"
    assert refused(esms.get("/routes/NOPE"), 404, "not_found")


def test_prices_need_no_key(esms):
    for headers in ({"Authorization": None}, {"Authorization": "Bearer wrong"}):
        assert data_of(esms.get("/pricing", headers=headers)) == data_of(esms.get("/routes"))
    assert refused(esms.get("/routes", headers={"Authorization": None}), 401, "invalid_api_key")


def test_what_the_operator_sets_is_shown_at_once(app, esms):
    with app.app_context():
        make_route("ESMS_UG", None, price="40.5", default_sender="shop")
    shown = data_of(esms.get("/routes/ESMS_UG"))
    assert (float(shown["price_per_segment"]), shown["sender_id_default"]) == (40.5, "shop")


@pytest.mark.parametrize(
    "delivered,failed,rate,status",
    [(0, 0, 100, "ok"), (4, 1, 80, "ok"), (3, 1, 75, "warn"), (1, 1, 50, "warn"), (1, 2, 33.3, "down"), (0, 1, 0, "down")],
)
def test_a_routes_health(app, jobs, delivered, failed, rate, status):
    api = new_esms(app, currency="KES")
    for to in [ANN] * delivered + [FAILS] * failed:
        api.send(to)
    jobs.settle()
    api.send(ANN)
    [found] = [route for route in data_of(api.get("/routes/health")) if route["code"] == "ESMS_UG"]
    assert {**found, "delivery_rate": float(found["delivery_rate"])} == {
        "code": "ESMS_UG",
        "country_code": "UG",
        "total": delivered + failed + 1,
        "delivered": delivered,
        "failed": failed,
        "delivery_rate": rate,
        "status": status,
    }


def test_every_route_has_its_health(esms):
    assert [route["code"] for route in data_of(esms.get("/routes/health"))] == [
        route["code"] for route in data_of(esms.get("/routes"))
    ]


def test_a_sender_is_asked_for_decided_and_shown(app, clock):
    api = new_esms(app)
    asked = data_of(api.post("/sender-ids", {"name": "shop24", "countries": ["ug", "KE"], "use_case": "Receipts"}))
    sender_id = asked["id"]
    assert asked == {
        "id": sender_id,
        "name": "shop24",
        "countries": ["UG", "KE"],
        "use_case": "Receipts",
        "status": "pending",
        "rejection_reason": None,
        "created_at": "2026-06-10T12:00:00Z",
    }
    with app.app_context():
        decide_sender(sender_id, approve=False, reason="Not yours", actor="test")
    assert data_of(api.get("/sender-ids")) == [{**asked, "status": "rejected", "rejection_reason": "Not yours"}]


def test_the_sandboxs_senders(esms):
    assert {(sender["name"], sender["status"]) for sender in data_of(esms.get("/sender-ids"))} == {
        (name, "approved") for name in SENDERS
    }


@pytest.mark.parametrize(
    "body,field",
    [
        ({"countries": ["UG"]}, "name"),
        ({"name": "SHOP"}, "countries"),
        ({"name": "TWELVELETTER", "countries": ["UG"]}, "name"),
        ({"name": "MY  SHOP", "countries": ["UG"]}, "name"),
        ({"name": "SHOP!", "countries": ["UG"]}, "name"),
        ({"name": "ŠHOP", "countries": ["UG"]}, "name"),
        ({"name": "", "countries": ["UG"]}, "name"),
        ({"name": "SHOP", "countries": []}, "countries"),
        ({"name": "SHOP", "countries": "UG"}, "countries"),
        ({"name": "SHOP", "countries": ["XX"]}, "countries"),
        ({"name": "SHOP", "countries": ["UG", 5]}, "countries"),
    ],
)
def test_a_wrong_request_for_a_sender_is_422_and_writes_nothing(app, esms, body, field):
    before = written(app)
    assert field_of(esms.post("/sender-ids", body)) == ["body", field]
    assert written(app) == before


@pytest.mark.parametrize("name", ["MyApp", "eSMSAfrica", "My Shop"])
def test_a_sender_is_kept_shown_sent_and_answered_as_it_was_written(app, esms, name):
    made = data_of(esms.post("/sender-ids", {"name": f" {name} ", "countries": ["UG"]}))
    assert made["name"] == name
    if made["status"] == "pending":  # the published one is approved already
        with app.app_context():
            decide_sender(made["id"], approve=True, actor="cli")
    sent = data_of(esms.send("+256712345678", sender_id=name.upper()))
    assert esms.message(sent["id"])["sender_id"] == name
    assert name in [row["name"] for row in data_of(esms.get("/sender-ids"))]
