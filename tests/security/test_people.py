"""Who decides over whom: owners over members, operators over owners; and what a suspended account's people still may."""

from __future__ import annotations

import pytest

from wesend.accounts import keys, service, sign_in, users
from wesend.accounts.credentials import new_credentials
from wesend.accounts.roles import MEMBER, OWNER
from wesend.contacts import groups, opting_out
from wesend.core.errors import (
    AccountSuspended,
    EmailTaken,
    Forbidden,
    InvalidLink,
    InvitationRefused,
    LastOwner,
    NotFound,
    RateLimited,
)
from wesend.database import query
from wesend.messages.sending import actions
from wesend.routing import senders
from wesend.wallets import service as wallets
from wesend.webhooks import attempts, endpoints

from ..support.accounts import mint
from ..support.dashboard import PASSWORD, Visitor, give_password, make_user, text_of

pytestmark = pytest.mark.usefixtures("cheap_passwords")


@pytest.fixture
def owners(app, shop):
    """Ann and Ben, both owners who have signed in."""
    return [give_password(app, make_user(app, OWNER, shop.account_id, email=f"{name}@example.com")) for name in ("ann", "ben")]


# -- links --------------------------------------------------------------------


@pytest.mark.parametrize(
    "end",
    [
        lambda user: users.set_status(user.id, "disabled", actor="test") and users.set_status(user.id, "active", actor="test"),
        lambda user: sign_in.change_password(user, PASSWORD, "a new passphrase"),
    ],
)
def test_a_link_dies_with_a_new_password_and_when_its_user_is_switched_off(context, app, stranger, end):
    make_user(app, email="second@example.com")
    user = give_password(app, make_user(app))
    path = "/sign-in/" + sign_in.issue_link(user, actor="test")
    assert stranger.get(path).status_code == 200
    end(user)
    assert stranger.get(path).status_code == 410
    assert stranger.post(path, password="another passphrase").status_code == 410
    with pytest.raises(InvalidLink):
        sign_in.user_of_link(path.rsplit("/", 1)[1])


def test_an_owner_can_not_take_another_owners_place(context, app, shop, owners):
    ann, ben = owners
    visitor = Visitor(app, ann)
    for path, fields in (("link", {}), ("role", {"role": "member"}), ("switch", {"on": "0"})):
        answer = visitor.post(f"/operator/users/{ben.id}/{path}", **fields)
        assert answer.status_code == 403 and "Only an operator decides over another owner" in text_of(answer)
    assert query("SELECT count(*) FROM sign_in_links")[0][0] == 0
    assert "New link" not in visitor.get("/people").text.split("ben@example.com")[1]
    assert users.find_user(ben.id, actor="test") == ben


def test_owners_give_links_to_members_to_themselves_and_to_owners_who_were_only_invited(context, app, shop, owners):
    ann = owners[0]
    invited = make_user(app, OWNER, shop.account_id, email="new@example.com")
    member = give_password(app, make_user(app, MEMBER, shop.account_id))
    for user in (ann, invited, member):
        assert sign_in.issue_link(user, actor=ann)


def test_the_log_names_who_made_the_link_by_which_a_password_was_set(context, app, shop, owners):
    member = make_user(app, MEMBER, shop.account_id)
    sign_in.redeem_link(sign_in.issue_link(member, actor=owners[0]), PASSWORD)
    row = query("SELECT * FROM audit_log WHERE action = 'user.password' ORDER BY id DESC LIMIT 1")[0]
    assert (row["subject"], row["detail"]) == (member.email, "by a link that ann@example.com made")


# -- the last owner -----------------------------------------------------------


def test_the_last_owner_can_not_step_down(context, app, shop):
    ann = make_user(app, OWNER, shop.account_id)
    make_user(app, MEMBER, shop.account_id)
    answer = Visitor(app, ann).post(f"/operator/users/{ann.id}/role", role="member")
    assert answer.status_code == 409 or "must stay owner" in text_of(Visitor(app, ann).get("/people"))
    with pytest.raises(LastOwner):
        users.set_role(ann.id, MEMBER, shop.account_id, actor=ann)
    with pytest.raises(Forbidden):
        users.set_status(ann.id, "disabled", actor=ann)
    assert users.find_user(ann.id, actor="test").role == OWNER


def test_one_of_two_may_and_then_the_other_may_not(context, app, shop, owners):
    ann, ben = owners
    users.set_role(ann.id, MEMBER, shop.account_id, actor=ann)
    with pytest.raises(LastOwner):
        users.set_role(ben.id, MEMBER, shop.account_id, actor=ben)


