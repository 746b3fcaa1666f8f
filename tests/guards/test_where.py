"""Countries that an account may send to, and numbers to which nobody sends: each dialect's refusal, and nothing written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.accounts import allowed_countries
from wesend.core.errors import InvalidInput, RecipientBlocked
from wesend.database import query
from wesend.guards import blocklist
from wesend.messages.state.outgoing import IN_REQUEST_LIMIT

from ..support.accounts import mint, wesendall_of
from ..support.apis import Wasambazie, Wesendall, WorldLedgers
from ..support.dashboard import Visitor, make_user, text_of
from ..support.database import written
from ..support.esms import Esms, data_of, new_list
from ..support.esms import refused as is_refused

UGANDAN, KENYAN, BRITISH = "+256712345678", "+254712345678", "+447400123456"
EAST_AFRICA = ["BI", "CD", "KE", "RW", "SO", "SS", "TZ", "UG"]


@pytest.fixture
def account(app) -> int:
    """The sandbox's, whose published keys every API here has."""
    with app.app_context():
        return query("SELECT id FROM accounts WHERE is_sandbox = 1")[0][0]


@pytest.fixture(params=["country_not_allowed", "blocked"])
def refused(request, command, account) -> str:
    """Kenya is out of bounds, in one way or the other: the code of the refusal."""
    if request.param == "blocked":
        assert command("blocklist", "add", "+254 7") == {"added": ["+2547"]}
    else:
        command("account", "set", account, "--countries", "UG")
    return request.param


SENTENCES = {
    "country_not_allowed": "Sending to Kenya is not allowed for this account",
    "blocked": "This recipient is blocked: nobody sends there",
}


def test_wesendall(app, refused):
    api = Wesendall(app.test_client())
    before = written(app)
    answer = api.send(KENYAN)
    assert (answer.status_code, answer.json["error"], answer.json["message"]) == (403, refused, SENTENCES[refused])
    assert written(app) == before
    mixed = api.send([UGANDAN, KENYAN]).json["data"]
    assert [(result["status"], result.get("error")) for result in mixed["results"]][1] == ("failed", refused)
    assert mixed["results"][1]["cost"] == 0 and mixed["results"][0]["status"] != "failed"


def test_wasambazie(app, refused):
    api = Wasambazie(app.test_client())
    before = written(app)
    answer = api.send(KENYAN)
    assert (answer.status_code, answer.json) == (403, {"detail": SENTENCES[refused]})
    mixed = api.send(f"{UGANDAN},{KENYAN}")
    assert (mixed.status_code, mixed.json) == (403, {"detail": SENTENCES[refused]}), "its answer has no place for who is left out"
    many = ",".join(f"+256771{number:06}" for number in range(1, IN_REQUEST_LIMIT + 2))
    assert api.send(f"{many},{KENYAN}").status_code == 403
    assert written(app) == before and api.send(UGANDAN).status_code == 201


def test_esms(app, refused):
    api = Esms(app.test_client())
    lists = new_list(api, UGANDAN, KENYAN), new_list(api, KENYAN)
    before = written(app)
    answer = api.send(KENYAN)
    assert is_refused(answer, 403, refused)
    checked = data_of(api.precheck(lists[0]))
    assert (checked["total_contacts"], checked["unroutable_count"], checked["unroutable"]) == (2, 1, [KENYAN])
    assert is_refused(api.bulk(lists[1]), 400, "no_route")
    assert written(app) == before
    assert data_of(api.bulk(lists[0]))["total_recipients"] == 1


def test_replies_from_a_number(app, refused, command, account):
    client = app.test_client()
    api = Esms(client)
    command("account", "set", account, "--countries", "KE" if refused == "country_not_allowed" else "all")
    if refused == "blocked":
        command("blocklist", "add", UGANDAN)
    service = next(one["id"] for one in api.get("/two-way/services").json["services"] if one["keyword"] == "JOIN")
    api.call("PATCH", f"/two-way/services/{service}", json={"auto_reply_text": "Welcome", "auto_reply_enabled": True})
    before = written(app)
    answer = api.post(f"/two-way/services/{service}/reply", {"to": UGANDAN, "text": "Hi"})
    assert is_refused(answer, 403, refused) and written(app) == before
    assert client.post("/sandbox/messages", json={"from": UGANDAN, "to": "32811", "text": "JOIN"}).status_code == 201
    (message,) = api.get(f"/two-way/services/{service}/messages").json["messages"]
    assert message["direction"] == "inbound", "it is kept, and answers itself no more than somebody may"
    with app.app_context():
        assert [row["answer_note"] for row in query("SELECT answer_note FROM inbound_messages")] == [ANSWER_NOTES[refused]]


ANSWER_NOTES = {
    "country_not_allowed": "The account may not send to the sender's country",
    "blocked": "The sender is blocked: nobody sends there",
}


def test_a_key_narrows_its_replies_too(app, command):
    api = Esms(app.test_client())
    service = next(one["id"] for one in api.get("/two-way/services").json["services"] if one["keyword"] == "JOIN")
    with app.app_context():
        key = query("SELECT id FROM api_keys WHERE api = 'esms'")[0]["id"]
    command("key", "set", key, "--countries", "KE")
    assert is_refused(api.post(f"/two-way/services/{service}/reply", {"to": UGANDAN, "text": "Hi"}), 403, "country_not_allowed")
    command("key", "set", key, "--countries", "all")
    assert api.post(f"/two-way/services/{service}/reply", {"to": UGANDAN, "text": "Hi"}).status_code == 200


