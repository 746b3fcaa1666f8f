"""Wasambazie `POST /sms/send`, `GET /balance/`, credits and sender IDs, as a client meets them."""

import pytest

from wesend.core import phones
from wesend.database import query
from wesend.routing import senders
from wesend.wallets import service as wallets

from ..support.accounts import mint
from ..support.apis import Wesendall
from ..support.published import CREDENTIALS

TZ = "+255712345678"
TZ_TWO = "+255722345678"
REFUSED = "+255710000077"
SENT = "Message submitted successfully."


def recipients_of(app, batch_id: str) -> list[str]:
    with app.app_context():
        return [
            row[0]
            for row in query(
                "SELECT m.recipient FROM messages m JOIN batches b ON b.id = m.batch_id WHERE b.uid = ? ORDER BY m.id", (batch_id,)
            )
        ]


class Senders:
    """The portal's side of sender IDs; a context of its own each time, so that requests keep theirs."""

    def __init__(self, app):
        self.app = app
        with app.app_context():
            self.account = query("SELECT id FROM accounts WHERE is_sandbox = 1")[0][0]

    def request(self, name: str, *countries: str, actor: str = "test", account: int | None = None) -> dict:
        with self.app.app_context():
            return dict(
                senders.request_sender(account_id=account or self.account, name=name, countries=list(countries), actor=actor)
            )

    def decide(self, sender: dict, approve: bool, reason: str | None = None, actor: str = "test") -> dict:
        with self.app.app_context():
            return dict(senders.decide_sender(sender["id"], approve=approve, reason=reason, actor=actor))

    def senders_sent(self) -> list[str]:
        """The senders of all messages, as they were written."""
        with self.app.app_context():
            return [row[0] for row in query("SELECT sender FROM messages ORDER BY id")]


@pytest.fixture
def portal(app) -> Senders:
    return Senders(app)


def refused_numbers(count: int) -> list[str]:
    """Distinct valid numbers that the sandbox refuses."""
    found: list[str] = []
    for start, digits in (("+255", 2), ("+254", 2), ("+256", 2), ("+234", 3)):
        for middle in range(10**digits):
            number = f"{start}{middle:0{digits}d}0000077"
            if phones.normalise(number, None):
                found.append(number)
    assert len(found) >= count
    return found[:count]


def test_a_send_answers_201_with_the_references_body(wasambazie):
    answer = wasambazie.send(TZ)
    assert answer.status_code == 201
    assert answer.is_json
    assert answer.json == {
        "status_code": 201,
        "success": True,
        "message_batch_id": answer.json["message_batch_id"],
        "message": SENT,
    }
    assert isinstance(answer.json["message_batch_id"], str) and answer.json["message_batch_id"]


@pytest.mark.parametrize("path", ["/balance/", "/balance"])
def test_the_balance_is_a_float_with_and_without_the_slash(wasambazie, path):
    answer = wasambazie.get(path)
    assert answer.status_code == 200
    assert answer.json == {"balance": 10000.0}
    assert b"10000.0" in answer.data


@pytest.mark.parametrize(
    ("message", "segments"),
    [("x" * 160, 1), ("x" * 161, 2), ("x" * 180, 2), ("é" * 160, 1), ("ç" * 70, 1), ("ç" * 71, 2), ("€" * 80, 1), ("x" * 1530, 10)],
)
def test_each_recipient_costs_a_credit_a_segment(wasambazie, message, segments):
    before = wasambazie.balance()
    assert wasambazie.send(f"{TZ},{TZ_TWO}", message).status_code == 201
    assert wasambazie.balance() == before - 2 * segments


def test_recipients_may_have_spaces_empty_items_and_duplicates(wasambazie, app):
    before = wasambazie.balance()
    answer = wasambazie.send(f" {TZ} , ,{TZ_TWO},{TZ},, ")
    assert answer.status_code == 201
    assert recipients_of(app, answer.json["message_batch_id"]) == [TZ, TZ_TWO]
    assert wasambazie.balance() == before - 2


def test_international_bare_and_national_forms_are_one_number(wasambazie, app):
    answer = wasambazie.send("+256712345678, 256712345678, 0712345678, 00256712345678")
    assert recipients_of(app, answer.json["message_batch_id"]) == ["+256712345678"]


