"""A verification from its start to its end, through the API."""

from __future__ import annotations

import re

import pytest

from wesend.accounts.languages import choose_for_account
from wesend.core import languages, segments
from wesend.database import query, query_one
from wesend.verification import codes, ending, texts
from wesend.wallets.service import create_wallet, credit_by_hand

from ..support.accounts import mint, mint_key
from ..support.esms import ANN, BEN, LOW, REFUSED, Esms, data_of, esms_of, field_of, new_esms, refused
from ..support.sides import Both
from ..support.verify import check, shown, start, started, wrong

KEYS = {
    "verification_id", "app_id", "to", "channel", "status", "attempts_remaining", "resends_remaining", "expires_at",
    "created_at", "approved_at", "message_id", "message_status", "segments", "cost", "currency",
}  # fmt: skip


def texts_at(client, phone: str) -> list[str]:
    """What the sandbox's phone shows, oldest first."""
    return [message["text"] for message in client.get("/sandbox/messages", query_string={"to": phone}).json["messages"]]


def test_a_code_is_sent_and_the_right_answer_approves(app, api, client, clock):
    begun = started(api)
    assert set(begun) == KEYS | {"sandbox_code"}
    assert re.fullmatch(r"ver_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", begun["verification_id"])
    assert re.fullmatch(r"\d{6}", begun["sandbox_code"])
    assert (begun["to"], begun["channel"], begun["status"], begun["app_id"]) == (ANN, "sms", "pending", None)
    assert (begun["attempts_remaining"], begun["resends_remaining"]) == (5, 3)
    assert (begun["created_at"], begun["expires_at"]) == ("2026-06-10T12:00:00Z", "2026-06-10T12:10:00Z")
    assert (begun["message_status"], begun["segments"], begun["cost"], begun["currency"]) == ("submitted", 1, 35, "UGX")
    assert begun["sandbox_code"] in texts_at(client, ANN)[-1]
    done = data_of(check(api, begun["sandbox_code"], begun["verification_id"]))
    assert done == {"verification_id": begun["verification_id"], "to": ANN, "status": "approved", "attempts_remaining": 5}
    after = shown(api, begun["verification_id"])
    assert set(after) == KEYS and (after["status"], after["approved_at"]) == ("approved", "2026-06-10T12:00:00Z")
    assert refused(check(api, begun["sandbox_code"], begun["verification_id"]), 409, "already_approved")
    for action in ("resend", "cancel"):
        assert refused(api.post(f"/verify/{begun['verification_id']}/{action}"), 409, "verification_closed")


def test_spaces_and_hyphens_of_an_answer_are_passed_over(api):
    begun = started(api, code_length=8)
    code = begun["sandbox_code"]
    assert len(code) == 8
    assert data_of(check(api, f" {code[:3]}-{code[3:6]} {code[6:]}\n", to=ANN))["status"] == "approved"


@pytest.mark.parametrize("answer", ["x", "-", "'; DROP TABLE verifications", "١٢٣٤٥٦", "0" * 100])
def test_whatever_is_no_code_is_a_wrong_one(api, answer):
    begun = started(api)
    assert data_of(check(api, answer, begun["verification_id"]))["attempts_remaining"] == 4


def test_when_the_attempts_are_used_up_it_has_failed(api):
    begun = started(api)
    code = begun["sandbox_code"]
    answers = [data_of(check(api, wrong(code), begun["verification_id"])) for _ in range(5)]
    assert [(found["status"], found["attempts_remaining"]) for found in answers] == [
        ("pending", 4), ("pending", 3), ("pending", 2), ("pending", 1), ("failed", 0),
    ]  # fmt: skip
    assert data_of(check(api, code, begun["verification_id"])) == answers[-1], "200 in any status"
    assert refused(api.post(f"/verify/{begun['verification_id']}/resend"), 409, "verification_closed")