def test_world_ledgers(app, command, account):
    command("account", "set", account, "--countries", "UG")
    api = WorldLedgers(app.test_client())
    before = written(app)
    answer = api.sms(KENYAN)
    assert (answer.status_code, answer.json["message"]) == (422, SENTENCES["country_not_allowed"]) and written(app) == before
    command("account", "set", account, "--countries", "all")
    command("blocklist", "add", KENYAN)
    skipped = api.sms(KENYAN, "+254722345678").json["data"]["skipped"]
    assert skipped == [{"recipient": KENYAN, "reason": "blocked"}]


def test_the_operators_own_test_of_a_gateway(app, command):
    command("blocklist", "add", UGANDAN)
    with pytest.raises(RecipientBlocked):
        command("gateway", "test", "sandbox", "--to", UGANDAN)
    operator = Visitor(app, make_user(app))
    page = operator.post("/operator/gateways/sandbox/test", to=UGANDAN, text="Hello", sender="")
    assert SENTENCES["blocked"] in text_of(page)
    assert command("gateway", "test", "sandbox", "--to", KENYAN)["ok"]


def test_a_key_narrows_its_accounts_countries_and_widens_nothing(app, command):
    minted = mint(app, countries="UG,KE")
    api = wesendall_of(app, minted)
    assert api.send(KENYAN).status_code == 200
    assert command("key", "set", minted.key_id, "--countries", "UG,GB")["countries"] == ["GB", "UG"]
    assert [api.send(to).status_code for to in (UGANDAN, KENYAN, BRITISH)] == [200, 403, 403]
    command("account", "set", minted.account_id, "--countries", "all")
    assert [api.send(to).status_code for to in (UGANDAN, KENYAN)] == [200, 403] and api.send(BRITISH).json.get(
        "error"
    ) != "country_not_allowed"
    command("key", "set", minted.key_id, "--countries", "all")
    assert api.send(KENYAN).status_code == 200


def test_new_accounts_send_to_east_africa_and_their_own_country(app, command, account):
    made = command("account", "create", "Shop", "--country", "GB")
    assert command("account", "show", made["account_id"])["countries"] == sorted([*EAST_AFRICA, "GB"])
    made = command("account", "create", "Shop", "--countries", "all")
    assert command("account", "show", made["account_id"])["countries"] == "all"
    made = command("account", "create", "Shop", "--countries", "ke, ug")
    assert command("account", "show", made["account_id"])["countries"] == ["KE", "UG"]
    assert command("account", "show", account)["countries"] == "all"


@pytest.mark.parametrize("text", ["XX", "UG,", "UG;KE", "", ",", "Uganda"])
def test_what_is_no_country_is_refused(command, account, text):
    if text == "UG,":
        assert command("account", "set", account, "--countries", text)["countries"] == ["UG"]
        return
    with pytest.raises(InvalidInput, match="ISO 3166"):
        command("account", "set", account, "--countries", text)


def test_the_blocklist(command):
    assert command("blocklist", "add", "+256 (700) 1-2", "25671", "25671") == {"added": ["+25670012", "+25671"]}
    assert command("blocklist", "add", "25671") == {"added": []}
    assert [entry["prefix"] for entry in command("blocklist", "list")["blocklist"]] == ["+25670012", "+25671"]
    assert command("blocklist", "remove", "+25671", "+999") == {"removed": ["+25671"]}
    with pytest.raises(InvalidInput, match="country code"):
        command("blocklist", "add", "25672", "0712345678")
    assert len(command("blocklist", "list")["blocklist"]) == 1, "all or nothing"


@pytest.mark.parametrize("kept", [0, 2, 2000])
def test_a_short_list_and_one_too_long_for_memory_block_the_same(app, command, monkeypatch, kept):
    monkeypatch.setattr(blocklist, "KEPT", kept)
    with app.app_context():
        assert not blocklist.is_blocked(KENYAN)
        command("blocklist", "add", "+25470", "25672", KENYAN)
        assert [blocklist.is_blocked(to) for to in ("+254701111111", KENYAN, "+256722345678")] == [True] * 3
        assert not blocklist.is_blocked(UGANDAN) and not blocklist.is_blocked("+2547")
        command("blocklist", "remove", KENYAN)
        assert not blocklist.is_blocked(KENYAN)


@given(st.text())
def test_whatever_is_typed_is_a_prefix_or_not(text):
    try:
        assert blocklist.read_prefix(text).isdigit()
    except InvalidInput:
        pass


@given(st.sets(st.sampled_from(sorted(EAST_AFRICA)), min_size=1), st.sets(st.sampled_from(sorted(EAST_AFRICA)), min_size=1))
def test_two_lists_allow_what_both_do(one, other):
    first, second = frozenset(one), frozenset(other)
    assert allowed_countries.both(first, second) == first & second
    assert allowed_countries.both(None, second) == second == allowed_countries.both(second, None)
    assert allowed_countries.read(allowed_countries.stored(first)) == first