def test_one_invalid_number_refuses_the_whole_request_and_is_named(wasambazie, app):
    before = wasambazie.balance()
    answer = wasambazie.send(f"{TZ},12ab,{TZ_TWO}")
    assert answer.status_code == 400
    assert answer.json.keys() == {"detail"}
    assert "12ab" in answer.json["detail"] and TZ not in answer.json["detail"]
    assert wasambazie.balance() == before
    with app.app_context():
        assert query("SELECT count(*) FROM batches")[0][0] == 0


def test_too_few_credits_refuse_the_whole_request(wasambazie, app):
    with app.app_context():
        wallets.debit_by_hand(wallets.find_wallet("wal_sandbox_wasambazie", actor="test"), 9999_000_000, note="spent", actor="test")
    answer = wasambazie.send(f"{TZ},{TZ_TWO}")
    assert (answer.status_code, answer.json) == (402, {"detail": "Insufficient SMS credits"})
    assert wasambazie.balance() == 1.0
    with app.app_context():
        assert query("SELECT count(*) FROM messages")[0][0] == 0
    assert wasambazie.send(TZ).status_code == 201
    assert wasambazie.balance() == 0.0


def test_the_sandboxs_low_balance_number_is_402_and_keeps_nothing(wasambazie, app):
    before = wasambazie.balance()
    answer = wasambazie.send(f"{TZ},+255710000088")
    assert (answer.status_code, answer.json) == (402, {"detail": "Insufficient SMS credits (sandbox)"})
    assert wasambazie.balance() == before
    with app.app_context():
        assert query("SELECT count(*) FROM batches")[0][0] == 0


def test_all_refused_is_502_without_cost_and_without_a_batch(wasambazie, app):
    before = wasambazie.balance()
    answer = wasambazie.send(f"{REFUSED},+255720000077")
    assert (answer.status_code, answer.json) == (502, {"detail": "Provider rejected the message (sandbox)"})
    assert wasambazie.balance() == before
    with app.app_context():
        (batch,) = query("SELECT * FROM batches")
    report = wasambazie.report(batch["uid"])
    assert (report.status_code, report.json) == (404, {"detail": "Message batch not found"})


def test_some_refused_is_201_and_only_those_taken_cost(wasambazie):
    before = wasambazie.balance()
    answer = wasambazie.send(f"{TZ},{REFUSED}")
    assert answer.status_code == 201
    assert wasambazie.balance() == before - 1
    report = wasambazie.report(answer.json["message_batch_id"]).json
    assert [(entry["to_number"], entry["status"]) for entry in report["messages"]] == [(TZ, "sent"), (REFUSED, "failed")]


def test_no_answer_of_the_gateway_is_accepted_and_keeps_its_cost(wasambazie):
    before = wasambazie.balance()
    assert wasambazie.send("+255710000066").status_code == 201
    assert wasambazie.balance() == before - 1


def test_more_than_a_hundred_recipients_go_through_the_queue_and_are_accepted(wasambazie, jobs):
    """All of them will be refused: the answer does not wait to know."""
    before = wasambazie.balance()
    numbers = refused_numbers(101)
    answer = wasambazie.send(",".join(numbers))
    assert answer.status_code == 201
    assert wasambazie.balance() == before - len(numbers)
    jobs.dispatch()
    assert wasambazie.balance() == before
    report = wasambazie.report(answer.json["message_batch_id"])
    assert report.status_code == 200
    assert report.json["summary"] == {"total": len(numbers), "delivered": 0, "failed": len(numbers)}


def test_a_text_of_more_than_ten_segments_is_400(wasambazie):
    answer = wasambazie.send(TZ, "x" * 1531)
    assert answer.status_code == 400
    assert answer.json.keys() == {"detail"} and "10" in answer.json["detail"]


def test_the_same_idempotency_key_sends_once(wasambazie):
    before = wasambazie.balance()
    first, second = (wasambazie.send(TZ, headers={"Idempotency-Key": "order-1"}) for _ in range(2))
    assert (first.status_code, first.json) == (second.status_code, second.json) == (201, first.json)
    assert wasambazie.balance() == before - 1
    other = wasambazie.send(TZ, "Another text", headers={"Idempotency-Key": "order-1"})
    assert other.status_code == 422
    assert isinstance(other.json["detail"], str)


