"""Who is meant by `recipient`: every form, duplicates, what is no phone, the account's home country."""

from __future__ import annotations

import pytest

from wesend.database import write
from wesend.routing import opt_outs

from ..support.accounts import mint, new_wesendall, wesendall_of
from ..support.database import written
from ..support.wesendall import ANN, BEN, CHEBET, data_of, recipients_of, refused


@pytest.mark.parametrize(
    "given",
    [
        "+256712345678",
        "256712345678",
        "00256712345678",
        "0712345678",
        "712345678",
        " 0712345678 ",
        "0712 345 678",
        "+256 712 345 678",
        "0712-345-678",
        "(0712) 345678",
        ["0712345678"],
        ["+256 712 345678"],
    ],
    ids=str,
)
def test_one_phone_in_any_form(wesendall, given):
    assert recipients_of(wesendall.send(given)) == [ANN]


@pytest.mark.parametrize(
    "given",
    [
        "0712345678,0772345678",
        "0712345678, 0772345678",
        "0712345678 0772345678",
        "0712345678;0772345678",
        "0712345678\n0772345678",
        "0712345678\r\n0772345678\r\n",
        ",0712345678,, ;0772345678 ;",
        "+256712345678 +256772345678",
        "0712345678   0772345678",
        "712345678 772345678",
        "0712 345 678, 0772 345 678",
        "0712345678\t0772345678",
        ["0712345678", "0772345678"],
        ["+256712345678", "", "  ", "772345678"],
    ],
    ids=str,
)
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


@pytest.mark.parametrize(
    ("country", "given", "read"),
    [
        ("UG", "0712345678", "+256712345678"),
        ("KE", "0712345678", "+254712345678"),
        ("TZ", "0712345678", "+255712345678"),
        ("KE", "712345678", "+254712345678"),
        ("KE", "0112345678", "+254112345678"),
        ("NG", "08031234567", "+2348031234567"),
        ("KE", "+256712345678", "+256712345678"),
        ("KE", "256712345678", "+256712345678"),
    ],
)
def test_national_numbers_are_those_of_the_accounts_home_country(app, country, given, read):
    assert recipients_of(new_wesendall(app, country=country).send(given)) == [read]


def test_what_is_no_phone_number_is_reported_and_never_charged(app):
    api = new_wesendall(app)
    data = data_of(api.send(["0712345678", "nobody", "0712", "+25671234567890"]))
    assert (data["total_recipients"], data["successful"], data["failed"]) == (4, 1, 3)
    assert (data["total_cost"], data["refunded"], data["remaining_balance"]) == (35, 0, 965)
    assert data["results"][1:] == [
        {"message_id": None, "recipient": given, "status": "failed", "segments": 0, "cost": 0, "error": "invalid_recipient"}
        for given in ("nobody", "0712", "+25671234567890")
    ]
    assert written(app)["messages"] == 1


@pytest.mark.parametrize(
    "given",
    ["nobody", "0712", ["a", "b"], "a, b", ["0712345678,0772345678"], "+", "+256712345678x", "<script>", "999", ","],
    ids=str,
)
def test_no_phone_number_at_all_is_400_and_writes_nothing(app, wesendall, given):
    before = written(app)
    answer = wesendall.send(given)
    assert refused(answer, 400, "invalid_recipient")
    assert written(app) == before


@pytest.mark.parametrize(
    "given", ["", "  ", [], [""], None, 712345678, True, {"phone": "0712345678"}, [712345678], [["0712345678"]], [None]], ids=str
)
def test_recipients_of_another_type_or_none_are_400(app, wesendall, given):
    before = written(app)
    answer = wesendall.send(given)
    assert answer.status_code == 400
    assert list(answer.json["data"]["fields"]) == ["recipient"]
    assert written(app) == before


def test_who_opted_out_gets_nothing_and_is_not_charged(app):
    minted = mint(app)
    with app.app_context():
        write(lambda tx: opt_outs.add_opt_out(tx, account_id=minted.account_id, channel="sms", address=ANN, source="test"))
    data = data_of(wesendall_of(app, minted).send([ANN, BEN]))
    assert (data["successful"], data["failed"], data["total_cost"]) == (1, 1, 35)
    assert data["results"][0] == {
        "message_id": None,
        "recipient": ANN,
        "status": "failed",
        "segments": 0,
        "cost": 0,
        "error": "opted_out",
    }


@pytest.mark.parametrize("given", ["0712345678", "256712345678", "+256 712 345678"])
def test_who_is_skipped_is_named_as_everybody_else_is(app, given):
    minted = mint(app)
    with app.app_context():
        write(lambda tx: opt_outs.add_opt_out(tx, account_id=minted.account_id, channel="sms", address=ANN, source="test"))
    results = data_of(wesendall_of(app, minted).send([given, BEN, "nobody"]))["results"]
    assert [(one["recipient"], one["error"]) for one in results] == [
        (ANN, "opted_out"),
        (BEN, None),
        ("nobody", "invalid_recipient"),
    ]


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
