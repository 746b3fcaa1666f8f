"""Verify apps: settings that verifications share, replaced as a whole, and what came of them."""

from __future__ import annotations

import re

import pytest

from ..support.esms import ANN, BEN, REFUSED, data_of, field_of, new_esms, refused
from ..support.verify import check, shown, start, started, wrong

SHOP = {
    "name": "My shop",
    "template": "{{code}} for {{app}}",
    "code_length": 4,
    "expiry_seconds": 120,
    "max_attempts": 2,
    "max_resends": 0,
}


def made(api, **more) -> dict:
    return data_of(api.post("/verify/apps", {**SHOP, **more}))


def test_an_apps_shape_and_what_is_usual(api, clock):
    app = data_of(api.post("/verify/apps", {"name": " Shop "}))
    assert re.fullmatch(r"app_[0-9a-f-]{36}", app.pop("id"))
    assert app == {
        "name": "Shop",
        "sender_id": None,
        "code_length": 6,
        "expiry_seconds": 600,
        "template": None,
        "max_attempts": 5,
        "max_resends": 3,
        "created_at": "2026-06-10T12:00:00Z",
    }


def test_apps_are_listed_shown_replaced_and_deleted(api):
    first, second = made(api), made(api, name="Second")
    assert data_of(api.get("/verify/apps")) == {"apps": [second, first], "total": 2}
    assert data_of(api.get(f"/verify/apps/{first['id']}")) == first
    replaced = data_of(api.call("PATCH", f"/verify/apps/{first['id']}", json={"name": "New"}))
    assert replaced == {
        **first, "name": "New", "template": None, "code_length": 6, "expiry_seconds": 600, "max_attempts": 5, "max_resends": 3,
    }, "all of it"  # fmt: skip
    assert field_of(api.call("PATCH", f"/verify/apps/{first['id']}", json={"code_length": 5})) == ["body", "name"]
    deleted = api.delete(f"/verify/apps/{first['id']}")
    assert (deleted.status_code, deleted.data) == (204, b"")
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/stats")):
        assert refused(api.call(method, f"/verify/apps/{first['id']}{path}"), 404, "not_found")
    assert refused(api.call("PATCH", f"/verify/apps/{first['id']}", json={"name": "X"}), 404, "not_found")
    assert refused(start(api, app_id=first["id"]), 404, "not_found")
    assert data_of(api.get("/verify/apps"))["total"] == 1


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"name": " "}, "name"),
        ({"template": "no code"}, "template"),
        ({"template": "{{code}}" + "ё" * 670}, "template"),
        ({"template": "{{code}}" + "{{app}}" * 20, "name": "x" * 100}, "template"),
        ({"code_length": 3}, "code_length"),
        ({"max_attempts": 0}, "max_attempts"),
        ({"max_attempts": 11}, "max_attempts"),
        ({"max_resends": -1}, "max_resends"),
        ({"max_resends": 6}, "max_resends"),
        ({"expiry_seconds": 30}, "expiry_seconds"),
    ],
)
def test_an_app_that_makes_no_sense_is_422(api, more, field):
    assert field_of(api.post("/verify/apps", {**SHOP, **more})) == ["body", field]


def test_a_verification_has_the_apps_settings_and_the_requests_go_before(api, client):
    app = made(api)
    begun = started(api, app_id=app["id"])
    assert (begun["app_id"], len(begun["sandbox_code"])) == (app["id"], 4)
    assert (begun["attempts_remaining"], begun["resends_remaining"]) == (2, 0)
    text = client.get("/sandbox/messages", query_string={"to": ANN}).json["messages"][-1]["text"]
    assert text == f"{begun['sandbox_code']} for My shop"
    other = started(api, BEN, app_id=app["id"], code_length=9, template="{code}!")
    assert len(other["sandbox_code"]) == 9 and other["attempts_remaining"] == 2
    assert data_of(api.get("/verify", query_string={"app_id": app["id"]}))["total"] == 2
    assert data_of(api.get("/verify?app_id=app_nothing"))["total"] == 0
    assert refused(api.post(f"/verify/{begun['verification_id']}/resend"), 409, "max_resends_exceeded")


def test_an_apps_end_ends_nothing_that_is_pending(api):
    app = made(api, max_resends=1)
    begun = started(api, app_id=app["id"])
    api.delete(f"/verify/apps/{app['id']}")
    again = data_of(api.post(f"/verify/{begun['verification_id']}/resend"))
    assert (again["app_id"], len(again["sandbox_code"])) == (app["id"], 4)
    assert data_of(check(api, again["sandbox_code"], begun["verification_id"]))["status"] == "approved"


def test_the_figures_of_an_app(api, clock):
    app = made(api, max_resends=2)
    clock.advance(-40 * 86400)
    started(api, app_id=app["id"])
    clock.advance(40 * 86400)
    approved, failed, canceled = (started(api, phone, app_id=app["id"]) for phone in (ANN, BEN, "+256702345678"))
    check(api, approved["sandbox_code"], approved["verification_id"])
    for _ in range(2):
        check(api, wrong(failed["sandbox_code"]), failed["verification_id"])
    api.post(f"/verify/{canceled['verification_id']}/cancel")
    expired = started(api, "+256702345679", app_id=app["id"])
    clock.advance(3600)
    pending = started(api, "+256702345680", app_id=app["id"])
    api.post(f"/verify/{pending['verification_id']}/resend")
    assert refused(start(api, REFUSED, app_id=app["id"]), 502, "send_failed")
    started(api)  # of no app
    assert data_of(api.get(f"/verify/apps/{app['id']}/stats")) == {
        "app_id": app["id"],
        "days": 30,
        "started": 6,
        "approved": 1,
        "failed": 2,
        "expired": 1,
        "canceled": 1,
        "approval_rate": shown_rate(1, 6),
        "cost": 6 * 35,
        "currency": "UGX",
    }
    assert shown(api, expired["verification_id"])["status"] == "expired"
    assert data_of(api.get(f"/verify/apps/{app['id']}/stats?days=90"))["started"] == 7
    for days in ("0", "91", "x"):
        assert field_of(api.get(f"/verify/apps/{app['id']}/stats?days={days}")) == ["query", "days"]


def shown_rate(part: int, whole: int):
    from decimal import Decimal

    return Decimal(str(round(100 * part / whole, 1)))


def test_an_app_without_a_verification_has_no_rate(app):
    api = new_esms(app)
    found = data_of(api.get(f"/verify/apps/{made(api)['id']}/stats?days=1"))
    assert (found["started"], found["approval_rate"], found["cost"]) == (0, 0, 0)
