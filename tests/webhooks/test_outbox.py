"""The outbox: events stand or fall with what they tell of, once for each endpoint that listens."""

import json

import pytest

from wesend.accounts.sides import SANDBOX
from wesend.core.errors import AccountNotFound, InvalidInput
from wesend.database import atomic, write
from wesend.webhooks import endpoints, outbox
from wesend.webhooks.formats import Event

from ..support.accounts import mint

NOWHERE = "https://hook.example/"
DELIVERED = Event("sms.delivered", "m-1", {"event": "sms.delivered"})
FAILED = Event("sms.failed", "m-2", {"event": "sms.failed"})


def announce(engine, *events: Event, account_id: int | None = None, format_name: str = "wesendall") -> None:
    with engine.app.app_context():
        write(lambda tx: outbox.enqueue(tx, account_id or engine.account_id, SANDBOX, format_name, events))


def heard(engine, endpoint) -> list[str]:
    return [row["event"] for row in engine.deliveries(endpoint.id)]


def test_every_endpoint_of_the_account_and_format_hears_it(engine, app):
    other = mint(app).account_id
    first, second = engine.add(NOWHERE), engine.add(NOWHERE)
    deaf = [engine.add(NOWHERE, "wasambazie"), engine.add(NOWHERE, account_id=other)]
    announce(engine, DELIVERED)
    assert [heard(engine, endpoint) for endpoint in (first, second, *deaf)] == [["sms.delivered"], ["sms.delivered"], [], []]
    uids = [row["uid"] for row in engine.deliveries()]
    assert len(set(uids)) == 2 and all(uid.startswith("msg_") for uid in uids)


def test_an_endpoint_may_listen_to_some_events_only(engine):
    some, every = engine.add(NOWHERE, events=["sms.failed"]), engine.add(NOWHERE)
    announce(engine, DELIVERED, FAILED)
    assert heard(engine, some) == ["sms.failed"]
    assert heard(engine, every) == ["sms.delivered", "sms.failed"]


def test_an_endpoint_that_is_off_hears_nothing_new_and_keeps_what_waits(engine):
    endpoint = engine.add(NOWHERE)
    announce(engine, DELIVERED)
    engine.switch(endpoint.id, False)
    announce(engine, FAILED)
    assert heard(engine, endpoint) == ["sms.delivered"]
    engine.switch(endpoint.id, True)
    announce(engine, FAILED)
    assert heard(engine, endpoint) == ["sms.delivered", "sms.failed"]


def test_what_may_be_heard_once_is_heard_once_by_each(engine):
    first, second = engine.add(NOWHERE), engine.add(NOWHERE)
    once = DELIVERED._replace(once="finalised:b-1")
    for _ in range(3):
        announce(engine, once)
    announce(engine, once._replace(once="finalised:b-2"))
    assert [len(heard(engine, endpoint)) for endpoint in (first, second)] == [2, 2]


def test_an_event_is_undone_with_what_it_tells_of(engine):
    endpoint = engine.add(NOWHERE)

    def unit(tx):
        outbox.enqueue(tx, engine.account_id, SANDBOX, "wesendall", [DELIVERED])
        raise LookupError("the transaction fails after all")

    with engine.app.app_context(), pytest.raises(LookupError):
        write(unit)
    assert heard(engine, endpoint) == []


def test_the_payload_is_frozen_with_its_row(engine):
    payload = {"event": "sms.delivered", "text": "Zoë", "cost": 35}
    endpoint = engine.add(NOWHERE)
    announce(engine, DELIVERED._replace(payload=payload))
    payload["cost"] = 0
    (row,) = engine.deliveries(endpoint.id)
    assert json.loads(row["payload"]) == {"event": "sms.delivered", "text": "Zoë", "cost": 35}


def test_an_endpoint_whose_adding_was_undone_listens_to_nothing(engine):
    """Its transaction saw it listen; nothing of that may stay in memory."""
    with engine.app.app_context():
        with pytest.raises(LookupError), atomic():
            endpoints.add_endpoint(account_id=engine.account_id, format_name="wesendall", url=NOWHERE, actor="test")
            assert endpoints.listening().endpoints
            raise LookupError
        engine.add(NOWHERE, "wasambazie")  # the version of the configuration is now what it was in there
        assert {(account_id, name) for account_id, _, name in endpoints.listening().endpoints} == {
            (engine.account_id, "wasambazie")
        }


# -- endpoints --------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hook",
        "ftp://a.example/",
        "http://",
        "http:///x",
        "https://a.example:0/",
        "https://a.example:99999/",
        "https://a example/",
        "https://a.example/\nx",
        "http://[::1",
        "javascript:alert(1)",
        "https://a.example/" + "x" * 2000,
    ],
)
def test_what_is_no_http_url_is_no_endpoint(engine, url):
    with pytest.raises(InvalidInput):
        engine.add(url)


@pytest.mark.parametrize("options", [{"format_name": "nothing"}, {"events": ["delivery.batch.finalized"]}])
def test_unknown_formats_and_events_are_refused(engine, options):
    with pytest.raises(InvalidInput):
        engine.add(NOWHERE, **options)


def test_an_endpoint_needs_an_account(engine):
    with pytest.raises(AccountNotFound):
        engine.add(NOWHERE, account_id=99)


def test_a_removed_endpoint_is_gone_with_its_deliveries(engine, receiver):
    endpoint = engine.add(receiver.url)
    announce(engine, DELIVERED)
    engine.round()
    with engine.app.app_context():
        endpoints.remove_endpoint(endpoint.id, actor="test")
    announce(engine, DELIVERED)
    assert (engine.deliveries(), engine.attempts()) == ([], [])