def test_it_expires_and_is_shown_so_before_a_sweep_comes_by(app, api, clock):
    begun = started(api, expiry_seconds=60)
    clock.advance(59)
    assert shown(api, begun["verification_id"])["status"] == "pending"
    clock.advance(1)
    assert shown(api, begun["verification_id"])["status"] == "expired"
    assert data_of(check(api, begun["sandbox_code"], begun["verification_id"]))["status"] == "expired"
    assert data_of(api.get("/verify?status=expired"))["total"] == 1 and data_of(api.get("/verify?status=pending"))["total"] == 0
    for action in ("resend", "cancel"):
        assert refused(api.post(f"/verify/{begun['verification_id']}/{action}"), 409, "verification_closed")
    with app.app_context():
        assert ending.sweep() == 1 and ending.sweep() == 0
        row = query_one("SELECT * FROM verifications")
    assert row is not None and (row["status"], row["code_hmac"]) == ("expired", None), "forgotten at the end"


def test_a_resend_has_a_new_code_a_new_expiry_and_the_attempts_that_were_left(api, client, clock):
    begun = started(api, expiry_seconds=60)
    check(api, wrong(begun["sandbox_code"]), begun["verification_id"])
    clock.advance(50)
    again = data_of(api.post(f"/verify/{begun['verification_id']}/resend"))
    assert (again["attempts_remaining"], again["resends_remaining"]) == (4, 2)
    assert (again["created_at"], again["expires_at"]) == (begun["created_at"], "2026-06-10T12:01:50Z")
    assert again["message_id"] != begun["message_id"] and again["cost"] == 70, "of all its messages"
    if again["sandbox_code"] != begun["sandbox_code"]:
        assert data_of(check(api, begun["sandbox_code"], begun["verification_id"]))["status"] == "pending"
    clock.advance(20)
    assert data_of(check(api, again["sandbox_code"], begun["verification_id"]))["status"] == "approved"
    assert len(texts_at(client, ANN)) >= 2


def test_the_wallet_that_paid_for_the_first_code_pays_for_the_next(app, api):
    account_id = data_of(api.get("/workspace"))["id"]
    with app.app_context():
        other = create_wallet(account_id=account_id, currency="KES", is_sandbox=True, actor="test")
        credit_by_hand(other, 1_000_000_000, note=None, actor="test")
        _, given = mint_key(account_id, other, "esms")
    begun, before = started(api), api.balance()
    another = Esms(app.test_client(), given.secret)
    again = data_of(another.post(f"/verify/{begun['verification_id']}/resend"))
    assert (again["cost"], again["currency"], another.balance(), before - api.balance()) == (70, "UGX", 1000, 35)


def test_no_more_are_resent_than_may_be(api):
    begun = started(api)
    for left in (2, 1, 0):
        assert data_of(api.post(f"/verify/{begun['verification_id']}/resend"))["resends_remaining"] == left
    assert refused(api.post(f"/verify/{begun['verification_id']}/resend"), 409, "max_resends_exceeded")


def test_a_new_start_cancels_the_older_one_of_the_phone_and_sender(api, app):
    both = Both(app)
    api = new_esms(app)
    first, other_phone = started(api), started(api, BEN)
    second = started(api)
    assert [shown(api, found["verification_id"])["status"] for found in (first, other_phone, second)] == [
        "canceled", "pending", "pending",
    ]  # fmt: skip
    test = both.sandbox
    ours = test.apis["esms"]
    by_route, by_name = (
        ours.post("/api/verify/start", {"to": ANN, **more}).json["verification_id"] for more in ({}, {"sender_id": test.sender})
    )
    assert ours.get(f"/api/verify/{by_route}").json["status"] == "pending", "another sender"
    again = ours.post("/api/verify/start", {"to": ANN, "sender_id": test.sender.lower()})
    assert again.status_code == 200 and ours.get(f"/api/verify/{by_name}").json["status"] == "canceled", "without case"


def test_cancelling_shows_the_object(api):
    begun = started(api)
    done = data_of(api.post(f"/verify/{begun['verification_id']}/cancel"))
    assert set(done) == KEYS and done["status"] == "canceled"
    assert data_of(check(api, begun["sandbox_code"], begun["verification_id"]))["status"] == "canceled"


