"""World Ledgers: `POST /sms`."""

from __future__ import annotations

import re

import pytest

from wesend.core.clock import iso
from wesend.database import query, write
from wesend.routing import opt_outs

from ..support.accounts import new_worldledgers
from ..support.database import written
from ..support.worldledgers import OK, accepted, add_contact, refused, sandbox_account


def texts(client) -> list[str]:
    return [message["text"] for message in client.get("/sandbox/messages").json["messages"]]


def test_the_documented_request_is_answered_as_documented(worldledgers):
    answer = worldledgers.sms(
        "254712345678",
        "0712345678",
        message="Hello {first_name}, your balance is {account_balance}.",
        send_at="2026-06-10 14:00:00",
        reference="invoice-reminder-42",
    )
    data = accepted(answer)
    assert answer.json["message"] == "SMS scheduled successfully."
    assert re.fullmatch("SMS-.+", data.pop("blast_id"))
    [message_id] = data.pop("message_ids")
    assert isinstance(message_id, int)
    assert data == {
        "scheduled": 1,
        "skipped": [{"recipient": "0712345678", "reason": "duplicate"}],
        "reference": "invoice-reminder-42",
    }


@pytest.mark.parametrize(
    "recipient", ["254712345678", "0712345678", "712345678", "+254712345678", "+254 712 345 678", "00254712345678"]
)
def test_a_recipient_is_kenyas_in_every_form(worldledgers, recipient):
    [message_id] = accepted(worldledgers.sms(recipient))["message_ids"]
    assert worldledgers.status("sms", message_id)["recipient"] == "254712345678"


@pytest.mark.parametrize(
    ("recipient", "shown"), [("0110123456", "254110123456"), ("254101234567", "254101234567"), ("0101234567", "254101234567")]
)
def test_the_new_numbers_that_begin_with_01_are_taken(worldledgers, recipient, shown):
    [message_id] = accepted(worldledgers.sms(recipient))["message_ids"]
    assert worldledgers.status("sms", message_id)["recipient"] == shown


def test_invalid_repeated_and_unsubscribed_recipients_are_skipped_with_their_reason(app, worldledgers):
    account = sandbox_account(app)
    with app.app_context():
        write(lambda tx: opt_outs.add_opt_out(tx, account_id=account, channel="sms", address="+254722000001", source="t"))
    data = accepted(worldledgers.sms("nobody", OK, "0712345678", "0722000001", "", "12345"))
    assert data["skipped"] == [
        {"recipient": "nobody", "reason": "invalid"},
        {"recipient": "0712345678", "reason": "duplicate"},
        {"recipient": "0722000001", "reason": "unsubscribed"},
        {"recipient": "", "reason": "invalid"},
        {"recipient": "12345", "reason": "invalid"},
    ]
    assert (data["scheduled"], len(data["message_ids"])) == (1, 1)


ABROAD = ["+256712345678", "256712345678", "+255742345678", "+14155552671", "00256712345678"]
LANDLINES = ["0202345678", "+254202345678", "254412345678"]


def test_numbers_that_are_no_kenyan_mobiles_are_skipped_as_invalid(worldledgers):
    data = accepted(worldledgers.sms(*ABROAD, OK, *LANDLINES))
    assert data["skipped"] == [{"recipient": number, "reason": "invalid"} for number in (*ABROAD, *LANDLINES)]
    assert data["scheduled"] == 1


@pytest.mark.parametrize("recipients", [["nobody"], ["", " "], ["0712"], ["a@example.com"], ABROAD, LANDLINES])
def test_nobody_valid_is_422_and_nothing_is_written(app, worldledgers, recipients):
    before = written(app)
    assert refused(worldledgers.sms(*recipients), 422, "recipients")
    assert written(app) == before


def test_message_ids_stand_in_the_order_of_the_recipients_however_many(app, worldledgers):
    """Beyond a hundred it goes the way of a bulk."""
    given = [f"2547120{number:05d}" for number in range(150)]
    data = accepted(worldledgers.sms(*given, "nobody"))
    assert data["scheduled"] == 150
    assert [worldledgers.status("sms", data["message_ids"][place])["recipient"] for place in (0, 99, 149)] == [
        given[0],
        given[99],
        given[149],
    ]


