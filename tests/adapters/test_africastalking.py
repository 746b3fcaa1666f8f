"""Africa's Talking."""

from __future__ import annotations

import pytest

from wesend.adapters.callbacks import CallbackRequest, UnreadableCallback
from wesend.adapters.outcomes import ACCEPTED, REFUSED, TEMPORARY, UNKNOWN
from wesend.adapters.sms.africastalking import LIVE, SANDBOX, AfricasTalking
from wesend.adapters.sms.base import DELIVERED, FAILED, SENT, Outcome

from ..support.fakes import answer
from .adapters import CALLBACK, make
from .conftest import submission

PATH = "/version1/messaging"


def recipient(number: str, code: int = 101, **more) -> dict:
    return {
        "statusCode": code,
        "number": number,
        "status": "Success",
        "cost": "KES 0.8000",
        "messageId": "ATXid_" + number[-4:],
        **more,
    }


def answered(*recipients: dict, message: str = "Sent to 1/1 Total Cost: KES 0.8000"):
    return answer(201, {"SMSMessageData": {"Message": message, "Recipients": list(recipients)}})


@pytest.fixture
def adapter(vendor):
    return make("africastalking", vendor.url)


class TestSending:
    def test_the_request_is_the_documented_form(self, vendor, adapter):
        vendor.on("POST", PATH, answered(recipient("+256772000001")))
        adapter.submit([submission(text="Hé & you + me", sender="ACME")])
        assert vendor.last.form == {
            "username": "acme",
            "to": "+256772000001",
            "message": "Hé & you + me",
            "from": "ACME",
            "bulkSMSMode": "1",
            "enqueue": "1",
        }
        assert vendor.last.headers["apikey"] == "at-key"
        assert vendor.last.headers["accept"] == "application/json"

    def test_without_a_sender_there_is_no_from(self, vendor, adapter):
        vendor.on("POST", PATH, answered(recipient("+256772000001")))
        adapter.submit([submission()])
        assert "from" not in vendor.last.form

    def test_an_accepted_message_has_its_id_and_cost(self, vendor, adapter):
        vendor.on("POST", PATH, answered(recipient("+256772000001")))
        assert adapter.submit([submission()]) == [Outcome(ACCEPTED, gateway_ref="ATXid_0001", meta={"cost": "KES 0.8000"})]

    @pytest.mark.parametrize(
        ("code", "kind"),
        [
            *((code, ACCEPTED) for code in (100, 101, 102, "101")),
            *((code, REFUSED) for code in (*range(401, 410), 502)),
            (500, TEMPORARY),
            (501, TEMPORARY),
            (999, UNKNOWN),
            (None, UNKNOWN),
            ("many", UNKNOWN),
            ({}, UNKNOWN),
        ],
    )
    def test_each_status_code_has_its_meaning(self, vendor, adapter, code, kind):
        vendor.on("POST", PATH, answered(recipient("+256772000001", code, status="Word")))
        (outcome,) = adapter.submit([submission()])
        assert outcome.kind == kind
        if kind == REFUSED:
            assert (outcome.code, outcome.text) == (str(code), "Word")

    @pytest.mark.parametrize(
        ("entry", "kind"),
        [
            ({"status": "Could Not Send", "messageId": "None"}, REFUSED),
            ({"status": "Could Not Send"}, REFUSED),
            ({"statusCode": 999, "status": "Could Not Send", "messageId": "ATXid_1"}, REFUSED),
            ({"status": "UserInBlacklist", "messageId": "None"}, REFUSED),
            ({"status": "Gateway Error"}, TEMPORARY),
            ({"status": "Invalid Phone Number"}, REFUSED),
            ({"status": "Pondering"}, REFUSED),
            ({}, REFUSED),
            ({"statusCode": 101, "status": "Could Not Send", "messageId": "ATXid_1"}, REFUSED),
            ({"statusCode": 500, "status": "InternalServerError"}, TEMPORARY),
            ({"statusCode": 101, "messageId": "None"}, REFUSED),
        ],
    )
    def test_what_was_sent_to_nobody_is_refused_however_its_status_reads(self, vendor, adapter, entry, kind):
        vendor.on("POST", PATH, answered({"number": "+256772000001", **entry}, message="Sent to 0/1 Total Cost: 0"))
        assert adapter.submit([submission()])[0].kind == kind

    @pytest.mark.parametrize(
        ("entry", "kind"),
        [
            ({"status": "Success", "messageId": "ATXid_1"}, ACCEPTED),
            ({"status": "Queued", "messageId": "ATXid_1"}, ACCEPTED),
            ({"status": "Could Not Send", "messageId": "None"}, REFUSED),
            ({"status": "Rejected", "messageId": "x"}, REFUSED),
            ({"status": "Pondering", "messageId": "ATXid_1"}, UNKNOWN),
            ({"status": "Pondering"}, UNKNOWN),
        ],
    )
    def test_a_status_without_a_listed_code_is_read_by_its_word(self, vendor, adapter, entry, kind):
        vendor.on("POST", PATH, answered({"number": "+256772000001", **entry}, message="Sent to 1/2 Total Cost: KES 0.8"))
        assert adapter.submit([submission()])[0].kind == kind

    def test_an_error_instead_of_recipients_is_refused(self, vendor, adapter):
        vendor.on("POST", PATH, answered(message="InvalidSenderId"))
        (outcome,) = adapter.submit([submission()])
        assert (outcome.kind, outcome.text) == (REFUSED, "InvalidSenderId")

    def test_a_success_without_recipients_contradicts_itself_so_nobody_knows(self, vendor, adapter):
        vendor.on("POST", PATH, answered(message="Sent to 1/1 Total Cost: KES 0.8000"))
        assert adapter.submit([submission()])[0].kind == UNKNOWN