def test_by_the_phone_the_newest_is_checked(api):
    started(api)
    newest = started(api)
    found = data_of(check(api, newest["sandbox_code"], to="256712345678"))
    assert (found["verification_id"], found["status"]) == (newest["verification_id"], "approved")
    assert refused(check(api, "1", to=BEN), 404, "not_found")
    assert refused(check(api, "1", "ver_nothing"), 404, "not_found")
    assert refused(check(api, "1", to="nobody"), 400, "invalid_phone")
    assert field_of(check(api, "1")) == ["body", "verification_id"]
    assert field_of(api.post("/verify/check", {"to": ANN})) == ["body", "code"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"code_length": 3}, "code_length"),
        ({"code_length": 11}, "code_length"),
        ({"code_length": "6"}, "code_length"),
        ({"expiry_seconds": 59}, "expiry_seconds"),
        ({"expiry_seconds": 3601}, "expiry_seconds"),
        ({"template": "Your code"}, "template"),
        ({"template": "{{ app }} {minutes}"}, "template"),
        ({"template": ""}, "template"),
        ({"to": 256712345678}, "to"),
        ({"to": None}, "to"),
    ],
)
def test_what_cannot_be_started_is_422(api, more, field):
    assert field_of(api.post("/verify/start", {"to": ANN, **more})) == ["body", field]


def test_what_a_send_is_refused_with_and_nothing_is_written(app, api):
    def written() -> list[int]:
        with app.app_context():
            tables = ("verifications", "messages", "batches", "ledger_entries", "verification_sends")
            return [query(f"SELECT count(*) FROM {table}")[0][0] for table in tables]

    live = esms_of(app, mint(app, "esms", is_sandbox=False))
    before = written()
    assert refused(start(api, "nobody"), 400, "invalid_phone")
    assert refused(start(live), 400, "no_route")
    assert refused(start(api, sender_id="NOTOURS"), 403, "sender_id_not_approved")
    assert refused(start(api, app_id="app_nothing"), 404, "not_found")
    assert refused(start(api, template="{{code}}" + "x" * 1531), 400, "text_too_long")
    assert refused(start(api, LOW), 422, "insufficient_balance")
    assert written() == before
    api.post("/opt-outs", {"phone": ANN})
    assert refused(start(api), 403, "recipient_opted_out")
    assert written() == before


def test_somebody_who_opted_out_gets_no_second_code(api):
    begun = started(api)
    api.post("/opt-outs", {"phone": ANN})
    assert refused(api.post(f"/verify/{begun['verification_id']}/resend"), 403, "recipient_opted_out")
    assert shown(api, begun["verification_id"])["resends_remaining"] == 3


def test_a_code_that_the_gateway_refuses_fails_and_is_refunded(api):
    before = api.balance()
    assert refused(start(api, REFUSED), 502, "send_failed")
    assert api.balance() == before
    (found,) = data_of(api.get("/verify"))["verifications"]
    assert (found["status"], found["message_status"], found["cost"]) == ("failed", "failed", 0)


def test_an_idempotency_key_replays_the_first_answer_and_sends_no_second_code(api):
    headers = {"Idempotency-Key": "once"}
    first = start(api, headers=headers)
    again = start(api, headers=headers)
    assert again.headers["Idempotency-Replayed"] == "true" and again.json == first.json
    assert data_of(api.get("/verify"))["total"] == 1 and len(api.messages()) == 1
    assert start(api, BEN, headers=headers).status_code == 409
    failed = {"Idempotency-Key": "refused"}
    assert [start(api, REFUSED, headers=failed).status_code for _ in range(2)] == [502, 502]
    assert len(api.messages()) == 2


def test_a_request_that_paid_and_died_is_answered_from_what_is_stored(app, api):
    begun = start(api, headers={"Idempotency-Key": "died"}).json
    again = data_of(api.post(f"/verify/{begun['verification_id']}/resend", headers={"Idempotency-Key": "died, too"}))
    with app.app_context():
        from wesend.database import atomic

        with atomic() as tx:
            tx.execute("UPDATE idempotency_keys SET status_code = NULL, body = NULL, content_type = NULL, lease_until = 0")
    assert data_of(start(api, headers={"Idempotency-Key": "died"})) == again, "as it stands now, the code too"
    assert data_of(api.post(f"/verify/{begun['verification_id']}/resend", headers={"Idempotency-Key": "died, too"})) == again
    assert len(api.messages()) == 2