def test_placeholders_are_filled_from_the_contact_with_that_phone(app, client, worldledgers, jobs):
    add_contact(
        app, sandbox_account(app), "0722000001", "Amina Wanjiru", account_balance="KES 1,200", last_name="Wanjiru", Plan="Gold"
    )
    worldledgers.sms("254722000001", message="{first_name}|{last_name}|{name}|{account_balance}|{plan}|{ FIRST_NAME }|{{x}}")
    jobs.dispatch()
    assert texts(client) == ["Amina|Wanjiru|Amina Wanjiru|KES 1,200|Gold|Amina|{}"]


@pytest.mark.parametrize(
    ("name", "fields", "shown"),
    [
        ("Amina Wanjiru", {}, "Amina|Wanjiru"),
        ("Amina  wa Wanjiru", {}, "Amina|wa Wanjiru"),
        ("Amina", {}, "Amina|"),
        ("Amina Wanjiru", {"last_name": "Kamau"}, "Amina|Kamau"),
        (None, {"first_name": "Amina", "last_name": "Wanjiru"}, "Amina|Wanjiru"),
        ("Amina Wanjiru", {"first_name": "", "last_name": ""}, "Amina|Wanjiru"),
        (None, {}, "|"),
    ],
)
def test_a_last_name_may_stand_in_the_whole_one_alone(app, client, worldledgers, jobs, name, fields, shown):
    add_contact(app, sandbox_account(app), "0722000001", name, **fields)
    worldledgers.sms("254722000001", message="{first_name}|{last_name}")
    jobs.dispatch()
    assert texts(client) == [shown]


def test_a_field_may_begin_with_any_letter(app, client, worldledgers, jobs):
    add_contact(app, sandbox_account(app), "0722000001", **{"Échéance": "5 mai", "étage": "3"})
    worldledgers.sms("254722000001", message="{échéance}|{Étage}|{1}")
    jobs.dispatch()
    assert texts(client) == ["5 mai|3|{1}"]


def test_without_a_contact_placeholders_are_empty_and_the_double_space_is_closed(client, worldledgers, jobs):
    worldledgers.sms("254722000001", message="Dear {first_name} {last_name} customer, pay {account_balance} now.")
    jobs.dispatch()
    assert texts(client) == ["Dear customer, pay now."]


def test_a_contact_of_another_account_fills_nothing(app, client, worldledgers, jobs):
    _, minted = new_worldledgers(app)
    add_contact(app, minted.account_id, "0722000001", "Secret")
    worldledgers.sms("254722000001", message="[{name}]")
    jobs.dispatch()
    assert texts(client) == ["[]"]


def test_a_value_is_not_scanned_for_placeholders_again(app, client, worldledgers, jobs):
    add_contact(app, sandbox_account(app), "0722000001", "{account_balance}", account_balance="9")
    worldledgers.sms("254722000001", message="{name}")
    jobs.dispatch()
    assert texts(client) == ["{account_balance}"]


def test_a_message_has_at_most_1000_characters_and_all_its_segments(app):
    api, _ = new_worldledgers(app)
    assert refused(api.sms(OK, message="x" * 1001), 422, "message")
    accepted(api.sms(OK, message="x" * 1000))
    assert api.credits() == 3  # 1000 characters are 7 segments
    assert refused(api.sms(OK, message="ж" * 1000), 422, "credits")  # 15 of 70 characters


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"message": "Hi"},
        {"recipients": [OK]},
        {"message": "", "recipients": [OK]},
        {"message": " ", "recipients": [OK]},
        {"message": "Hi", "recipients": []},
        {"message": "Hi", "recipients": OK},
        {"message": 5, "recipients": [OK]},
        {"message": "Hi", "recipients": [254712345678]},
        {"message": None, "recipients": None},
        {"message": "Hi", "recipients": [OK], "send_at": 5},
        {"message": "Hi", "recipients": [OK], "reference": {}},
    ],
)
def test_what_is_missing_or_of_another_type_is_422_by_field(app, worldledgers, body):
    before = written(app)
    answer = worldledgers.post("/sms", body)
    wrong = {
        name
        for name, good in (
            ("message", isinstance(body.get("message"), str) and body["message"].strip()),
            (
                "recipients",
                isinstance(body.get("recipients"), list) and body["recipients"] and isinstance(body["recipients"][0], str),
            ),
            ("send_at", not body.get("send_at")),
            ("reference", body.get("reference") is None),
        )
        if not good
    }
    assert refused(answer, 422, *wrong)
    assert written(app) == before