def test_an_owner_who_is_switched_off_does_not_count(context, app, shop, owners):
    ann, ben = owners
    users.set_status(ben.id, "disabled", actor="test")
    with pytest.raises(LastOwner):
        users.set_role(ann.id, MEMBER, shop.account_id, actor=ann)


def test_an_operator_may_take_an_account_its_last_owner(context, app, shop):
    ann = make_user(app, OWNER, shop.account_id)
    assert users.set_role(ann.id, MEMBER, shop.account_id, actor=make_user(app)).role == MEMBER


# -- other accounts' people ---------------------------------------------------


def test_an_owner_is_not_told_who_is_a_user_elsewhere(context, app, shop, owner):
    other = mint(app, "esms")
    make_user(app, MEMBER, other.account_id, email="rival@example.com")
    make_user(app, email="boss@example.com")
    for email in ("rival@example.com", "boss@example.com"):
        answer = owner.post("/people", email=email, role="member")
        assert "ask the operator" in text_of(answer) and "already" not in text_of(answer)
    assert query("SELECT count(*) FROM audit_log WHERE action = 'user.invitation_refused'")[0][0] == 2


def test_owners_are_told_of_their_own_people_and_operators_of_everybody(context, app, shop, owner, member):
    with pytest.raises(EmailTaken):
        users.create_user(member.user.email, MEMBER, shop.account_id, actor=owner.user)
    with pytest.raises(EmailTaken):
        users.create_user(member.user.email, actor=make_user(app))


def test_a_list_of_e_mails_can_not_be_tried_one_by_one(context, app, shop, clock):
    owner, other = make_user(app, OWNER, shop.account_id), mint(app, "esms")
    for number in range(11):
        make_user(app, MEMBER, other.account_id, email=f"rival{number}@example.com")
    for number in range(10):
        with pytest.raises(InvitationRefused):
            users.create_user(f"rival{number}@example.com", MEMBER, shop.account_id, actor=owner)
    with pytest.raises(RateLimited):
        users.create_user("rival10@example.com", MEMBER, shop.account_id, actor=owner)
    clock.advance(3600)
    with pytest.raises(InvitationRefused):
        users.create_user("rival10@example.com", MEMBER, shop.account_id, actor=owner)


# -- another account's things, seen by an operator ----------------------------


def test_looking_at_another_accounts_wallet_does_not_go_over_to_it(app, shop, operator):
    other = mint(app, "esms", is_sandbox=False)
    operator.pick(shop.account_id)
    page = operator.get(f"/wallets/{other.wallet}")
    assert page.status_code == 200 and "This belongs to esms UG. Your other pages stay with wesendall UG." in text_of(page)
    assert f'value="{other.account_id}"' in page.text
    assert other.wallet not in operator.get("/wallets").text and shop.wallet in operator.get("/wallets").text
    assert "This belongs to" not in text_of(operator.get(f"/wallets/{shop.wallet}"))
    operator.pick(other.account_id)
    assert other.wallet in operator.get("/wallets").text


def test_what_is_done_there_is_done_to_that_wallet_and_nothing_else_moves(app, context, shop, operator):
    other = mint(app, "esms", is_sandbox=False)
    operator.pick(shop.account_id)
    assert operator.post(f"/wallets/{other.wallet}", direction="credit", amount="5", note="x").status_code == 303
    assert wallets.balance_of(wallets.find_wallet(other.wallet, actor="test")) == 1_005_000_000
    operator.get(f"/wallets/{other.wallet}/statement")
    assert query("SELECT account_id FROM audit_log WHERE action = 'export'")[0][0] == other.account_id
    assert shop.wallet in operator.get("/wallets").text


# -- suspended ----------------------------------------------------------------