class TestBatches:
    def test_messages_of_one_text_and_sender_share_a_call_and_are_told_by_number(self, vendor, adapter):
        vendor.on(
            "POST",
            PATH,
            answered(recipient("+256772000003", 403, messageId="None"), recipient("256772000001"), recipient("+256772000002", 500)),
        )
        outcomes = adapter.submit([submission(1), submission(2), submission(3), submission(4)])
        (asked,) = vendor.asked
        assert asked.form["to"] == "+256772000001,+256772000002,+256772000003,+256772000004"
        assert [outcome.kind for outcome in outcomes] == [ACCEPTED, TEMPORARY, REFUSED, UNKNOWN]

    def test_other_texts_and_senders_go_out_apart_and_come_back_in_order(self, vendor, adapter):
        vendor.on("POST", PATH, answered(*(recipient(f"+25677200000{n}") for n in range(1, 6))))
        outcomes = adapter.submit(
            [
                submission(1, text="A"),
                submission(2, text="B"),
                submission(3, text="A"),
                submission(4, text="A", sender="X"),
                submission(5, text="B"),
            ]
        )
        assert sorted((asked.form["message"], asked.form["to"]) for asked in vendor.asked) == [
            ("A", "+256772000001,+256772000003"),
            ("A", "+256772000004"),
            ("B", "+256772000002,+256772000005"),
        ]
        assert [outcome.gateway_ref for outcome in outcomes] == [f"ATXid_000{n}" for n in range(1, 6)]

    def test_two_messages_to_one_number_never_share_a_call(self, vendor, adapter):
        vendor.on(
            "POST",
            PATH,
            answered(recipient("+256772000009", messageId="first")),
            answered(recipient("+256772000009", messageId="second")),
        )
        outcomes = adapter.submit([submission(1, to="+256772000009"), submission(2, to="+256772000009")])
        assert [asked.form["to"] for asked in vendor.asked] == ["+256772000009"] * 2
        assert {outcome.gateway_ref for outcome in outcomes} == {"first", "second"}

    def test_what_fails_in_one_group_does_not_touch_another(self, vendor, adapter):
        vendor.on("POST", PATH, answer(503), answered(recipient("+256772000001"), recipient("+256772000002")))
        kinds = [outcome.kind for outcome in adapter.submit([submission(1, text="A"), submission(2, text="B")])]
        assert sorted(kinds) == [ACCEPTED, TEMPORARY]

    def test_its_batch_key_tells_which_messages_share_a_call(self, adapter):
        assert adapter.batch_key(submission(1)) == adapter.batch_key(submission(2))
        assert adapter.batch_key(submission(1)) != adapter.batch_key(submission(2, text="Other"))
        assert adapter.batch_key(submission(1)) != adapter.batch_key(submission(2, sender="ACME"))


class TestReceipts:
    @staticmethod
    def called(form: dict, body: bytes = b"") -> CallbackRequest:
        return CallbackRequest("POST", CALLBACK, {}, {}, form, body)

    @pytest.mark.parametrize(
        ("word", "status"),
        [
            ("Success", DELIVERED),
            ("Failed", FAILED),
            ("Rejected", FAILED),
            ("Expired", FAILED),
            ("AbsentSubscriber", FAILED),
            ("Sent", SENT),
            ("Submitted", SENT),
            ("Buffered", SENT),
        ],
    )
    def test_each_status_has_its_meaning(self, adapter, word, status):
        (found,) = adapter.read_callback(
            self.called(
                {"id": "ATXid_1", "status": word, "phoneNumber": "+256772000001", "networkCode": "64110", "retryCount": "0"}
            )
        )
        assert (found.gateway_ref, found.to, found.receipt.status) == ("ATXid_1", "+256772000001", status)

    def test_a_failures_reason_is_kept(self, adapter):
        (found,) = adapter.read_callback(
            self.called({"id": "ATXid_1", "status": "Failed", "phoneNumber": "256772000001", "failureReason": "UserInBlackList"})
        )
        assert found.to == "+256772000001"
        assert (found.receipt.code, found.receipt.text) == ("UserInBlackList", "UserInBlackList")

    def test_a_status_that_is_new_changes_nothing(self, adapter):
        assert adapter.read_callback(self.called({"id": "ATXid_1", "status": "Pondering"})) == []

    @pytest.mark.parametrize("form", [{}, {"id": "ATXid_1"}, {"status": "Success"}, {"id": "\0", "status": " "}])
    def test_a_call_that_names_no_message_is_unreadable(self, adapter, form):
        with pytest.raises(UnreadableCallback):
            adapter.read_callback(self.called(form, b"\xff"))


@pytest.mark.parametrize(("username", "url"), [("sandbox", SANDBOX), ("acme", LIVE)])
def test_the_sandbox_user_goes_to_their_sandbox(username, url):
    adapter = AfricasTalking("g", {"username": username}, {"api_key": "k"}, timeout=1, callback_url="")
    assert adapter.base_url == url
