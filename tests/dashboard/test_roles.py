"""Roles are the services' to keep: whoever asks them directly is refused as whoever clicks."""

from __future__ import annotations

import pytest

from wesend.accounts import audit_log, keys, service, users
from wesend.accounts.credentials import new_credentials
from wesend.accounts.roles import MEMBER, OWNER
from wesend.core import money
from wesend.core.errors import Forbidden, NotFound
from wesend.database import query
from wesend.gateways import probe
from wesend.gateways import service as gateways
from wesend.gateways import status as gateway_status
from wesend.messages.receipts import unknown_outcomes
from wesend.operations import backup_download, onboarding, pausing
from wesend.people import closing
from wesend.routing import rates, routes, senders
from wesend.wallets import deposit_review
from wesend.wallets import service as wallets
from wesend.webhooks import attempts, endpoints

from ..support.accounts import mint
from ..support.dashboard import make_user, text_of
from ..support.published import APIS

OPERATORS = {
    "makes accounts": lambda actor, shop: service.create_account("Mine", actor=actor),
    "lists accounts": lambda actor, shop: service.list_accounts(actor=actor),
    "suspends": lambda actor, shop: service.set_account_status(shop.account_id, "suspended", actor=actor),
    "makes a live wallet": lambda actor, shop: wallets.create_wallet(account_id=shop.account_id, currency="UGX", actor=actor),
    "gives money": lambda actor, shop: wallets.credit_by_hand(
        wallets.find_wallet(shop.wallet, actor="test"), money.MICRO, note=None, actor=actor
    ),
    "takes money": lambda actor, shop: wallets.debit_by_hand(
        wallets.find_wallet(shop.wallet, actor="test"), money.MICRO, note=None, actor=actor
    ),
    "sets a price": lambda actor, shop: routes.set_route(
        code="ESMS_UG", country="UG", gateway=None, price_micros=0, currency="UGX", actor=actor
    ),
    "switches a route": lambda actor, shop: routes.switch_route("ESMS_UG", False, actor=actor),
    "sets a rate": lambda actor, shop: rates.set_rate("UGX", money.MICRO, actor=actor),
    "approves a sender": lambda actor, shop: senders.decide_sender(1, approve=True, actor=actor),
    "sees all requests": lambda actor, shop: senders.list_requests(None, 10, actor=actor),
    "sees everybody": lambda actor, shop: users.list_users(actor=actor),
    "makes an operator": lambda actor, shop: users.create_user("me@example.com", actor=actor),
    "becomes one": lambda actor, shop: users.set_role(actor.id, "operator", actor=actor),
    "reviews deposits": lambda actor, shop: deposit_review.review("waiting", actor=actor),
    "settles a deposit": lambda actor, shop: deposit_review.settle_by_hand(1, money.MICRO, note="me", actor=actor),
    "gives a deposit up": lambda actor, shop: deposit_review.give_up(1, actor=actor),
    "decides an outcome": lambda actor, shop: unknown_outcomes.decide("x", unknown_outcomes.LOST, actor=actor),
    "sees unknown outcomes": lambda actor, shop: unknown_outcomes.list_unknown(actor=actor),
    "sets a gateway": lambda actor, shop: gateways.set_gateway("x", "sandbox", {}, {}, actor=actor),
    "removes a gateway": lambda actor, shop: gateways.remove_gateway("sandbox", actor=actor),
    "tests a gateway": lambda actor, shop: probe.send_probe("sandbox", "+256712345678", actor=actor),
    "sees how gateways stand": lambda actor, shop: gateway_status.statuses(actor=actor),
    "takes a backup away": lambda actor, shop: backup_download.make_copy(actor=actor),
    "takes a kept backup away": lambda actor, shop: backup_download.open_kept("wesend-20260610T120000Z.db", actor=actor),
    "sees the backups": lambda actor, shop: backup_download.list_kept(actor=actor),
    "pauses dispatch": lambda actor, shop: pausing.pause("Mine", actor=actor),
    "resumes dispatch": lambda actor, shop: pausing.resume(actor=actor),
    "reads the audit log": lambda actor, shop: audit_log.entries(actor=actor),
}

