"""`/api` and `/v1`: both lead to eSMS's API, but for what `/v1` has of another dialect."""

from __future__ import annotations

import pytest

from ..support.accounts import mint
from ..support.apis import Wasambazie
from ..support.esms import ANN, Esms, data_of, refused


class Second(Esms):
    prefix = "/v1"


@pytest.fixture
def second(client) -> Second:
    return Second(client)


@pytest.mark.parametrize(
    "path", ["/messages", "/messages/stats", "/contact-lists", "/webhooks", "/sender-ids", "/routes", "/pricing"]
)
def test_what_is_below_one_prefix_is_below_the_other(esms, second, path):
    assert data_of(second.get(path)) == data_of(esms.get(path))


def test_a_message_sent_by_one_is_shown_by_the_other(esms, second):
    sent = data_of(second.send(ANN, "By the second prefix"))
    assert esms.message(sent["id"])["text"] == "By the second prefix"


def test_the_balance_below_v1_stays_anothers(client, esms, second):
    assert refused(esms.get("/balance/nothing"), 404, "not_found")
    assert isinstance(Wasambazie(client).balance(), float)
    answer = second.get("/balance/")
    assert (answer.status_code, type(answer.json["detail"])) == (401, str), "the other dialect's envelope"
    assert isinstance(second.get("/balance/transactions").json["detail"], str)
    assert isinstance(second.get("/sms/send").json["detail"], str)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/messages/a/b/c"), ("DELETE", "/messages"), ("GET", "/webhooks/none"), ("PUT", "/pricing")]
)
def test_an_unknown_path_has_the_envelope_of_its_longest_prefix(second, method, path):
    answer = second.call(method, path)
    assert answer.status_code in (404, 405) and answer.json["detail"]["code"] in ("not_found", "method_not_allowed")


def test_below_v1_a_key_is_asked_for_as_below_api(client, second):
    assert client.get("/v1/pricing").status_code == 200
    assert refused(second.get("/messages", headers={"Authorization": None}), 401, "invalid_api_key")


def test_an_idempotency_key_under_the_other_prefix_is_another_request(esms, second):
    headers = {"Idempotency-Key": "one-key"}
    first = data_of(esms.send(headers=headers))
    assert refused(second.send(headers=headers), 409, "idempotency_conflict")
    assert data_of(esms.send(headers=headers)) == first


def test_a_new_key_has_the_usual_scopes_and_the_sandboxes_all(app):
    with app.app_context():
        from wesend.database import query

        made = mint(app, "esms")
        scopes = {row["id"]: row["scopes"] for row in query("SELECT id, scopes FROM api_keys")}
        assert scopes.pop(made.key_id) == "send,query,webhooks"
        assert set(scopes.values()) == {"send,query,webhooks,two_way"}
