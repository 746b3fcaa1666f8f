"""What the pages do: figures, keys, senders, webhooks, people, and the operator's work."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import wesend
from wesend.accounts import keys, sign_in
from wesend.accounts.credentials import new_credentials
from wesend.accounts.keys import authenticate
from wesend.core import money
from wesend.core.phones import normalise
from wesend.database import query
from wesend.messages.receipts import unknown_outcomes
from wesend.routing import senders
from wesend.routing.rates import rates
from wesend.routing.routes import find_route
from wesend.wallets import deposits
from wesend.wallets import service as wallets
from wesend.webhooks import attempts, endpoints

from ..support.accounts import mint
from ..support.dashboard import Visitor, make_user, text_of
from ..support.domain import balance, problems, put
from ..support.domain import send as send_sms
from ..support.published import APIS

HOSTILE = "<script>alert('x')</script>"


def code(page, name: str) -> str:
    """A secret that a page shows once."""
    found = re.search(rf'<code id="{name}">([^<]+)</code>', page.text)
    assert found, text_of(page)
    return found[1]


# -- overview ----------------------------------------------------------------


def test_the_overview_of_an_empty_account_is_no_blank_page(owner):
    shown = text_of(owner.get("/"))
    assert "Nothing was sent in these 14 days" in shown and "No failures" in shown
    assert "Getting started: 1 of 3" in shown


def test_the_overview_tells_today_the_rate_and_why_messages_failed(context, app, operator, jobs):
    box = mint(app, balance="2000")
    wallet = wallets.find_wallet(box.wallet, actor="test")
    send_sms(wallet, "+256712000001", "+256712000002", "+256712000003", "+256700000099", in_request=True)
    jobs.receipts()
    shown = text_of(operator.pick(box.account_id).get("/"))
    assert "Sent today 4 none yesterday" in shown
    assert "Delivery rate 75 %" in shown
    assert "Failed today 1" in shown
    assert "UGX 1,860 about 53 messages left" in shown  # 2,000 − 4 × 35
    assert "Phone switched off or out of reach UNDELIV" in shown
    assert operator.get("/?days=90").text.count('<g class="stack">') == 90


@pytest.mark.parametrize("days", ["", "0", "31", "x", "9" * 50])
def test_a_period_that_is_not_offered_is_the_usual_one(owner, days):
    assert "of what ended in 14 days" in text_of(owner.get(f"/?days={days}"))


# -- keys --------------------------------------------------------------------


@pytest.mark.parametrize("api", APIS)
def test_a_minted_key_is_shown_once_and_works(app, shop, owner, api):
    page = owner.post("/keys", api=api, wallet=shop.wallet, name=HOSTILE, scopes=["send", "query"])
    shown = page.text
    with app.app_context():
        row = keys.list_keys(shop.account_id, actor="test")[-1]
        names = new_credentials(api, for_sandbox=False).names
        public, secret = [code(page, name) for name in names] if len(names) == 2 else (None, code(page, names[0]))
        assert authenticate(api, secret, public).id == row["id"]
    assert row["scopes"] == "send,query" and HOSTILE not in shown and "&lt;script&gt;" in shown
    assert secret not in owner.get("/keys").text


def test_a_key_for_nothing_at_all_is_refused(owner, shop):
    assert "not none at all" in text_of(owner.post("/keys", api="esms", wallet=shop.wallet, name="x"))


def test_a_key_pays_from_a_wallet_of_its_account_only(app, owner):
    other = mint(app, "esms")
    answer = owner.post("/keys", api="esms", wallet=other.wallet, scopes=["send"])
    assert "<code id=" not in answer.text and "Not a valid choice" in text_of(answer)


def test_a_key_is_revoked_in_one_click(app, shop, owner):
    assert "is revoked" in text_of(owner.follow(f"/keys/{shop.key_id}/revoke"))
    with app.app_context(), pytest.raises(Exception, match="API credentials"):
        authenticate("wesendall", shop.credentials.secret, shop.credentials.public)


def test_another_accounts_key_is_not_there_to_be_revoked(app, owner):
    other = mint(app, "esms")
    assert owner.post(f"/keys/{other.key_id}/revoke").status_code == 404


# -- senders -----------------------------------------------------------------


def test_a_sender_is_asked_for_approved_and_rejected_with_a_reason(app, shop, owner, operator):
    owner.follow("/senders", name="myshop", countries=["UG", "KE"], use_case=HOSTILE)
    owner.follow("/senders", name="winbig", countries=["UG"])
    queue = operator.get("/operator/senders")
    assert "myshop" in queue.text and HOSTILE not in queue.text
    with app.app_context():
        ids = {row["name"]: row["id"] for row in senders.list_senders(shop.account_id, actor="test")}
    assert "approved for UG, KE" in text_of(operator.follow(f"/operator/senders/{ids['myshop']}/approve"))
    assert "Say why" in text_of(operator.follow(f"/operator/senders/{ids['winbig']}/reject", reason=" "))
    operator.follow(f"/operator/senders/{ids['winbig']}/reject", reason="No licence")
    shown = text_of(owner.get("/senders"))
    assert "approved" in shown and "rejected No licence" in shown


def test_a_sender_without_countries_is_told_so_at_the_field(owner):
    answer = owner.post("/senders", name="SHOP")
    assert answer.status_code == 200 and "Countries are ISO 3166 codes" in text_of(answer)


# -- webhooks ----------------------------------------------------------------


def test_a_webhooks_secret_is_shown_once_and_rotated(owner):
    page = owner.post("/webhooks", format="wesendall", url="https://example.com/hook")
    first = code(page, "secret")
    where = re.search(r'href="(/webhooks/\d+)"', page.text)
    assert where and first not in owner.get(where[1]).text
    second = code(owner.post(f"{where[1]}/rotate"), "secret")
    assert second != first and second not in owner.get(where[1]).text


def test_a_url_that_can_not_be_used_is_told_at_the_field(owner):
    answer = owner.post("/webhooks", format="wesendall", url="ftp://example.com")
    assert "Not a valid URL" in text_of(answer) or "http or https URL" in text_of(answer)


def test_a_private_address_warns(owner):
    assert "leads to a private address" in text_of(owner.post("/webhooks", format="esms", url="http://127.0.0.1:1/x"))


@pytest.fixture
def failed(context, shop, owner):
    """An endpoint of the shop with a delivery that was given up."""
    endpoint, _ = endpoints.add_endpoint(
        account_id=shop.account_id, format_name="wesendall", url="http://127.0.0.1:1/x", actor="test"
    )
    attempts.send_test(endpoint["id"], allow_private=False, actor="test")
    return attempts.list_deliveries(endpoint, actor="test")[0]


def test_a_delivery_shows_its_request_and_answer_and_is_made_again(owner, failed):
    path = f"/webhooks/deliveries/{failed['uid']}"
    shown = text_of(owner.get(path))
    assert "webhook.test" in shown and f"webhook-id: {failed['uid']}" in shown and "(signature)" in shown
    assert "given up" in shown
    assert "delivered again now" in text_of(owner.follow(f"{path}/retry"))
    assert query("SELECT status FROM webhook_deliveries WHERE uid = ?", (failed["uid"],))[0][0] == "pending"


def test_everything_that_failed_is_made_again_at_once(owner, failed):
    answer = owner.follow(f"/webhooks/{failed['endpoint_id']}/retry", hours="1")
    assert "1 delivery to be made again" in text_of(answer)
    assert "nothing to repeat" in text_of(owner.follow(f"/webhooks/{failed['endpoint_id']}/retry", hours="0"))


def test_another_accounts_webhooks_and_deliveries_are_not_there(app, failed):
    stranger = Visitor(app, make_user(app, "owner", mint(app, "esms").account_id))
    for path in (f"/webhooks/{failed['endpoint_id']}", f"/webhooks/deliveries/{failed['uid']}"):
        assert stranger.get(path).status_code == 404
    for path in (
        f"/webhooks/{failed['endpoint_id']}/remove",
        f"/webhooks/{failed['endpoint_id']}/test",
        f"/webhooks/deliveries/{failed['uid']}/retry",
    ):
        assert stranger.post(path).status_code == 404
    assert query("SELECT count(*) FROM webhook_endpoints")[0][0] == 1


def test_a_webhook_is_switched_off_on_and_removed(context, owner, failed):
    path = f"/webhooks/{failed['endpoint_id']}"
    assert "Switched off by hand" in text_of(owner.follow(f"{path}/switch", on="0"))
    assert "It is on again" in text_of(owner.follow(f"{path}/switch", on="1"))
    owner.follow(f"{path}/remove")
    assert query("SELECT count(*) FROM webhook_endpoints")[0][0] == 0


# -- people ------------------------------------------------------------------


def test_an_owner_invites_somebody_who_sets_a_password_by_the_link(app, owner, stranger, shop):
    link = code(owner.post("/people", email="new@example.com", role="member"), "link")
    path = "/sign-in/" + link.rsplit("/", 1)[1]
    stranger.get(path)
    assert stranger.post(path, password="correct horse battery").status_code == 303
    assert stranger.get("/people").status_code == 403
    assert "new@example.com" in text_of(owner.get("/people"))


def test_an_owner_can_not_invite_an_operator_or_into_another_account(app, owner):
    answer = owner.post("/people", email="new@example.com", role="operator")
    with app.app_context():
        assert query("SELECT count(*) FROM users WHERE email = 'new@example.com'")[0][0] == 0
    assert "Not a valid choice" in text_of(answer)


def test_an_operator_makes_users_changes_roles_and_switches_them_off(context, app, operator, shop):
    answer = operator.post("/operator/users", email="ann@example.com", role="owner", account=str(shop.account_id))
    user = sign_in.user_of_link(code(answer, "link").rsplit("/", 1)[1])
    assert (user.role, user.account_id) == ("owner", shop.account_id)
    assert "is member now" in text_of(operator.follow(f"/operator/users/{user.id}/role", role="member"))
    assert "may not sign in" in text_of(operator.follow(f"/operator/users/{user.id}/switch", on="0"))
    again = operator.post("/operator/users", email="ann@example.com", role="operator", account="")
    assert "is a user already" in text_of(again)


# -- the operator's ----------------------------------------------------------


def test_an_account_and_its_wallets_are_made_suspended_and_resumed(context, operator):
    made = operator.post("/operator/accounts", name="Mbale Clinic", country="UG")
    path = made.headers["Location"]
    operator.get(path)
    assert "was made" in text_of(operator.follow(path, currency="ugx"))
    assert "currency" in text_of(operator.post(path, currency="shillings"))
    assert "suspended" in text_of(operator.follow(f"{path}/suspend"))
    assert "Mbale Clinic is suspended" in text_of(operator.get("/"))
    assert "active again" in text_of(operator.follow(f"{path}/resume"))


def test_a_time_zone_that_is_none_is_told_at_its_field(operator):
    answer = operator.post("/operator/accounts", name="X", country="UG", time_zone="Mars/Base")
    assert "is not a time zone" in text_of(answer)


def test_a_route_is_made_changed_and_switched(context, operator):
    fields = {
        "country": "UG",
        "gateway": "sandbox",
        "price": "42.5",
        "currency": "UGX",
        "priority": "3",
        "prefixes": "25677, 25678",
        "default_sender": "shop",
    }
    operator.follow("/operator/routes/new", code="UG_MTN", **fields)
    made = find_route("UG_MTN")
    assert (made.price_micros, made.priority, set(made.prefixes)) == (42_500_000, 3, {"+25677", "+25678"})
    assert 'value="42.5"' in operator.get("/operator/routes/UG_MTN").text
    operator.follow("/operator/routes/UG_MTN/switch", on="0")
    operator.follow("/operator/routes/UG_MTN", **{**fields, "price": "50"})
    assert find_route("UG_MTN").price_micros == 50_000_000 and not find_route("UG_MTN").is_active
    assert "Prefix" in text_of(operator.post("/operator/routes/UG_MTN", **{**fields, "prefixes": "999"}))
    assert "Not an amount" in text_of(operator.post("/operator/routes/UG_MTN", **{**fields, "price": "NaN"}))


def test_a_rate_is_set(context, operator):
    assert "1 USD = 3726.5 UGX" in text_of(operator.follow("/operator/rates", currency="ugx", per_usd="3,726.5"))
    assert rates()["UGX"] == 3_726_500_000
    assert "pivot" in text_of(operator.post("/operator/rates", currency="USD", per_usd="2"))


@pytest.fixture
def waiting(context, app):
    """A deposit of 500 UGX whose payer has not answered."""
    wallet = wallets.find_wallet(mint(app, balance="0").wallet, actor="test")
    return wallet, deposits.start_deposit(wallet, money.to_micros("500"), normalise("0772345678", "UG"), actor="test")


def test_a_deposit_is_settled_by_hand_once(operator, waiting):
    wallet, deposit = waiting
    path = f"/operator/deposits/{deposit['id']}"
    assert "+256772345678" in text_of(operator.get("/operator/deposits"))
    assert "fill this in" in text_of(operator.post(path, amount="450", note=""))
    assert "was credited" in text_of(operator.follow(path, amount="450", note="Statement, line 4"))
    assert "had been credited before" in text_of(operator.follow(path, amount="450", note="Statement, line 4"))
    assert balance(wallet) == "450" and problems() == []
    assert "450 UGX: Statement, line 4" in text_of(operator.get("/operator/audit"))


def test_a_deposit_that_was_given_up_can_still_be_paid(clock, operator, waiting):
    wallet, deposit = waiting
    operator.follow(f"/operator/deposits/{deposit['id']}/give-up")
    assert "Given up by an operator" in text_of(operator.get("/operator/deposits?show=unpaid"))
    clock.advance(60)
    operator.follow(f"/operator/deposits/{deposit['id']}/ask")
    assert balance(wallet) == "500" and problems() == []


@pytest.fixture
def lost(context, app):
    """A message of 35 UGX whose gateway never answered; its text is hostile."""
    wallet = wallets.find_wallet(mint(app, balance="1000").wallet, actor="test")
    return wallet, send_sms(wallet, "+256700000066", text=HOSTILE, in_request=True).messages[0]


def test_a_message_of_unknown_outcome_is_decided_once_and_refunded_only_when_it_never_went_out(operator, lost):
    wallet, message = lost
    page = operator.get("/operator/unknown")
    assert message["recipient"] in page.text and HOSTILE not in page.text and "&lt;script&gt;" in page.text
    assert unknown_outcomes.count_unknown() == 1 and balance(wallet) == "965"
    operator.follow(f"/operator/unknown/{message['uid']}/lost")
    assert balance(wallet) == "1000" and unknown_outcomes.count_unknown() == 0
    again = operator.post(f"/operator/unknown/{message['uid']}/delivered")
    assert again.status_code == 409 and balance(wallet) == "1000" and problems() == []


def test_a_message_that_arrived_after_all_keeps_its_charge(operator, lost):
    wallet, message = lost
    operator.follow(f"/operator/unknown/{message['uid']}/delivered")
    assert balance(wallet) == "965" and problems() == []
    assert query("SELECT status FROM messages")[0][0] == "delivered"


def test_a_receipt_that_was_quicker_than_the_operator_stands(operator, lost):
    wallet, message = lost
    put(message["id"], "delivered")
    assert operator.post(f"/operator/unknown/{message['uid']}/lost").status_code == 409
    assert balance(wallet) == "965"


def test_the_audit_log_is_paged_and_of_one_account_when_asked(context, app, operator, shop):
    for _ in range(60):
        wallets.credit_by_hand(wallets.find_wallet(shop.wallet, actor="test"), money.MICRO, note="again", actor="test")
    first = operator.get(f"/operator/audit?account={shop.account_id}")
    older = re.search(r'href="([^"]+)" rel="next"', first.text)
    assert older and "account=" in older[1]
    second = operator.get(older[1].replace("&amp;", "&"))
    assert first.text.count("wallet.manual_credit") + second.text.count("wallet.manual_credit") == 61
    assert "rate.set" not in first.text


def test_settings_show_no_secret(app_with, app):
    configured = app_with(WESEND_SECRET_KEY="very-secret-key", WESEND_SMTP_URL="smtp://me:hunter2@mail.example.com:587")
    operator = Visitor(configured, make_user(app))
    shown = text_of(operator.get("/operator/settings"))
    assert "very-secret-key" not in shown and "hunter2" not in shown
    assert "mail.example.com:587" in shown and "WESEND_VALIDITY_HOURS" in shown


# -- people's data -------------------------------------------------------------


def test_an_owner_closes_the_account_and_is_signed_out(app, owner, shop):
    name = query_in(app, "SELECT name FROM accounts WHERE id = ?", shop.account_id)
    assert owner.post("/people-data/close", name="Another").headers["Location"] == "/people-data"
    closed = owner.post("/people-data/close", name=name)
    assert (closed.status_code, closed.headers["Location"]) == (303, "/sign-in")
    assert f"{name} is closed" in text_of(owner.get("/sign-in"))
    assert owner.get("/").status_code == 302
    assert query_in(app, "SELECT count(*) FROM users WHERE account_id = ? AND status = 'active'", shop.account_id) == 0


def query_in(app, sql: str, *values: object):
    with app.app_context():
        return query(sql, values)[0][0]


NAMED = re.compile(r"""["'](dashboard(?:\.[a-z_]+){2})["']""")


def test_every_page_that_is_linked_to_is_there(app):
    """By the names of their views, which are looked up only once somebody comes there."""
    known = {rule.endpoint for rule in app.url_map.iter_rules()}
    sources = [path for kind in ("*.py", "*.html") for path in Path(wesend.__file__).parent.rglob(kind)]
    named = {name for path in sources for name in NAMED.findall(path.read_text(encoding="utf-8"))}
    assert len(named) > 40 and named <= known