CHANGES = {
    "mints a key": lambda actor, shop: keys.create_key(
        account_id=shop.account_id,
        wallet_id=wallets.find_wallet(shop.wallet, actor="test").id,
        api="esms",
        actor=actor,
        credentials=new_credentials("esms", for_sandbox=False),
    ),
    "adds a webhook": lambda actor, shop: endpoints.add_endpoint(
        account_id=shop.account_id, format_name="esms", url="https://example.com/", actor=actor
    ),
    "rotates a secret": lambda actor, shop: endpoints.rotate_secret(_endpoint(shop), actor=actor),
    "switches a webhook on": lambda actor, shop: endpoints.switch(_endpoint(shop), True, actor=actor),
    "repeats deliveries": lambda actor, shop: attempts.retry_failed(_endpoint(shop), 0, actor=actor),
    "invites somebody": lambda actor, shop: users.create_user("x@example.com", MEMBER, shop.account_id, actor=actor),
    "gives a link": lambda actor, shop: sign_in.issue_link(_member(shop), actor=actor),
    "makes an owner": lambda actor, shop: users.set_role(_member(shop).id, OWNER, shop.account_id, actor=actor),
    "asks for a sender": lambda actor, shop: senders.request_sender(
        account_id=shop.account_id, name="SHOP", countries=["UG"], actor=actor
    ),
    "sets an alert": lambda actor, shop: wallets.set_low_balance(
        wallets.find_wallet(shop.wallet, actor="test"), 1, None, actor=actor
    ),
    "makes a sandbox wallet": lambda actor, shop: wallets.create_wallet(
        account_id=shop.account_id, currency="UGX", is_sandbox=True, actor=actor
    ),
    "makes a group": lambda actor, shop: groups.create_group(shop.account_id, "Friends", actor=actor),
    "opts somebody in": lambda actor, shop: opting_out.opt_in(
        service.get_account(shop.account_id), "sms", "+256712345678", actor=actor
    ),
}


def _endpoint(shop) -> int:
    return endpoints.add_endpoint(account_id=shop.account_id, format_name="esms", url="https://example.com/", actor="test")[0]["id"]


def _member(shop) -> users.User:
    return users.create_user(f"m{len(query('SELECT 1 FROM users'))}@example.com", MEMBER, shop.account_id, actor="test")


def suspended(app, shop, role: str = OWNER) -> users.User:
    """Of a suspended account, as a page loads them."""
    user = make_user(app, role, shop.account_id)
    service.set_account_status(shop.account_id, "suspended", actor="test")
    return users.find_user(user.id, actor="test")


@pytest.mark.parametrize("deed", CHANGES)
def test_a_suspended_accounts_owner_changes_nothing(context, app, shop, deed):
    with pytest.raises(AccountSuspended):
        CHANGES[deed](suspended(app, shop), shop)


@pytest.mark.parametrize("deed", CHANGES)
def test_once_it_is_resumed_all_of_that_goes_again(context, app, shop, deed):
    owner = suspended(app, shop)
    service.set_account_status(shop.account_id, "active", actor="test")
    CHANGES[deed](users.find_user(owner.id, actor="test"), shop)


@pytest.mark.parametrize("path", ["/keys", "/webhooks", "/people", "/senders"])
def test_its_pages_are_read_and_their_forms_refused(app, context, shop, owner, path):
    service.set_account_status(shop.account_id, "suspended", actor="test")
    assert owner.get(path).status_code == 200
    before = [query(f"SELECT count(*) FROM {table}")[0][0] for table in ("api_keys", "webhook_endpoints", "users", "sender_ids")]
    answer = owner.post(
        path,
        api="esms",
        wallet=shop.wallet,
        name="SHOP",
        scopes="send",
        format="esms",
        url="https://e.example/",
        email="x@example.com",
        role="member",
        countries="UG",
    )
    assert answer.status_code == 403 and "suspended" in text_of(answer)
    assert before == [
        query(f"SELECT count(*) FROM {table}")[0][0] for table in ("api_keys", "webhook_endpoints", "users", "sender_ids")
    ]


def test_what_only_protects_is_still_theirs(context, app, shop):
    member = make_user(app, MEMBER, shop.account_id, email="m@example.com")
    owner, account = suspended(app, shop), service.get_account(shop.account_id)
    keys.revoke_key(shop.key_id, actor=owner)
    opting_out.opt_out(account, "0712345678", actor=owner)
    assert not users.set_status(member.id, "disabled", actor=owner).is_active
    with pytest.raises(AccountSuspended):
        users.set_status(member.id, "active", actor=owner)
    assert users.list_users(shop.account_id, actor=owner)


def test_operators_cancel_and_pause_what_is_its_and_its_people_do_not(context, app, shop):
    owner, account, boss = suspended(app, shop), service.get_account(shop.account_id), make_user(app)
    for deed in (actions.cancel_message, actions.cancel_batch, actions.pause):
        with pytest.raises(AccountSuspended):
            deed(account, "none", actor=owner)
        with pytest.raises(NotFound):
            deed(account, "none", actor=boss)
    for deed in (actions.retry, actions.resume):
        with pytest.raises(AccountSuspended):
            deed(account, "none", actor=boss)
