"""`/messages/bulk-precheck`, `/messages/send-bulk`, `/messages/batch/{id}`: one composition for both, to the last unit."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wesend.accounts.service import get_account
from wesend.core import money
from wesend.core.channels import SMS
from wesend.database import atomic, keyset
from wesend.routing.opt_outs import add_opt_out
from wesend.routing.senders import decide_sender, request_sender
from wesend.wallets.service import create_wallet, credit_by_hand

from ..conftest import close, make_app
from ..support.accounts import mint, mint_key
from ..support.database import written
from ..support.domain import make_route
from ..support.esms import (
    AMERICAN,
    ANN,
    BEN,
    CHEBET,
    DAUDI,
    LOW,
    REFUSED,
    Esms,
    data_of,
    esms_of,
    field_of,
    new_esms,
    new_list,
    refused,
)
from ..support.idempotency import KEY, replayed
from ..support.wesendall import new_group


def test_the_pre_checks_shape_and_arithmetic(app):
    api = new_esms(app, currency="USD", countries="UG,KE")
    people = new_list(api, ANN, BEN, CHEBET, AMERICAN)
    checked = data_of(api.precheck(people, text="a" * 161))
    assert checked == {
        "total_contacts": 4,
        "total_segments": 6,
        "total_cost": Decimal("0.0562"),
        "wallet_currency": "USD",
        "wallet_balance": 1000,
        "balance_after": Decimal("999.9438"),
        "sufficient_balance": True,
        "countries": 2,
        "breakdown": [
            {
                "country_code": "KE",
                "country_name": "Kenya",
                "currency": "KES",
                "route_code": "ESMS_KE",
                "contacts": 1,
                "segments": 2,
                "route_cost": Decimal("2.4"),
                "wallet_cost": Decimal("0.0186"),
                "price_per_segment": Decimal("1.2"),
            },
            {
                "country_code": "UG",
                "country_name": "Uganda",
                "currency": "UGX",
                "route_code": "ESMS_UG",
                "contacts": 2,
                "segments": 4,
                "route_cost": 140,
                "wallet_cost": Decimal("0.0376"),
                "price_per_segment": 35,
            },
        ],
        "unroutable_count": 1,
        "unroutable": [AMERICAN],
    }


def test_a_pre_check_writes_nothing(app, esms):
    before = written(app)
    esms.precheck(1)
    assert written(app) == before


def test_rounding_is_per_message(app):
    """0.00939… USD a message: three cost 3 × 0.0094, not 0.0282 by luck of the sum."""
    api = new_esms(app, currency="USD")
    assert data_of(api.precheck(new_list(api, ANN, BEN, "+256782345678")))["total_cost"] == 3 * Decimal("0.0094")


def test_a_balance_that_is_too_low_is_said_before_and_refused_then(app):
    api = new_esms(app, balance="69.9999")
    people = new_list(api, ANN, BEN)
    checked = data_of(api.precheck(people))
    assert (checked["sufficient_balance"], str(checked["balance_after"])) == (False, "-0.0001")
    before = written(app)
    answer = api.bulk(people)
    assert refused(answer, 422, "insufficient_balance")
    assert (answer.json["detail"]["cost"], answer.json["detail"]["balance"]) == (70, 69.9999)
    assert written(app) == before


def test_a_bulk_of_the_whole_balance_is_accepted(app):
    api = new_esms(app, balance="70")
    people = new_list(api, ANN, BEN)
    assert data_of(api.precheck(people))["sufficient_balance"] is True
    assert data_of(api.bulk(people))["estimated_cost"] == 70 and api.balance() == 0


def test_the_answer_of_a_bulk(app):
    api = new_esms(app, countries="UG,KE")
    sent = data_of(
        api.bulk(
            new_list(api, ANN, BEN, AMERICAN), sender_id=None, route=None, schedule_mode="now", scheduled_at=None, drip_rate=None
        )
    )
    assert re.fullmatch(r"batch-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", sent.pop("batch_id"))
    assert sent == {"total_recipients": 2, "estimated_cost": 70, "status": "sending"}
    assert api.balance() == 930


def figures(api: Esms, batch_id: str) -> dict:
    """A batch without its first page of messages, which are those that the list has, oldest first."""
    found = api.batch(batch_id)
    assert found.pop("messages") == api.messages(batch_id=batch_id)[::-1]
    assert (found.pop("page"), found.pop("limit")) == (0, 50)
    return found


def test_a_batch_is_followed_to_its_end(app, jobs, clock):
    api = new_esms(app)
    batch_id = data_of(api.bulk(new_list(api, ANN, BEN, REFUSED)))["batch_id"]
    shown = {
        "batch_id": batch_id,
        "status": "sending",
        "total": 3,
        "queued": 3,
        "submitted": 0,
        "delivered": 0,
        "failed": 0,
        "cancelled": 0,
        "cost": 105,
        "currency": "UGX",
        "created_at": "2026-06-10T12:00:00Z",
        "finished_at": None,
    }
    assert figures(api, batch_id) == shown
    jobs.dispatch()
    assert figures(api, batch_id) == {**shown, "queued": 0, "submitted": 2, "failed": 1, "cost": 70}
    clock.advance(2)
    jobs.receipts()
    assert figures(api, batch_id) == {
        **shown,
        "status": "finished",
        "queued": 0,
        "delivered": 2,
        "failed": 1,
        "cost": 70,
        "finished_at": "2026-06-10T12:00:02Z",
    }
    assert api.balance() == 930, "what was refused is refunded"


def test_texts_are_filled_from_the_contact(app, jobs):
    api = new_esms(app)
    people = data_of(api.upload("Phone,Full Name,City,due\n0712345678,Ann Nakato,Kampala,1500\n0772345678,,,\n"))["id"]
    text = "{{name}}|{{ NAME }}|{{first_name}}|{{city}}|{{Due}}|{{phone}}|{{phone_number}}|{{ missing }}|{city}|{{7*7}}"
    api.bulk(people, text=text)
    assert {message["phone"]: message["text"] for message in api.messages()} == {
        ANN: f"Ann Nakato|Ann Nakato|Ann|Kampala|1500|{ANN}|{ANN}||{{city}}|",
        BEN: f"||||| {BEN}|{BEN}||{{city}}|".replace(" ", ""),
    }


@pytest.mark.parametrize(
    ("columns", "text", "shown"),
    [
        ("msisdn,full_name", "{{msisdn}}|{{MSISDN|none}}|{{full_name}}|{{name}}", f"{ANN}|{ANN}|Ann Nakato|Ann Nakato"),
        ("Phone Number,FullName", "{{Phone Number}}|{{phone_number}}|{{fullname}}", f"{ANN}|{ANN}|Ann Nakato"),
        ("To,Full Name", "{{to}}|{{Full Name}}|{{number}}|{{mobile}}", f"{ANN}|Ann Nakato||"),
    ],
)
def test_the_columns_of_the_phones_and_the_names_are_named_by_their_headers_too(app, columns, text, shown):
    api = new_esms(app)
    people = data_of(api.upload(f"{columns}\n0712345678,Ann Nakato\n"))["id"]
    api.bulk(people, text=text)
    assert api.messages()[0]["text"] == shown


def test_a_first_name_that_is_left_empty_is_the_first_word_of_the_name(app):
    api = new_esms(app)
    people = data_of(api.upload("phone,name,first_name\n0712345678,Ann Nakato,\n0772345678,Ben Okello,Benja\n"))["id"]
    api.bulk(people, text="{{first_name}}")
    assert {message["phone"]: message["text"] for message in api.messages()} == {ANN: "Ann", BEN: "Benja"}


@pytest.mark.parametrize("text", ["Hello", "Hi {{name}}"])
def test_a_list_that_is_deleted_while_a_bulk_reads_it_is_sent_to_nobody(app, monkeypatch, text):
    api = new_esms(app)
    people, more = new_list(api, ANN), new_list(api, BEN, CHEBET, name="More")
    read = keyset.pages

    def deleted_meanwhile(load):
        for rows in read(load):
            yield rows
            api.delete(f"/contact-lists/{more}")

    before = api.balance()
    monkeypatch.setattr(keyset, "pages", deleted_meanwhile)
    assert refused(api.bulk(people, more, text=text), 404, "not_found")
    monkeypatch.undo()
    assert api.balance() == before and not api.messages()


def test_a_value_is_never_read_as_a_variable_again(app):
    api = new_esms(app)
    people = data_of(api.upload('phone,name\n0712345678,"{{phone}} {{7*7}} ${x} %s {0}"\n'))["id"]
    api.bulk(people, text="Hi {{name}}")
    assert api.messages()[0]["text"] == "Hi {{phone}} {{7*7}} ${x} %s {0}"


def test_segments_are_counted_of_every_rendered_text(app):
    api = new_esms(app)
    people = data_of(api.upload(f"phone,name\n0712345678,Ann\n0772345678,{'B' * 160}\n0782345678,Ŵ{'w' * 70}\n"))["id"]
    checked = data_of(api.precheck(people, text="{{name}}!"))
    assert (checked["total_segments"], checked["total_cost"]) == (1 + 2 + 2, 175)


def test_a_text_that_grows_beyond_ten_segments_is_400(app):
    api = new_esms(app)
    people = data_of(api.upload(f"phone,name\n0712345678,Ann\n0772345678,{'B' * 1600}\n"))["id"]
    before = written(app)
    for call in (api.precheck, api.bulk):
        assert refused(call(people, text="Hi {{name}}"), 400, "text_too_long")
    assert written(app) == before


def test_a_phone_in_several_lists_counts_once_with_the_fields_of_the_first_named(app):
    api = new_esms(app)
    old = data_of(api.upload("phone,name\n0712345678,Old Ann\n0772345678,Ben\n"))["id"]
    new = data_of(api.upload("phone,name\n+256712345678,New Ann\n"))["id"]
    assert data_of(api.precheck(new, old))["total_contacts"] == 2
    api.bulk(new, old, text="{{name}}")
    assert {message["text"] for message in api.messages()} == {"New Ann", "Ben"}
    api.bulk(old, new, old, text="Dear {{name}}")
    assert {message["text"] for message in api.messages(limit=2)} == {"Dear Old Ann", "Dear Ben"}


def test_groups_of_the_other_apis_are_contact_lists_too(esms, wesendall):
    group_id = new_group(wesendall, {"phone": "0712345678", "name": "Ann", "city": "Gulu"})
    shown = data_of(esms.get(f"/contact-lists/{group_id}"))
    assert (shown["name"], shown["count"]) == ("Parents", 1)
    sent = data_of(esms.bulk(group_id, text="{{name}} of {{city}}"))
    assert esms.messages(batch_id=sent["batch_id"])[0]["text"] == "Ann of Gulu"
    people = data_of(esms.upload("phone\n0772345678\n", name="From eSMS"))["id"]
    groups = wesendall.get("/groups", query_string={"walletId": wesendall.wallet}).json["data"]["groups"]
    assert {group["id"]: group["name"] for group in groups}[people] == "From eSMS"


def test_at_most_fifty_unroutable_phones_are_shown(app):
    api = new_esms(app, countries="UG,KE")
    people = new_list(api, ANN, *(f"+1202555{index:04d}" for index in range(100, 160)))
    checked = data_of(api.precheck(people))
    assert (checked["total_contacts"], checked["unroutable_count"], len(checked["unroutable"])) == (61, 60, 50)
    assert data_of(api.bulk(people))["total_recipients"] == 1


def test_who_opted_out_is_skipped_by_both(app):
    minted = mint(app, "esms")
    api = esms_of(app, minted)
    people = new_list(api, ANN, BEN)
    with app.app_context(), atomic() as tx:
        add_opt_out(tx, account_id=minted.account_id, channel=SMS, address=BEN, source="test")
    checked, sent = data_of(api.precheck(people)), data_of(api.bulk(people))
    assert (checked["total_cost"], checked["unroutable"], sent["total_recipients"]) == (35, [BEN], 1)


@pytest.mark.parametrize("route,reached", [("ESMS_KE", [CHEBET]), ("ESMS_UG", [ANN])])
def test_a_forced_route_reaches_only_where_it_leads(app, route, reached):
    api = new_esms(app)
    api.bulk(new_list(api, ANN, CHEBET), route=route)
    assert [message["phone"] for message in api.messages()] == reached


def test_a_senders_countries_bind_those_who_can_be_reached(app):
    minted = mint(app, "esms", countries="UG,KE")
    api = esms_of(app, minted)
    with app.app_context():
        sender = request_sender(account_id=minted.account_id, name="SHOP", countries=["UG"], actor="test")
        decide_sender(sender["id"], approve=True, actor="test")
    with_an_american, with_a_kenyan = new_list(api, ANN, AMERICAN), new_list(api, ANN, CHEBET)
    for call in (api.precheck, api.bulk):
        assert data_of(call(with_an_american, sender_id="shop"))
        assert refused(call(with_a_kenyan, sender_id="shop"), 403, "sender_id_not_approved")
        assert refused(call(with_an_american, sender_id="OTHER"), 403, "sender_id_not_approved")


@pytest.mark.parametrize("call", ["precheck", "bulk"])
def test_no_lists_empty_lists_and_unroutable_lists_are_told_apart(app, call):
    api = new_esms(app, countries="UG,KE")
    empty = data_of(api.upload("phone\nnobody\n"))["id"]
    nowhere = new_list(api, AMERICAN)
    before = written(app)
    ask = getattr(api, call)
    assert refused(ask(), 400, "empty_list")
    assert refused(ask(empty), 400, "empty_list")
    assert refused(ask(999_999), 404, "not_found")
    assert refused(ask(nowhere, 999_999), 404, "not_found")
    assert refused(ask(1), 404, "not_found"), "the sandbox account's list"
    assert refused(api.bulk(nowhere), 400, "no_route")
    assert data_of(api.precheck(nowhere))["total_cost"] == 0
    assert written(app) == before


@pytest.mark.parametrize("ids", [None, "1", 1, ["1"], [1.5], [True], [None], [[1]], {"1": 1}])
def test_list_ids_of_another_type_are_422(esms, ids):
    assert field_of(esms.post("/messages/send-bulk", {"contact_list_ids": ids, "text": "Hi"})) == ["body", "contact_list_ids"]


@pytest.mark.parametrize("list_id", [0, -1, 2**62])
def test_list_ids_that_nothing_can_have_are_404(esms, list_id):
    assert refused(esms.bulk(list_id), 404, "not_found")


def test_the_sandboxs_low_balance_refuses_the_whole_bulk(app):
    api = new_esms(app)
    people = new_list(api, ANN, LOW)
    before = written(app)
    assert refused(api.bulk(people), 422, "insufficient_balance")
    assert written(app) == before


def test_a_bulk_sent_twice_under_one_key_is_one_bulk(app):
    api = new_esms(app)
    people = new_list(api, ANN)
    body = {"contact_list_ids": [people], "text": "Hi"}
    assert replayed(*(api.post("/messages/send-bulk", body, headers=KEY) for _ in range(2)))
    assert api.balance() == 965


PHONES = [f"+25671234{index:04d}" for index in range(30)] + [
    CHEBET,
    DAUDI,
    "+254722345678",
    "+233241234567",
    AMERICAN,
    "+2347012345678",
    "+260971234567",
    "+250781234567",
]


@settings(max_examples=40)
@given(
    currency=st.sampled_from(["UGX", "KES", "USD", "TZS", "GHS", "SMS", "RWF"]),
    price=st.integers(1, 10**9),
    lists=st.lists(
        st.lists(st.tuples(st.sampled_from(PHONES), st.text("abйя €", max_size=90)), min_size=1, max_size=12),
        min_size=1,
        max_size=3,
    ),
    text=st.text("ab {}ш", max_size=100).map(lambda text: f"Hi {{{{name}}}} {text}"),
)
def test_what_the_pre_check_says_is_what_the_send_charges(property_app, currency, price, lists, text):
    app = property_app
    minted = mint(app, "esms", currency=currency, balance="100000000")
    with app.app_context():
        account = get_account(minted.account_id)
        make_route("ESMS_UG", None, price=money.text(price), currency="KES")
    api = esms_of(app, minted)
    ids = [data_of(api.upload("phone,name\n" + "".join(f'{phone},"{name}"\n' for phone, name in people)))["id"] for people in lists]
    checked = data_of(api.precheck(*ids, text=text))
    if checked["total_contacts"] == checked["unroutable_count"]:
        assert refused(api.bulk(*ids, text=text), 400, "no_route")
        return
    sent = data_of(api.bulk(*ids, text=text))
    assert sent["estimated_cost"] == checked["total_cost"]
    assert sent["total_recipients"] == checked["total_contacts"] - checked["unroutable_count"]
    assert api.balance() == checked["balance_after"] == checked["wallet_balance"] - checked["total_cost"]
    messages = api.messages(batch_id=sent["batch_id"])
    assert len(messages) == sent["total_recipients"] == sum(part["contacts"] for part in checked["breakdown"])
    assert sum(message["segments"] for message in messages) == checked["total_segments"]
    assert sum(part["wallet_cost"] for part in checked["breakdown"]) == checked["total_cost"]
    assert account_pays_exactly(app, account, currency, api, ids, text, checked["total_cost"])


def account_pays_exactly(app, account, currency, api: Esms, ids, text, cost) -> bool:
    """A wallet with just the cost can pay it, and one with a ten-thousandth less can not."""
    outcomes = []
    for less in (0, money.PRICE_STEP):
        micros = money.to_micros(cost) - less
        with app.app_context():
            wallet = create_wallet(account_id=account.id, currency=currency, is_sandbox=True, actor="test")
            if micros > 0:
                credit_by_hand(wallet, micros, note=None, actor="test")
            _, credentials = mint_key(account.id, wallet, "esms")
        own = Esms(app.test_client(), credentials.secret)
        checked, answer = data_of(own.precheck(*ids, text=text)), own.bulk(*ids, text=text)
        assert checked["sufficient_balance"] == (answer.status_code == 200)
        outcomes.append(answer.status_code)
    return outcomes == ([200, 422] if cost else [200, 200])


@pytest.fixture(scope="module")
def property_app(copy_instance, tmp_path_factory):
    """One application for all examples: each has an account of its own."""
    folder = tmp_path_factory.mktemp("property") / "instance"
    copy_instance(folder)
    app = make_app(folder)
    yield app
    close(app)
