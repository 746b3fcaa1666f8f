"""Recipients that stand in the request itself, the pages of a batch, and lists by environment."""

from __future__ import annotations

from decimal import Decimal

import pytest

from ..support.esms import ANN, BEN, CHEBET, DAUDI, Esms, data_of, field_of, new_esms, new_list, refused
from ..support.sides import Both


def inline(api: Esms, *recipients: dict, text: str = "Hello", path: str = "/messages/send-bulk", **more):
    return api.post(path, {"recipients": list(recipients), "text": text, **more})


def texts(api: Esms, batch_id: str) -> dict[str, str]:
    return {message["phone"]: message["text"] for message in api.messages(batch_id=batch_id)}


def test_recipients_of_the_request_get_their_own_texts(app):
    api = new_esms(app)
    sent = data_of(
        inline(
            api,
            {"to": ANN, "name": "Ann", "vars": {"City": "Gulu", "due": 1200, "rate": 1.5, "member": True, "note": None}},
            {"to": CHEBET},
            text="{{name}}/{{city}}/{{due}}/{{rate}}/{{member}}/{{note}}/{{phone}}",
        )
    )
    assert (sent["total_recipients"], sent["status"]) == (2, "sending")
    assert texts(api, sent["batch_id"]) == {ANN: f"Ann/Gulu/1200/1.5/true//{ANN}", CHEBET: f"//////{CHEBET}"}


def test_lists_come_first_and_a_phone_has_the_fields_that_name_it_first(app):
    api = new_esms(app)
    people = data_of(api.upload(f"phone,name\n{ANN},Listed\n"))["id"]
    body = {
        "contact_list_ids": [people],
        "recipients": [{"to": ANN, "name": "Inline"}, {"to": BEN, "name": "First"}, {"to": "256772345678", "name": "Second"}],
        "text": "{{name}}",
    }
    checked, sent = data_of(api.post("/messages/bulk-precheck", body)), data_of(api.post("/messages/send-bulk", body))
    assert (checked["total_contacts"], checked["unroutable_count"], sent["total_recipients"]) == (2, 0, 2)
    assert checked["total_cost"] == sent["estimated_cost"]
    assert texts(api, sent["batch_id"]) == {ANN: "Listed", BEN: "First"}


def test_a_bad_phone_is_unroutable_and_nobody_left_is_no_route(app):
    api = new_esms(app)
    checked = data_of(inline(api, {"to": ANN}, {"to": "0712"}, path="/messages/bulk-precheck"))
    assert (checked["total_contacts"], checked["unroutable"]) == (2, ["0712"])
    assert data_of(inline(api, {"to": ANN}, {"to": "0712"}))["total_recipients"] == 1
    assert refused(inline(api, {"to": "0712"}), 400, "no_route")


@pytest.mark.parametrize("more", [{"schedule_mode": "drip", "drip_rate": 60}, {"schedule_mode": "scheduled"}])
def test_they_can_drip_and_be_scheduled(app, more):
    api = new_esms(app)
    at = {"scheduled_at": "2099-01-01T00:00:00Z"} if more["schedule_mode"] == "scheduled" else {}
    answer = inline(api, {"to": ANN}, {"to": BEN}, **more, **at)
    assert answer.status_code == 200 or refused(answer, 400, "invalid_schedule")


@pytest.mark.parametrize("path", ["/messages/send-bulk", "/messages/bulk-precheck"])
def test_nobody_named_is_422_and_an_empty_list_is_400(esms, path):
    assert field_of(esms.post(path, {"text": "Hi"})) == ["body", "contact_list_ids"]
    assert refused(esms.post(path, {"text": "Hi", "recipients": []}), 400, "empty_list")
    assert refused(esms.post(path, {"text": "Hi", "contact_list_ids": []}), 400, "empty_list")
    assert esms.post(path, {"text": "Hi", "contact_list_ids": [], "recipients": [{"to": ANN}]}).status_code == 200