OWNERS = {
    "mints a key": lambda actor, shop: keys.create_key(
        account_id=shop.account_id,
        wallet_id=wallets.find_wallet(shop.wallet, actor="test").id,
        api="esms",
        actor=actor,
        credentials=new_credentials("esms", for_sandbox=False),
    ),
    "revokes a key": lambda actor, shop: keys.revoke_key(shop.key_id, actor=actor),
    "makes test keys": lambda actor, shop: onboarding.make_test_keys(service.get_account(shop.account_id), actor=actor),
    "asks for a sender": lambda actor, shop: senders.request_sender(
        account_id=shop.account_id, name="SHOP", countries=["UG"], actor=actor
    ),
    "adds a webhook": lambda actor, shop: endpoints.add_endpoint(
        account_id=shop.account_id, format_name="esms", url="https://example.com/", actor=actor
    ),
    "switches a webhook": lambda actor, shop: endpoints.switch(_endpoint(shop), False, actor=actor),
    "rotates a secret": lambda actor, shop: endpoints.rotate_secret(_endpoint(shop), actor=actor),
    "removes a webhook": lambda actor, shop: endpoints.remove_endpoint(_endpoint(shop), actor=actor),
    "repeats deliveries": lambda actor, shop: attempts.retry_failed(_endpoint(shop), 0, actor=actor),
    "invites somebody": lambda actor, shop: users.create_user("x@example.com", MEMBER, shop.account_id, actor=actor),
    "sets an alert": lambda actor, shop: wallets.set_low_balance(
        wallets.find_wallet(shop.wallet, actor="test"), money.MICRO, None, actor=actor
    ),
    "sees the people": lambda actor, shop: users.list_users(shop.account_id, actor=actor),
}


def _endpoint(shop) -> int:
    return endpoints.add_endpoint(account_id=shop.account_id, format_name="esms", url="https://example.com/", actor="test")[0]["id"]


def changes() -> list[tuple]:
    """What people changed: the audit log without what these tests prepare."""
    return [tuple(row) for row in query("SELECT actor, action FROM audit_log WHERE actor <> 'test'")]


@pytest.mark.parametrize("deed", OPERATORS)
@pytest.mark.parametrize("role", [OWNER, MEMBER])
def test_only_an_operator(context, app, shop, role, deed):
    actor = make_user(app, role, shop.account_id)
    before = changes()
    with pytest.raises((Forbidden, NotFound)) as refused:
        OPERATORS[deed](actor, shop)
    assert isinstance(refused.value, Forbidden), "refused for the role, not for what does not exist"
    assert changes() == before


@pytest.mark.parametrize("deed", OWNERS)
def test_an_owner_may_and_a_member_may_not(context, app, shop, deed):
    with pytest.raises(Forbidden, match="Only an owner"):
        OWNERS[deed](make_user(app, MEMBER, shop.account_id), shop)
    OWNERS[deed](make_user(app, OWNER, shop.account_id), shop)


@pytest.mark.parametrize("deed", OWNERS)
def test_what_is_another_accounts_does_not_exist_for_an_owner(context, app, shop, deed):
    stranger = make_user(app, OWNER, mint(app, "esms").account_id)
    before = changes()
    with pytest.raises(NotFound):
        OWNERS[deed](stranger, shop)
    assert changes() == before


def test_an_owner_has_no_power_over_operators(context, app, shop):
    boss, owner = make_user(app), make_user(app, OWNER, shop.account_id)
    with pytest.raises(Forbidden):
        users.set_status(boss.id, "disabled", actor=owner)


def test_nobody_switches_their_own_sign_in_off(context, app):
    boss = make_user(app)
    make_user(app, email="second@example.com")
    with pytest.raises(Forbidden):
        users.set_status(boss.id, "disabled", actor=boss)


def test_the_audit_log_names_who_did_it(context, app, shop):
    owner = make_user(app, OWNER, shop.account_id, email="ann@example.com")
    keys.revoke_key(shop.key_id, actor=owner)
    assert ("ann@example.com", "key.revoke") in changes()


