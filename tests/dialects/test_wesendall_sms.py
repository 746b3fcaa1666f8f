"""`POST /sms/send`, `POST /sms/group` and `GET /sms/history` as the contract has them."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest

from wesend.database import query, write
from wesend.messages.audit import audit
from wesend.routing import opt_outs, senders

from ..support.accounts import ACTOR, mint, new_wesendall, wesendall_of
from ..support.database import written

REFUSED, LOW, HANGS, SILENT, BUSY, FAILS = (
    f"070{ending}" for ending in ("0000077", "0000088", "0000066", "0000055", "0000044", "0000099"))
E164 = {phone: "+256" + phone[1:] for phone in (REFUSED, LOW, HANGS, SILENT, BUSY, FAILS)}
UTC_SECOND = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def data_of(answer) -> dict:
    """What a successful send says, numbers as Decimals."""
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return json.loads(answer.data, parse_float=Decimal)["data"]


def recipients_of(answer) -> list[str]:
    return [result["recipient"] for result in data_of(answer)["results"]]


def test_a_send_answers_as_the_contract_shows(app):
    api = new_wesendall(app, balance="5000")
    answer = api.send(["0712345678", "0772345678"], "Hello")
    shown = answer.json
    ids = [result.pop("message_id") for result in shown["data"]["results"]]
    assert len({*ids, shown["data"].pop("batch_id")}) == 3
    assert answer.status_code == 200 and answer.is_json
    assert shown == {"success": True, "message": "2 messages sent", "data": {
        "wallet_id": api.wallet, "total_recipients": 2, "successful": 2, "failed": 0, "segments": 1, "total_cost": 70,
        "refunded": 0, "currency": "UGX", "remaining_balance": 4930, "results": [
            {"recipient": "+256712345678", "status": "sent", "segments": 1, "cost": 35, "error": None},
            {"recipient": "+256772345678", "status": "sent", "segments": 1, "cost": 35, "error": None}]}}


def test_one_message_is_said_to_be_one(wesendall):
    assert wesendall.send("0712345678").json["message"] == "1 message sent"


ANN, BEN, CHEBET = "+256712345678", "+256772345678", "+254712345678"


@pytest.mark.parametrize("given", [
    "+256712345678", "256712345678", "00256712345678", "0712345678", "712345678", " 0712345678 ", "0712 345 678",
    "+256 712 345 678", "0712-345-678", "(0712) 345678", ["0712345678"], ["+256 712 345678"]], ids=str)
def test_one_phone_in_any_form(wesendall, given):
    assert recipients_of(wesendall.send(given)) == [ANN]


@pytest.mark.parametrize("given", [
    "0712345678,0772345678", "0712345678, 0772345678", "0712345678 0772345678", "0712345678;0772345678",
    "0712345678\n0772345678", "0712345678\r\n0772345678\r\n", ",0712345678,, ;0772345678 ;", "+256712345678 +256772345678",
    "0712345678   0772345678", "712345678 772345678", "0712 345 678, 0772 345 678", "0712345678\t0772345678",
    ["0712345678", "0772345678"], ["+256712345678", "", "  ", "772345678"]], ids=str)
def test_several_phones_in_an_array_or_in_one_string(wesendall, given):
    assert recipients_of(wesendall.send(given)) == [ANN, BEN]


def test_results_stand_in_the_order_that_was_given(wesendall):
    given = ["x", "+254712345678", "0772345678", "y", "0712345678", "0772345678", "z"]
    assert recipients_of(wesendall.send(given)) == ["x", CHEBET, BEN, "y", ANN, "z"]


def test_duplicates_collapse_to_one_however_they_are_written(app):
    api = new_wesendall(app)
    data = data_of(api.send("0712345678, +256712345678; 256712345678 712345678\n00256712345678"))
    assert (data["total_recipients"], data["successful"], data["total_cost"]) == (1, 1, 35)
    assert [result["recipient"] for result in data["results"]] == [ANN]


def test_a_repeated_invalid_recipient_is_reported_once(wesendall):
    data = data_of(wesendall.send(["nobody", "0712345678", "nobody"]))
    assert (data["total_recipients"], data["failed"]) == (2, 1)


@pytest.mark.parametrize(("country", "given", "read"), [
    ("UG", "0712345678", "+256712345678"), ("KE", "0712345678", "+254712345678"), ("TZ", "0712345678", "+255712345678"),
    ("KE", "712345678", "+254712345678"), ("KE", "0112345678", "+254112345678"), ("NG", "08031234567", "+2348031234567"),
    ("KE", "+256712345678", "+256712345678"), ("KE", "256712345678", "+256712345678")])
def test_national_numbers_are_those_of_the_accounts_home_country(app, country, given, read):
    assert recipients_of(new_wesendall(app, country=country).send(given)) == [read]


def test_what_is_no_phone_number_is_reported_and_never_charged(app):
    api = new_wesendall(app)
    data = data_of(api.send(["0712345678", "nobody", "0712", "+25671234567890"]))
    assert (data["total_recipients"], data["successful"], data["failed"]) == (4, 1, 3)
    assert (data["total_cost"], data["refunded"], data["remaining_balance"]) == (35, 0, 965)
    assert data["results"][1:] == [
        {"message_id": None, "recipient": given, "status": "failed", "segments": 0, "cost": 0,
         "error": "invalid_recipient"} for given in ("nobody", "0712", "+25671234567890")]
    assert written(app)["messages"] == 1


@pytest.mark.parametrize("given", ["nobody", "0712", ["a", "b"], "a, b", ["0712345678,0772345678"], "+", "+256712345678x",
                                   "<script>", "999", ","], ids=str)
def test_no_phone_number_at_all_is_400_and_writes_nothing(app, wesendall, given):
    before = written(app)
    answer = wesendall.send(given)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_recipient")
    assert written(app) == before


@pytest.mark.parametrize("given", ["", "  ", [], [""], None, 712345678, True, {"phone": "0712345678"},
                                   [712345678], [["0712345678"]], [None]], ids=str)
def test_recipients_of_another_type_or_none_are_400(app, wesendall, given):
    before = written(app)
    answer = wesendall.send(given)
    assert answer.status_code == 400
    assert list(answer.json["data"]["fields"]) == ["recipient"]
    assert written(app) == before


def test_some_rejected_by_the_provider_are_200_and_refunded_in_the_same_request(app):
    api = new_wesendall(app)
    answer = api.send([REFUSED, "0712345678", "nobody"])
    data = data_of(answer)
    assert answer.json["message"] == "1 message sent"
    assert (data["total_recipients"], data["successful"], data["failed"]) == (3, 1, 2)
    assert (data["total_cost"], data["refunded"], data["remaining_balance"]) == (35, 35, 965)
    rejected = data["results"][0]
    assert (rejected["status"], rejected["cost"], rejected["segments"]) == ("failed", 0, 1)
    assert rejected["error"] and rejected["message_id"]
    assert api.balance() == 965


def test_all_rejected_is_502_and_everything_is_refunded(app):
    api = new_wesendall(app)
    answer = api.send([REFUSED, "0770000077"])
    assert answer.status_code == 502
    assert answer.json["error"] == "provider_rejected"
    assert answer.json["data"] == {"refunded": 70}
    assert api.balance() == 1000
    assert [(message["status"], message["cost"]) for message in api.history()] == [("failed", 0)] * 2
    assert all(message["error"] for message in api.history())


def test_a_refund_is_given_once(app, jobs):
    api = new_wesendall(app)
    api.send([REFUSED, "0712345678"])
    for _ in range(2):
        jobs.settle()
        jobs.expire()
    assert api.balance() == 965
    with app.app_context():
        assert len(query("SELECT 1 FROM ledger_entries WHERE kind = 'refund'")) == 1
        assert audit().problems == []


def test_a_recipient_of_low_balance_makes_the_whole_call_402_and_keeps_nothing(app, wesendall):
    before = written(app)
    answer = wesendall.send(["0712345678", LOW])
    assert (answer.status_code, answer.json["error"]) == (402, "insufficient_balance")
    assert set(answer.json["data"]) == {"wallet_id", "balance", "required", "currency"}
    assert written(app) == before


def test_a_receipt_of_failure_keeps_the_charge(app, jobs):
    api = new_wesendall(app)
    assert data_of(api.send(FAILS))["results"][0]["status"] == "sent"
    jobs.settle()
    [message] = api.history()
    assert (message["status"], message["error"], message["cost"], message["delivered_at"]) == (
        "failed", "UNDELIV", 35, None)
    assert api.balance() == 965


def test_an_unknown_outcome_is_answered_as_accepted_and_keeps_its_charge(app, clock, jobs):
    api = new_wesendall(app)
    result = data_of(api.send(HANGS))["results"][0]
    assert (result["status"], result["cost"], result["error"]) == ("sent", 35, None)
    jobs.settle()
    assert api.history()[0]["status"] == "sent"
    clock.advance(48 * 3600 + 1)
    jobs.expire()
    assert (api.history()[0]["status"], api.history()[0]["error"], api.balance()) == ("failed", "timeout", 965)


def test_no_receipt_leaves_it_sent_until_its_validity_is_over(app, clock, jobs):
    api = new_wesendall(app)
    assert data_of(api.send(SILENT))["results"][0]["status"] == "sent"
    clock.advance(48 * 3600 - 1)
    jobs.settle()
    jobs.expire()
    assert api.history()[0]["status"] == "sent"
    clock.advance(2)
    jobs.expire()
    assert (api.history()[0]["status"], api.history()[0]["error"], api.balance()) == ("failed", "timeout", 965)


def test_a_temporary_failure_is_queued_and_goes_out_later_for_one_charge(app, jobs):
    api = new_wesendall(app)
    result = data_of(api.send(BUSY))["results"][0]
    assert (result["status"], result["cost"], result["error"]) == ("queued", 35, None)
    for _ in range(3):
        jobs.settle()
    assert api.history()[0]["status"] == "delivered"
    assert api.balance() == 965


def test_a_total_above_the_balance_is_402_and_nothing_is_written(app):
    api = new_wesendall(app, balance="69.9999")
    before = written(app)
    answer = api.send(["0712345678", "0772345678"])
    assert (answer.status_code, answer.json["error"]) == (402, "insufficient_balance")
    assert answer.json["data"] == {"wallet_id": api.wallet, "balance": 69.9999, "required": 70, "currency": "UGX"}
    assert written(app) == before


def test_the_last_unit_of_the_balance_can_be_spent(app):
    api = new_wesendall(app, balance="70")
    assert data_of(api.send(["0712345678", "0772345678"]))["remaining_balance"] == 0
    assert api.send("0712345678").status_code == 402


@pytest.mark.parametrize("currency", ["UGX", "KES", "USD", "SMS"])
def test_balance_before_minus_total_cost_is_the_remaining_balance(app, currency):
    """To the last digit, with rounding, refunds, several countries and several segments."""
    api = new_wesendall(app, currency=currency, balance="7777.77")
    balance = Decimal("7777.77")
    for number, text in enumerate(("Hi", "x" * 161, "ß" * 160, "Ж" * 71)):
        data = data_of(api.send([f"07123456{number}0", REFUSED, "+254712345678", "+2348031234567", "no one", HANGS], text))
        assert balance - data["total_cost"] == data["remaining_balance"]
        assert data["total_cost"] == sum(result["cost"] for result in data["results"])
        balance = data["remaining_balance"]
    with app.app_context():
        assert audit().problems == []


def test_a_price_in_another_currency_is_converted_and_rounded_once(app):
    data = data_of(new_wesendall(app, currency="KES", balance="100").send("0712345678"))
    assert (data["currency"], data["total_cost"]) == ("KES", Decimal("1.2130"))  # 35 × 129.13 ÷ 3726 = 1.21297…


def test_credits_cost_one_a_segment(app):
    data = data_of(new_wesendall(app, currency="SMS", balance="10").send("0712345678", "x" * 161))
    assert (data["currency"], data["total_cost"], data["remaining_balance"]) == ("SMS", 2, 8)


@pytest.mark.parametrize(("text", "count"), [
    ("x" * 160, 1), ("x" * 161, 2), ("x" * 306, 2), ("x" * 307, 3), ("€" * 80, 1), ("€" * 81, 2), ("Ж" * 70, 1),
    ("Ж" * 71, 2), ("😀" * 35, 1), ("😀" * 36, 2), ("x" * 1530, 10), ("Ж" * 670, 10)], ids=lambda value: str(value)[:3])
def test_segments_are_counted_and_paid(app, text, count):
    data = data_of(new_wesendall(app).send("0712345678", text))
    assert (data["segments"], data["results"][0]["segments"], data["total_cost"]) == (count, count, 35 * count)


@pytest.mark.parametrize("text", ["x" * 1531, "Ж" * 671, "x" * 1529 + "€", "x" * 100_000], ids=len)
def test_more_than_ten_segments_are_400_and_write_nothing(app, wesendall, text):
    before = written(app)
    answer = wesendall.send("0712345678", text)
    assert (answer.status_code, answer.json["error"]) == (400, "validation_error")
    assert list(answer.json["data"]["fields"]) == ["message"]
    assert written(app) == before


@pytest.mark.parametrize("text", ["", "  ", "\n", None, 5, ["Hi"], {"text": "Hi"}, True], ids=str)
def test_a_message_that_is_empty_or_no_text_is_400(wesendall, text):
    answer = wesendall.send("0712345678", text)
    assert (answer.status_code, answer.json["error"]) == (400, "validation_error")
    assert list(answer.json["data"]["fields"]) == ["message"]


def test_the_text_arrives_as_it_was_written(wesendall):
    text = " Code: 1 < 2 && {x} {{name}}\nßЖ😀 '; DROP TABLE messages; -- "
    wesendall.send("0712345678", text)
    assert wesendall.history()[0]["message"] == text


def test_an_approved_sender_is_used_whatever_its_case(wesendall):
    for given in ("MYBRAND", "mybrand", " MyBrand "):
        assert wesendall.send("0712345678", senderId=given).status_code == 200
        assert wesendall.history()[0]["sender_id"] == "MYBRAND"


@pytest.mark.parametrize("given", [None, ""])
def test_no_sender_is_needed(wesendall, given):
    assert wesendall.send("0712345678", senderId=given).status_code == 200


def request_sender(app, account_id: int, decision: str) -> None:
    with app.app_context():
        sender = senders.request_sender(account_id=account_id, name="MINE", countries=["KE"], actor=ACTOR)
        if decision != "pending":
            senders.decide_sender(sender["id"], approve=decision == "approved", reason="No", actor=ACTOR)


@pytest.mark.parametrize(("decision", "to"), [("pending", CHEBET), ("rejected", CHEBET), ("approved", ANN)])
def test_a_sender_that_is_not_approved_for_the_country_is_403(app, decision, to):
    minted = mint(app)
    request_sender(app, minted.account_id, decision)
    before = written(app)
    answer = wesendall_of(app, minted).send(to, senderId="MINE")
    assert (answer.status_code, answer.json["error"]) == (403, "sender_not_approved")
    assert written(app) == before


def test_an_approved_sender_is_let_through_for_its_country(app):
    minted = mint(app)
    request_sender(app, minted.account_id, "approved")
    assert wesendall_of(app, minted).send(CHEBET, senderId="MINE").status_code == 200


@pytest.mark.parametrize("given", ["MYBRAND", "NOBODY", "x" * 100, "<b>", "MYBRAND\n"])
def test_an_unknown_sender_or_another_accounts_is_403(app, given):
    answer = new_wesendall(app).send("0712345678", senderId=given)
    assert (answer.status_code, answer.json["error"]) == (403, "sender_not_approved")


def test_a_country_without_a_route_is_reported_and_not_charged(app):
    api = new_wesendall(app)
    data = data_of(api.send(["+447911123456", "0712345678"]))
    assert (data["failed"], data["total_cost"]) == (1, 35)
    assert data["results"][0]["message_id"] is None
    assert data["results"][0]["error"] == "no_route"


def test_a_live_wallet_without_a_gateway_is_502_and_not_charged(app):
    api = new_wesendall(app, is_sandbox=False)
    before = written(app)
    answer = api.send("0712345678")
    assert (answer.status_code, answer.json["error"]) == (502, "provider_unavailable")
    assert written(app) == before


def test_who_opted_out_gets_nothing_and_is_not_charged(app):
    minted = mint(app)
    with app.app_context():
        write(lambda tx: opt_outs.add_opt_out(tx, account_id=minted.account_id, channel="sms", address=ANN,
                                              source="test"))
    data = data_of(wesendall_of(app, minted).send([ANN, BEN]))
    assert (data["successful"], data["failed"], data["total_cost"]) == (1, 1, 35)
    assert data["results"][0] == {"message_id": None, "recipient": ANN, "status": "failed", "segments": 0, "cost": 0,
                                  "error": "opted_out"}


def test_more_than_a_hundred_recipients_are_accepted_and_sent_from_the_queue(app, jobs):
    api = new_wesendall(app, balance="100000")
    given = [f"0712{number:06d}" for number in range(150)] + ["nobody", "0712000000"]
    data = data_of(api.send(given))
    assert (data["total_recipients"], data["successful"], data["failed"]) == (151, 150, 1)
    assert (data["total_cost"], data["remaining_balance"]) == (150 * 35, 100000 - 150 * 35)
    assert [result["recipient"] for result in data["results"]] == ["+256" + phone[1:] for phone in given[:150]] + ["nobody"]
    assert {result["status"] for result in data["results"][:150]} == {"queued"}
    jobs.settle()
    assert {message["status"] for message in api.history(per_page=100)} == {"delivered"}


def test_unknown_fields_are_passed_over(wesendall):
    assert wesendall.send("0712345678", priority="high", nested={"a": [1]}).status_code == 200


# -- /sms/group


def send_group(api, group_id, message="Hello {{name}}", **more):
    return api.post("/sms/group", {"walletId": api.wallet, "message": message, "groupId": group_id, **more})


def new_group(api, *people, name="Parents") -> int:
    group_id = api.post("/groups", {"walletId": api.wallet, "name": name}).json["data"]["id"]
    if people:
        answer = api.post(f"/groups/{group_id}/contacts", {"walletId": api.wallet, "contacts": list(people)})
        assert answer.status_code == 201, answer.json
    return group_id


def test_a_group_send_answers_as_a_send_and_names_the_group(app):
    api = new_wesendall(app)
    group_id = new_group(api, {"phone": "0712345678", "name": "Ann"}, {"phone": "0772345678", "name": "Ben"})
    answer = send_group(api, group_id)
    data = data_of(answer)
    send = data_of(api.send("0712345678"))
    assert set(data) == {*send, "group_id"}
    assert data["group_id"] == group_id
    assert answer.json["message"] == "2 messages sent"
    assert (data["total_recipients"], data["total_cost"], data["remaining_balance"]) == (2, 70, 930)
    assert {message["recipient"]: message["message"] for message in api.history()[1:]} == {
        ANN: "Hello Ann", BEN: "Hello Ben"}


def test_variables_are_filled_from_the_contact(app):
    api = new_wesendall(app)
    group_id = new_group(api, {"phone": "0712345678", "name": "Ann", "City": "Kampala", "due": 1500, "{{x}}": "y"})
    send_group(api, group_id, "{{name}}/{{ NAME }}/{{city}}/{{due}}/{{phone}}/{{missing}}/{{ first_name }}/{name}")
    assert api.history()[0]["message"] == "Ann/Ann/Kampala/1500/+256712345678//Ann/{name}"


def test_a_value_is_never_read_as_a_variable_again(app):
    api = new_wesendall(app)
    group_id = new_group(api, {"phone": "0712345678", "name": "{{phone}} {{7*7}} ${x}"})
    send_group(api, group_id, "Hi {{name}}")
    assert api.history()[0]["message"] == "Hi {{phone}} {{7*7}} ${x}"


def test_segments_at_the_top_are_the_longest_messages(app):
    api = new_wesendall(app)
    group_id = new_group(api, {"phone": "0712345678", "name": "Ann"}, {"phone": "0772345678", "name": "B" * 200})
    data = data_of(send_group(api, group_id))
    assert data["segments"] == 2
    assert [(result["segments"], result["cost"]) for result in data["results"]] == [(1, 35), (2, 70)]
    assert data["total_cost"] == 105


def test_a_text_that_grows_beyond_ten_segments_is_400(app):
    api = new_wesendall(app)
    group_id = new_group(api, {"phone": "0712345678", "name": "Ann"}, {"phone": "0772345678", "name": "B" * 1600})
    before = written(app)
    answer = send_group(api, group_id)
    assert (answer.status_code, answer.json["error"]) == (400, "validation_error")
    assert written(app) == before


def test_a_group_without_contacts_is_400(app, wesendall):
    group_id = new_group(wesendall)
    before = written(app)
    answer = send_group(wesendall, group_id)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_recipient")
    assert written(app) == before


def test_the_groups_provider_answers_as_in_a_send(app):
    api = new_wesendall(app)
    some = new_group(api, {"phone": REFUSED}, {"phone": "0712345678"})
    data = data_of(send_group(api, some))
    assert (data["successful"], data["failed"], data["refunded"], data["total_cost"]) == (1, 1, 35, 35)
    assert send_group(api, new_group(api, {"phone": REFUSED}, name="Refused")).status_code == 502
    assert send_group(api, new_group(api, {"phone": LOW}, name="Low")).status_code == 402
    assert api.balance() == 965


@pytest.mark.parametrize("group_id", [99, "99", 0, -1, "abc", 2**62, "9" * 40], ids=str)
def test_an_unknown_group_is_404(wesendall, group_id):
    answer = send_group(wesendall, group_id)
    assert (answer.status_code, answer.json["error"]) == (404, "group_not_found")


def test_another_accounts_group_does_not_exist(app):
    answer = send_group(new_wesendall(app), 1)
    assert (answer.status_code, answer.json["error"]) == (404, "group_not_found")


def test_a_group_id_may_be_written_as_text(app):
    api = new_wesendall(app)
    assert send_group(api, str(new_group(api, {"phone": ANN}))).status_code == 200


@pytest.mark.parametrize("group_id", [None, "", True, 1.5, [1], {"id": 1}], ids=str)
def test_a_group_id_of_another_type_is_400(wesendall, group_id):
    answer = send_group(wesendall, group_id)
    assert answer.status_code == 400
    assert list(answer.json["data"]["fields"]) == ["groupId"]


def test_a_large_group_is_sent_from_the_queue_with_every_text_its_own(app, jobs):
    api = new_wesendall(app, balance="100000")
    group_id = new_group(api, *({"phone": f"0712{number:06d}", "name": f"N{number}"} for number in range(120)))
    data = data_of(send_group(api, group_id))
    assert (data["successful"], data["total_cost"], data["group_id"]) == (120, 120 * 35, group_id)
    jobs.settle()
    texts = {message["recipient"]: message["message"] for page in (1, 2) for message in api.history(per_page=100, page=page)}
    assert texts == {f"+256712{number:06d}": f"Hello N{number}" for number in range(120)}


# -- /sms/history


def history(api, **query_string):
    return api.get("/sms/history", query_string={"walletId": api.wallet, **query_string})


def test_an_entry_of_the_history(app, jobs):
    api = new_wesendall(app)
    sent = data_of(api.send("0712345678", "x" * 161))
    jobs.settle()
    shown = history(api).json
    [entry] = shown["data"]["messages"]
    assert shown == {"success": True, "data": {"messages": [entry], "pagination": {
        "current_page": 1, "per_page": 20, "total": 1, "last_page": 1}}}
    assert UTC_SECOND.fullmatch(entry.pop("created_at")) and UTC_SECOND.fullmatch(entry.pop("delivered_at"))
    assert entry == {"message_id": sent["results"][0]["message_id"], "recipient": ANN, "message": "x" * 161,
                     "sender_id": None, "status": "delivered", "segments": 2, "cost": 70, "currency": "UGX",
                     "error": None}


def test_an_empty_history_has_one_page(app):
    assert history(new_wesendall(app)).json["data"] == {"messages": [], "pagination": {
        "current_page": 1, "per_page": 20, "total": 0, "last_page": 1}}


def test_the_history_is_newest_first_and_paginated(app):
    api = new_wesendall(app, balance="100000")
    phones = [f"+2567120000{number:02d}" for number in range(45)]
    for start in range(0, 45, 15):
        api.send(phones[start:start + 15])
    pages = [history(api, page=page).json["data"] for page in (1, 2, 3, 4)]
    assert [message["recipient"] for page in pages for message in page["messages"]] == phones[::-1]
    assert [len(page["messages"]) for page in pages] == [20, 20, 5, 0]
    assert [page["pagination"] for page in pages] == [
        {"current_page": number, "per_page": 20, "total": 45, "last_page": 3} for number in (1, 2, 3, 4)]


@pytest.mark.parametrize("name", ["per_page", "limit"])
def test_per_page_and_its_alias_limit_hold_from_1_to_100(app, name):
    api = new_wesendall(app, balance="100000")
    api.send([f"0712{number:06d}" for number in range(100)])
    for size in (1, 7, 100):
        data = history(api, **{name: size}).json["data"]
        assert (len(data["messages"]), data["pagination"]["per_page"]) == (size, size)
        assert data["pagination"]["last_page"] == -(-100 // size)
    for size in ("0", "101", "-1", "x", "", "1.5", "9" * 30):
        answer = history(api, **{name: size})
        assert (answer.status_code, answer.json["error"]) == (400, "validation_error")


@pytest.mark.parametrize("page", ["0", "-1", "x", "", "1.5"])
def test_a_page_that_is_none_is_400(wesendall, page):
    assert history(wesendall, page=page).status_code == 400


def test_the_status_filter_uses_the_words_that_are_shown(app, jobs):
    api = new_wesendall(app)
    api.send(["0712345678", REFUSED, FAILS, SILENT, HANGS])
    jobs.settle()
    api.send(BUSY)
    expected = {"queued": {E164[BUSY]}, "sent": {E164[SILENT], E164[HANGS]}, "delivered": {ANN},
                "failed": {E164[REFUSED], E164[FAILS]}}
    for status, phones in expected.items():
        data = history(api, status=status).json["data"]
        assert {message["recipient"] for message in data["messages"]} == phones
        assert {message["status"] for message in data["messages"]} == {status}
        assert data["pagination"]["total"] == len(phones)
    assert history(api).json["data"]["pagination"]["total"] == 6


@pytest.mark.parametrize("status", ["pending", "DELIVERED", "submitted", "unknown", "", "sent,failed", "x"])
def test_an_unknown_status_filter_is_400(wesendall, status):
    answer = history(wesendall, status=status)
    assert (answer.status_code, answer.json["error"]) == (400, "validation_error")
    assert list(answer.json["data"]["fields"]) == ["status"]


@pytest.mark.parametrize("given", [ANN, "0712345678", "712345678", "256712345678", "0712 345 678"])
def test_the_recipient_filter_reads_any_form(wesendall, given):
    wesendall.send(["0712345678", "0772345678"])
    wesendall.send("0712345678")
    data = history(wesendall, recipient=given).json["data"]
    assert [message["recipient"] for message in data["messages"]] == [ANN, ANN]
    assert data["pagination"]["total"] == 2


def test_a_plus_that_was_not_escaped_is_still_found(wesendall):
    wesendall.send("0712345678")
    answer = wesendall.get(f"/sms/history?walletId={wesendall.wallet}&recipient=+256712345678")
    assert [message["recipient"] for message in answer.json["data"]["messages"]] == [ANN]


def test_a_recipient_that_got_nothing_has_no_history(wesendall):
    wesendall.send("0712345678")
    for given in ("0772345678", "nobody", "%"):
        assert history(wesendall, recipient=given).json["data"]["pagination"]["total"] == 0


def test_the_history_is_one_wallets(app, wesendall):
    wesendall.send("0712345678")
    assert history(new_wesendall(app)).json["data"]["messages"] == []
    assert wesendall.get("/sms/history", query_string={"walletId": "wal_sandbox_esms"}).json["data"]["messages"] == []
