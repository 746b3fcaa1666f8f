"""`/opt-outs`: entered, listed and taken back by key, each on its own side."""

from __future__ import annotations

import io

import pytest

from wesend.accounts.service import get_account
from wesend.contacts import opting_out
from wesend.sandbox import phones

from ..support.accounts import mint
from ..support.esms import ANN, BEN, CHEBET, DAUDI, data_of, esms_of, field_of, new_esms, refused
from ..support.sides import Both


def listed(api, **query) -> list[dict]:
    return data_of(api.get("/opt-outs", query_string=query))["opt_outs"]


def test_an_entry_is_the_same_new_or_not_and_the_next_send_is_refused(app):
    api = new_esms(app)
    first = data_of(api.post("/opt-outs", {"phone": ANN}))
    assert set(first) == {"phone", "source", "created_at"} and (first["phone"], first["source"]) == (ANN, "api")
    assert data_of(api.post("/opt-outs", {"phone": "256712345678"})) == first
    assert refused(api.send(ANN), 400, "opted_out")
    assert data_of(api.get("/opt-outs")) == {"opt_outs": [first], "total": 1}
    assert data_of(api.delete(f"/opt-outs/{ANN}")) == {"phone": ANN, "status": "removed"}
    assert data_of(api.send(ANN))["status"] == "submitted"
    assert refused(api.delete(f"/opt-outs/{ANN}"), 404, "not_found")
    assert refused(api.delete("/opt-outs/nobody"), 404, "not_found")


def test_they_come_newest_first_with_where_they_came_from(app):
    minted = mint(app, "esms")
    api = esms_of(app, minted)
    with app.app_context():
        account = get_account(minted.account_id)
        opting_out.opt_out(account, ANN, actor="test")
        opting_out.opt_out_list(account, io.BytesIO(f"phone\n{BEN}\nx@example.com\n".encode()), actor="test")
        phones.answer(account, CHEBET, "STOP", actor="test")
    data_of(api.post("/opt-outs", {"phone": DAUDI}))
    assert [(entry["phone"], entry["source"]) for entry in listed(api)] == [
        (DAUDI, "api"),
        (CHEBET, "keyword"),
        (BEN, "import"),
        (ANN, "portal"),
    ], "the list of phones: an e-mail address is none"
    assert [entry["phone"] for entry in listed(api, limit=2)] == [DAUDI, CHEBET]
    assert data_of(api.get("/opt-outs?limit=1"))["total"] == 4


@pytest.mark.parametrize("limit", ["0", "1001", "x"])
def test_limits_are_1_to_1000(esms, limit):
    assert field_of(esms.get("/opt-outs", query_string={"limit": limit})) == ["query", "limit"]


def test_what_is_no_phone_is_refused(esms):
    assert refused(esms.post("/opt-outs", {"phone": "nobody"}), 400, "invalid_phone")
    assert field_of(esms.post("/opt-outs", {})) == ["body", "phone"]


def test_each_side_has_its_own_and_a_test_key_takes_back_no_more(app):
    both = Both(app)
    live, test = (both[side].apis["esms"] for side in ("live", "sandbox"))  # type: ignore[index]
    before = [api.get("/api/opt-outs").json["total"] for api in (live, test)]
    live.post("/api/opt-outs", {"phone": "+256712000001"})
    test.post("/api/opt-outs", {"phone": "+256712000002"})
    assert [api.get("/api/opt-outs").json["total"] for api in (live, test)] == [number + 1 for number in before]
    assert live.delete("/api/opt-outs/+256712000002").status_code == 404
    assert test.delete("/api/opt-outs/+256712000001").status_code == 404
    with app.app_context():
        opting_out.opt_out(both.account, "+256712000003", actor="test")
    assert test.delete("/api/opt-outs/+256712000003").status_code == 404, "people said so, for both"
    assert live.delete("/api/opt-outs/+256712000003").status_code == 200