@pytest.mark.parametrize("reference", [None, "", "invoice-42", "x" * 255])
def test_the_reference_comes_back(worldledgers, reference):
    data = accepted(worldledgers.sms(OK, reference=reference))
    assert data["reference"] == (reference or None)
    assert worldledgers.status("sms", data["message_ids"][0])["reference"] == (reference or None)


def test_a_sender_id_must_be_approved(client, worldledgers, jobs):
    accepted(worldledgers.sms(OK, sender_id="MYBRAND"))
    jobs.dispatch()
    assert client.get("/sandbox/messages").json["messages"][0]["sender"] == "MYBRAND"
    assert refused(worldledgers.sms(OK, sender_id="NOTMINE"), 422, "sender_id")


@pytest.mark.parametrize(
    ("send_at", "due"),
    [
        ("2026-06-10 18:00:00", "2026-06-10T15:00:00Z"),
        ("2026-06-10T18:00:00", "2026-06-10T15:00:00Z"),
        ("2026-06-10T18:00:00+01:00", "2026-06-10T17:00:00Z"),
        ("2026-06-10T18:00:00Z", "2026-06-10T18:00:00Z"),
        ("2026-09-08 14:59:00", "2026-09-08T11:59:00Z"),
    ],
)
def test_send_at_without_a_zone_is_the_accounts_and_with_one_is_taken_as_it_is(app, clock, jobs, send_at, due):
    """It is 12:00 UTC, 15:00 in Nairobi."""
    api, _ = new_worldledgers(app)
    [message_id] = accepted(api.sms(OK, send_at=send_at))["message_ids"]
    jobs.settle()
    assert api.status("sms", message_id)["status"] == "pending"
    with app.app_context():
        due_at = query("SELECT due_at FROM messages")[0][0]
    assert iso(due_at) == due
    clock.seconds = due_at / 1000
    jobs.settle()
    assert api.status("sms", message_id)["status"] == "delivered"


@pytest.mark.parametrize("send_at", ["2026-06-10 14:59:59", "2020-01-01 00:00:00", "2026-06-10T15:00:00+03:00", "", None])
def test_send_at_in_the_past_is_now(app, clock, jobs, send_at):
    api, _ = new_worldledgers(app)
    [message_id] = accepted(api.sms(OK, send_at=send_at))["message_ids"]
    jobs.settle()
    assert api.status("sms", message_id)["status"] == "delivered"


@pytest.mark.parametrize(
    "send_at",
    [
        "2026-09-08 15:00:01",
        "2099-01-01 00:00:00",
        "soon",
        "2026-02-30 10:00:00",
        "10/06/2026 14:00",
        "9999-12-31 23:59:59",
        "1781092800",
    ],
)
def test_send_at_beyond_90_days_or_no_time_is_422(app, clock, send_at):
    api, _ = new_worldledgers(app)
    before = written(app)
    assert refused(api.sms(OK, send_at=send_at), 422, "send_at")
    assert written(app) == before


def test_one_credit_a_segment_is_held_when_the_blast_is_accepted(app):
    api, _ = new_worldledgers(app)
    accepted(api.sms(OK, "0722000001", message="x" * 161))
    assert api.credits() == 6
    accepted(api.sms(OK, "nobody"))
    assert api.credits() == 5


def test_too_few_credits_is_422_by_credits_and_nothing_is_written(app):
    api, _ = new_worldledgers(app, balance="1.5")
    before = written(app)
    answer = api.sms(OK, "0722000001")
    assert refused(answer, 422, "credits")
    assert "2" in answer.json["errors"]["credits"][0] and "1.5" in answer.json["errors"]["credits"][0]
    assert written(app) == before


def test_a_live_wallet_without_a_gateway_is_502(app):
    api, _ = new_worldledgers(app, is_sandbox=False)
    before = written(app)
    assert refused(api.sms(OK), 502)
    assert written(app) == before
