"""`storage.low`: told to whom an operator has named, once each time that the disk falls below the reserve, while there is room."""

from __future__ import annotations

import json

import pytest

from wesend.accounts.roles import KeyHolder
from wesend.core import storage
from wesend.core.errors import InvalidInput, StorageFull
from wesend.database import query
from wesend.operations import mailing, storage_watch
from wesend.webhooks import endpoints

from ..support.accounts import mint
from ..support.dashboard import Visitor, make_user, text_of
from .test_signatures import verify_standard

NAMED = ["--events", "storage.low"]


@pytest.fixture(autouse=True)
def no_mail(monkeypatch) -> None:
    monkeypatch.setattr(mailing, "post", lambda *_, **__: True)


@pytest.fixture
def disk(app, monkeypatch):
    """Sets the reserve above or below what is free, and has the jobs look."""

    def set_(*, is_low: bool) -> None:
        with app.app_context():
            monkeypatch.setattr(storage.here(), "reserve", 10**18 if is_low else 1)
            storage_watch.warn()
            storage_watch.warn()

    return set_


def listen(app, url: str, format_name: str, *events: str):
    with app.app_context():
        return endpoints.add_endpoint(account_id=1, format_name=format_name, url=url, events=list(events) or None, actor="cli")


@pytest.mark.parametrize("format_name", ["wesendall", "esms", "wasambazie", "worldledgers"])
def test_it_is_posted_and_signed_once_a_crossing(app, engine, receiver, disk, format_name):
    _, secret = listen(app, receiver.url, format_name, "storage.low")
    disk(is_low=False)
    engine.round()
    assert receiver.posted == []
    for crossing in (1, 2):
        disk(is_low=True)
        engine.round()
        assert len(receiver.posted) == crossing
        disk(is_low=False)
        engine.round()
    for posted in receiver.posted:
        assert verify_standard(secret, posted)
        assert posted.json["event"] == "storage.low" and posted.json["server"].startswith("http")
        assert posted.json["free_mb"] < posted.json["reserve_mb"] and posted.json["timestamp"].endswith("Z")


def test_who_hears_of_every_event_of_a_format_or_of_others_hears_nothing_of_it(app, engine, receiver, disk):
    for events in ((), ("sms.delivered",), ("wallet.low_balance",)):
        listen(app, receiver.url, "wesendall", *events)
    disk(is_low=True)
    engine.round()
    assert receiver.posted == []


def test_it_is_written_down_when_there_is_room_for_it(app, engine, receiver, disk, monkeypatch):
    listen(app, receiver.url, "wesendall", "storage.low")

    def refuse(_unit) -> None:
        raise StorageFull(storage.FULL)

    with monkeypatch.context() as full:
        full.setattr(storage_watch, "write", refuse)
        disk(is_low=True)
    engine.round()
    assert receiver.posted == []
    disk(is_low=True)
    engine.round()
    assert len(receiver.posted) == 1


def test_a_restart_does_not_repeat_it(app, engine, receiver, disk):
    listen(app, receiver.url, "wesendall", "storage.low")
    disk(is_low=True)
    app.extensions.pop("wesend.low-disk")
    disk(is_low=True)
    engine.round()
    assert len(receiver.posted) == 1


# -- who may name it ---------------------------------------------------------------


def test_an_owner_who_names_it_is_refused_as_for_an_event_that_there_is_not(app):
    minted = mint(app, "esms")
    owner = Visitor(app, make_user(app, "owner", minted.account_id))
    page = owner.get("/webhooks")
    assert "storage.low" not in page.text and "wallet.low_balance" in page.text
    answers = [
        text_of(owner.post("/webhooks", format="wesendall", url="https://example.com/", events=[event]))
        for event in ("storage.low", "no.such")
    ]
    assert "storage.low" in answers[0] and answers[0].replace("storage.low", "no.such") == answers[1]
    with app.app_context():
        for actor in (owner.user, KeyHolder(minted.account_id, 1, "prefix")):
            with pytest.raises(InvalidInput, match="has no event storage.low: choose from .*wallet.low_balance$"):
                endpoints.add_endpoint(
                    account_id=minted.account_id,
                    format_name="esms",
                    url="https://example.com/",
                    events=["storage.low"],
                    actor=actor,
                )
        assert query("SELECT count(*) FROM webhook_endpoints WHERE account_id = ?", (minted.account_id,))[0][0] == 0


def test_an_operator_names_it_in_the_dashboard_or_by_command(app):
    operator = Visitor(app, make_user(app)).pick(1)
    assert "storage.low" in operator.get("/webhooks").text
    answer = operator.post("/webhooks", format="wesendall", url="https://example.com/", events=["storage.low", "sms.failed"])
    assert "whsec_" in answer.text
    done = app.test_cli_runner().invoke(
        args=["webhook", "add", "--account", "1", "--format", "esms", "--url", "https://example.com/", *NAMED, "--json"]
    )
    assert done.exit_code == 0 and json.loads(done.stdout)["webhook_id"]
    with app.app_context():
        found = [row["events"] for row in query("SELECT events FROM webhook_endpoints ORDER BY id")]
    assert found == ["storage.low,sms.failed", "storage.low"]


def test_what_was_ticked_for_another_format_is_passed_over_as_before(app):
    operator = Visitor(app, make_user(app)).pick(1)
    answer = operator.post("/webhooks", format="wesendall", url="https://example.com/", events=["message.delivered", "storage.low"])
    assert "whsec_" in answer.text
    with app.app_context():
        assert query("SELECT events FROM webhook_endpoints")[0][0] == "storage.low"