def test_an_owner_makes_sandbox_wallets_but_no_money(context, app, shop):
    owner = make_user(app, OWNER, shop.account_id)
    wallet, made = onboarding.make_test_keys(service.get_account(shop.account_id), actor=owner)
    assert wallet.is_sandbox and set(made) == set(APIS)
    again, _ = onboarding.make_test_keys(service.get_account(shop.account_id), actor=owner)
    assert again == wallet
    live = [
        row for row in keys.list_keys(shop.account_id, actor="test") if row["name"] == onboarding.KEY_NAME and not row["revoked_at"]
    ]
    assert len(live) == 4, "those made before were revoked"


OPERATOR_PAGES = (
    "/operator/accounts",
    "/operator/accounts/1",
    "/operator/routes",
    "/operator/routes/ESMS_UG",
    "/operator/rates",
    "/operator/senders",
    "/operator/two-way",
    "/operator/users",
    "/operator/deposits",
    "/operator/gateways",
    "/operator/gateways/sandbox",
    "/operator/new-gateway",
    "/operator/new-gateway/twilio",
    "/operator/deposits/1",
    "/operator/unknown",
    "/operator/audit",
    "/operator/audit/export",
    "/operator/backups",
    "/operator/settings",
    "/operator/business",
    "/operator/business/months.csv",
    "/operator/price-lists",
    "/operator/search",
)


@pytest.mark.parametrize("path", OPERATOR_PAGES)
def test_an_operators_page_is_refused_to_everybody_else(owner, member, path):
    for visitor in (owner, member):
        assert visitor.get(path).status_code == 403, path


def test_every_operators_page_is_named_above(app):
    found = {rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/operator/") and "GET" in rule.methods}
    assert {path for path in found if "<" not in path and not path.endswith("/new")} <= set(OPERATOR_PAGES)


def test_every_post_of_the_dashboard_wants_its_token(app, operator):
    for rule in app.url_map.iter_rules():
        if rule.endpoint.startswith("dashboard.") and "POST" in rule.methods:
            path = rule.rule.replace("<int:", "<").replace("<account_id>", "1")
            for name in rule.arguments:
                path = path.replace(f"<{name}>", "1")
            assert operator.client.post(path).status_code in (400, 410), path


def test_the_menu_offers_what_may_be_opened(operator, owner, member):
    assert "/operator/audit" in operator.get("/").text
    for visitor, people in ((owner, True), (member, False)):
        menu = visitor.get("/").text
        assert "/operator/" not in menu and ('href="/people"' in menu) == people


def test_only_an_operator_picks_an_account(owner, operator, shop):
    assert owner.post("/operator/accounts/pick", account_id=1).status_code == 403
    assert "Sandbox" in operator.pick(1).get("/").text
    assert operator.post("/operator/accounts/pick", account_id="99").status_code in (303, 404)


def test_a_form_of_the_account_before_is_not_carried_out_on_the_one_picked_since(app, shop, operator):
    other = mint(app)
    operator.pick(shop.account_id)
    operator.get("/contacts")
    stale = operator.token
    operator.pick(other.account_id)
    answer = operator.post("/contacts", token=stale, name="Customers")
    assert answer.status_code == 400 and "for another account" in text_of(answer)
    assert "Customers" not in text_of(operator.get("/contacts"))
    assert operator.post("/contacts", name="Customers").status_code == 303


def test_a_closed_account_is_told_as_closed_and_offers_nothing_that_is_refused(app, shop, operator):
    with app.app_context():
        closing.close(shop.account_id, is_sure=True, actor="test")
    operator.pick(shop.account_id)
    for path in ("/", f"/operator/accounts/{shop.account_id}"):
        page = operator.get(path)
        assert "is closed since" in text_of(page) and "is suspended" not in text_of(page)
        assert f"/operator/accounts/{shop.account_id}/resume" not in page.text
    assert "Status closed" in text_of(page)