@pytest.mark.parametrize(
    ("recipients", "field"),
    [
        (ANN, ["recipients"]),
        ([ANN], ["recipients", "0"]),
        ([{"name": "Ann"}], ["recipients", "0", "to"]),
        ([{"to": ANN, "vars": ["a"]}], ["recipients", "0", "vars"]),
        ([{"to": ANN, "vars": {"a": {"b": 1}}}], ["recipients", "0", "vars"]),
        ([{"to": ANN}] * 10_001, ["recipients"]),
    ],
)
def test_recipients_of_another_shape_are_422(esms, recipients, field):
    found = field_of(esms.post("/messages/send-bulk", {"recipients": recipients, "text": "Hi"}))
    assert [str(step) for step in found][: len(field) + 1] == ["body", *field]


def test_ten_thousand_recipients_of_several_megabytes_are_taken(app):
    api = new_esms(app, balance="100000000")
    people = [
        {"to": f"+2567{index:08d}", "name": "Ann" * 20, "vars": {"note": "x" * 150}} for index in range(12_000_000, 12_010_000)
    ]
    assert data_of(inline(api, *people, text="{{name}}"))["total_recipients"] == 10_000


def test_a_batch_shows_a_page_of_its_messages_oldest_first(app):
    api = new_esms(app)
    batch_id = data_of(api.bulk(new_list(api, ANN, BEN, CHEBET, DAUDI)))["batch_id"]
    whole = api.batch(batch_id)
    assert (whole["page"], whole["limit"], whole["total"]) == (0, 50, 4)
    assert [message["phone"] for message in whole["messages"]] == [ANN, BEN, CHEBET, DAUDI]
    page = data_of(api.get(f"/messages/batch/{batch_id}", query_string={"page": 1, "limit": 3}))
    assert (page["messages"], page["page"], page["limit"]) == (whole["messages"][3:], 1, 3)
    assert {message["id"] for message in whole["messages"]} == {message["id"] for message in api.messages(batch_id=batch_id)}
    for query in ({"limit": 0}, {"limit": 101}, {"page": -1}):
        assert field_of(api.get(f"/messages/batch/{batch_id}", query_string=query))[0] == "query"


def test_an_environment_that_the_key_does_not_reach_has_no_messages(app):
    both = Both(app)
    for side, own, other in (("live", "live", "test"), ("sandbox", "test", "live")):
        api = both[side].apis["esms"]  # type: ignore[index]
        listed = api.get("/api/messages?limit=100").json
        assert listed["total"] > 0
        for environment in (own, "all"):
            assert api.get(f"/api/messages?limit=100&environment={environment}").json == listed
        assert api.get(f"/api/messages?environment={other}").json["total"] == 0
    assert api.get("/api/messages?environment=moon").status_code == 422


def test_the_key_and_the_account_tell_of_themselves(esms):
    me, workspace = data_of(esms.get("/auth/me")), data_of(esms.get("/workspace"))
    assert set(me) == {"id", "name", "email", "environment", "scopes", "api_key", "balance", "currency"}
    assert (me["environment"], me["email"], me["currency"], me["balance"]) == ("test", None, "KES", esms.balance())
    assert me["scopes"] == ["send", "query", "webhooks", "two_way"]
    assert set(me["api_key"]) == {"id", "name", "prefix"} and me["api_key"]["prefix"].startswith("esms_test_")
    assert isinstance(me["balance"], int | Decimal)
    assert set(workspace) == {"id", "name", "country", "time_zone", "currency", "created_at"}
    assert (workspace["id"], workspace["country"], workspace["time_zone"]) == (me["id"], "UG", "Africa/Kampala")
    assert refused(esms.put("/workspace", {}), 405, "method_not_allowed")


def test_the_first_owner_is_named(app):
    from wesend.accounts.users import create_user

    from ..support.accounts import mint
    from ..support.esms import esms_of

    minted = mint(app, "esms")
    with app.app_context():
        for email, role in (("m@example.com", "member"), ("one@example.com", "owner"), ("two@example.com", "owner")):
            create_user(email, role, minted.account_id, actor="test")
    assert data_of(esms_of(app, minted).get("/auth/me"))["email"] == "one@example.com"