# -- sender IDs ---------------------------------------------------------------


def test_a_sender_is_compared_without_case_and_sent_in_upper_case(wasambazie, client):
    assert wasambazie.send(TZ, sender_id=" myBrand ").status_code == 201
    assert client.get("/sandbox/messages").json["messages"][0]["sender"] == "MYBRAND"


@pytest.mark.parametrize("sender", ["NOBODY", "MY BRAND", "WAYTOOLONGNAME", "<script>"])
def test_an_unknown_sender_is_404(wasambazie, sender):
    answer = wasambazie.send(TZ, sender_id=sender)
    assert (answer.status_code, answer.json) == (404, {"detail": "Sender ID not found or not approved"})


def test_a_sender_works_from_its_approval_to_its_rejection(wasambazie, portal):
    sender = portal.request("newshop", "TZ")
    assert (sender["name"], sender["status"]) == ("newshop", "pending")
    assert wasambazie.send(TZ, sender_id="NEWSHOP").status_code == 404
    portal.decide(sender, True)
    for typed in ("newshop", "NewShop"):
        assert wasambazie.send(TZ, sender_id=typed).status_code == 201
    assert portal.senders_sent() == ["NEWSHOP", "NEWSHOP"]  # this API alone writes upper case
    portal.decide(sender, False, "Misleading")
    assert wasambazie.send(TZ, sender_id="NEWSHOP").status_code == 404


def test_a_sender_is_good_only_in_the_countries_it_was_approved_for(wasambazie, portal):
    portal.decide(portal.request("KENYAONLY", "KE"), True)
    before = wasambazie.balance()
    assert wasambazie.send("+254712345678", sender_id="KENYAONLY").status_code == 201
    answer = wasambazie.send(f"+254712345678,{TZ}", sender_id="KENYAONLY")
    assert (answer.status_code, answer.json) == (404, {"detail": "Sender ID not found or not approved"})
    assert wasambazie.balance() == before - 1


def test_another_accounts_sender_is_not_found(wasambazie, portal, app):
    other = mint(app, "wasambazie", country="TZ", currency="SMS").account_id
    portal.decide(portal.request("OTHERSHOP", "TZ", account=other), True)
    assert wasambazie.send(TZ, sender_id="OTHERSHOP").status_code == 404


def test_every_decision_on_a_sender_is_in_the_audit_log(portal, app):
    sender = portal.request("audited", "TZ", "KE", actor="ann")
    portal.decide(sender, True, actor="ben")
    rejected = portal.decide(sender, False, "A bank's name", actor="cho")
    assert (rejected["status"], rejected["rejection_reason"]) == ("rejected", "A bank's name")
    with app.app_context():
        entries = query("SELECT action, actor, subject, detail FROM audit_log WHERE subject = 'audited' ORDER BY id")
    assert [tuple(entry) for entry in entries] == [
        ("sender.request", "ann", "audited", "TZ,KE"),
        ("sender.approve", "ben", "audited", "pending → approved"),
        ("sender.reject", "cho", "audited", "approved → rejected: A bank's name"),
    ]


def test_a_sender_of_the_account_serves_its_other_apis(client, portal):
    sender = portal.request("SHARED", "UG")
    wesendall = Wesendall(client)
    refused = wesendall.send("+256712345678", senderId="shared")
    assert (refused.status_code, refused.json["error"]) == (403, "sender_not_approved")
    portal.decide(sender, True)
    assert wesendall.send("+256712345678", senderId="shared").status_code == 200
    assert client.get("/sandbox/messages").json["messages"][-1]["sender"] == "SHARED"


def test_a_sender_id_is_a_name_not_a_row_id(wasambazie, portal, app):
    with app.app_context():
        (row,) = [sender for sender in senders.list_senders(portal.account, actor="test") if sender["name"] == "MYBRAND"]
    assert wasambazie.send(TZ, sender_id=str(row["id"])).status_code == 404


def test_the_published_keys_have_the_references_prefixes():
    published = CREDENTIALS["wasambazie"]
    assert (published.public or "").startswith("pk_") and published.secret.startswith("sk_")