def test_lists_are_newest_first_with_their_filters(api, clock):
    mine = [started(api, phone)["verification_id"] for phone in (ANN, BEN, ANN)]
    found = data_of(api.get("/verify"))
    assert [entry["verification_id"] for entry in found["verifications"]] == mine[::-1]
    assert (found["total"], found["page"], found["limit"]) == (3, 0, 20)
    assert all(set(entry) == KEYS for entry in found["verifications"])
    by_phone = data_of(api.get("/verify", query_string={"to": ANN, "limit": 1, "page": 1}))
    assert [entry["verification_id"] for entry in by_phone["verifications"]] == [mine[0]] and by_phone["total"] == 2
    assert [entry["status"] for entry in data_of(api.get("/verify?status=canceled"))["verifications"]] == ["canceled"]
    for query_string in ({"status": "sent"}, {"limit": 0}, {"limit": 101}, {"page": -1}):
        assert field_of(api.get("/verify", query_string=query_string))[0] == "query"
    assert refused(api.get("/verify/ver_nothing"), 404, "not_found")


def test_a_template_names_its_places_in_double_or_single_braces(api, client):
    template = "{{ CODE }}|{code}|{{app}}|{app}|{{minutes}}|{Minutes}|{{name}}|{other}"
    begun = started(api, template=template, expiry_seconds=90)
    code = begun["sandbox_code"]
    assert texts_at(client, ANN)[-1] == f"{code}|{code}|esms UG|esms UG|2|2|{{{{name}}}}|{{other}}"


@pytest.mark.parametrize("name", ["Shop", "S" * 100, "Ŵŵ Café ☃", "☃", "[{€}]" * 30, "{{code}}", "a\nb"])
@pytest.mark.parametrize("length", [4, 10])
@pytest.mark.parametrize("language", languages.NAMES)
def test_our_own_words_are_one_segment_whatever_the_name_is(name, length, language):
    counted = segments.count(texts.text_of(None, "0" * length, name, 3600, language=language))
    assert (counted.count, counted.encoding) == (1, segments.GSM7)


def test_our_own_words_are_in_the_accounts_language(app, api, client):
    with app.app_context():
        account_id = query_one("SELECT account_id FROM api_keys ORDER BY id DESC LIMIT 1")["account_id"]
        choose_for_account(account_id, "sw", actor="test")
    begun = started(api)
    code = begun["sandbox_code"]
    assert (
        texts_at(client, ANN)[-1] == f"{code} ni nambari yako ya kuthibitisha esms UG. Inaisha baada ya dk 10. Usimpe mtu mwingine."
    )


def test_a_name_is_never_read_as_a_template():
    assert texts.text_of("{{app}}: {{code}}", "1234", "{{code}}{{minutes}}", 60) == "{{code}}{{minutes}}: 1234"


def test_codes_are_of_every_digit_and_kept_as_a_keyed_hash(app):
    found = [codes.new_code(4) for _ in range(3000)]
    assert all(re.fullmatch(r"\d{4}", code) for code in found)
    assert {code[0] for code in found} == set("0123456789"), "leading zeros, too"
    with app.app_context():
        kept = codes.digest("ver_1", "123456")
        assert re.fullmatch("[0-9a-f]{64}", kept) and kept != codes.digest("ver_2", "123456")
        assert codes.answers("ver_1", "123 456", kept) and not codes.answers("ver_1", "123457", kept)
        assert not codes.answers("ver_2", "123456", kept)


def test_the_other_side_and_other_accounts_see_nothing(app):
    mine, other = new_esms(app), new_esms(app)
    begun = started(mine)
    for answer in (
        other.get(f"/verify/{begun['verification_id']}"),
        check(other, begun["sandbox_code"], begun["verification_id"]),
        other.post(f"/verify/{begun['verification_id']}/resend"),
        other.post(f"/verify/{begun['verification_id']}/cancel"),
        check(other, begun["sandbox_code"], to=ANN),
    ):
        assert refused(answer, 404, "not_found")
    assert data_of(other.get("/verify"))["total"] == 0
    assert shown(mine, begun["verification_id"])["status"] == "pending"
