"""What members may do and spend; how people are invited; which first steps are shown."""

from __future__ import annotations

import re
import threading

import pytest

from wesend.accounts import spending, users
from wesend.accounts.daily_use import Paying
from wesend.database import write

from ..support.accounts import mint
from ..support.dashboard import Visitor, make_user, text_of


@pytest.fixture
def shop(app):
    return mint(app, balance="1000")


@pytest.fixture
def owner(app, shop):
    return Visitor(app, make_user(app, "owner", shop.account_id))


@pytest.fixture
def ben(app, shop):
    return make_user(app, "member", shop.account_id, "ben@example.com")


def give(owner, user, rights=("send", "contacts", "top_up"), limit="", currency="USD", period="day"):
    return owner.post(
        f"/operator/users/{user.id}/rights", rights=list(rights), spending_limit=limit, currency=currency, period=period
    )


def test_a_member_without_a_right_looks_and_is_refused(app, owner, ben, shop):
    assert give(owner, ben, ()).status_code == 303
    visitor = Visitor(app, ben)
    assert visitor.get("/contacts").status_code == visitor.get("/campaigns").status_code == 200
    assert visitor.post("/contacts", name="Group").status_code == 403
    assert visitor.post("/contacts/opt-outs", number="0712000001").status_code == 403
    assert visitor.post("/compose", go="send", wallet=shop.wallet, recipients="0712000001", text="x").status_code in (200, 403)
    assert "UGX 1,000" in text_of(owner.get("/wallets"))
    give(owner, ben, ("contacts",))
    assert visitor.post("/contacts", name="Group").status_code == 303
    assert "user.rights" in text_of(owner.get("/audit"))


def test_a_member_is_not_offered_what_would_be_refused(app, owner, ben, shop):
    assert owner.post("/contacts", name="Customers").status_code == 303
    group = re.search(r"/contacts/\d+", owner.get("/contacts").text)[0]  # type: ignore[index]
    assert owner.post(group, phone="0712000001", name="Ann").status_code in (200, 303)
    assert owner.post("/contacts/opt-outs", number="0712000002").status_code == 303
    contacts = {
        "/contacts": ("Import", "Make it"),
        group: ("Delete", "Change", "Remove", "Add a contact"),
        "/contacts/opt-outs": ("Remove", "Enter one"),
    }
    sends = {
        "/contacts": ("Send to it",),
        group: ("Send to it",),
        "/campaigns": ("Start the first one",),
        "/campaigns/templates": ("New campaign",),
    }
    visitor = Visitor(app, ben)
    for rights in (("send", "contacts"), ("contacts",), ("send",), ()):
        give(owner, ben, rights)
        for right, offered in (("contacts", contacts), ("send", sends)):
            for path, words in offered.items():
                page = text_of(visitor.get(path))
                assert [word in page for word in words] == [right in rights] * len(words), (rights, path, words)
        assert ("Import contacts" in text_of(visitor.get("/campaigns"))) == ("contacts" in rights)
        assert ("but not send" in text_of(visitor.get("/campaigns/new"))) == ("send" not in rights)


def test_owners_and_other_accounts_people_have_no_rights_page(app, owner, ben, shop):
    other = Visitor(app, make_user(app, "owner", mint(app).account_id, "other@example.com"))
    assert other.get(f"/operator/users/{ben.id}/rights").status_code == 404
    assert give(other, ben, ()).status_code == 404
    assert owner.get(f"/operator/users/{owner.user.id}/rights").status_code == 404
    assert give(Visitor(app, ben), ben).status_code == 403
    with app.app_context():
        assert users.load_user(ben.id).rights is None


@pytest.fixture
def live(app):
    return mint(app, is_sandbox=False, balance="1000")


def test_a_spending_limit_is_exact_under_a_storm(app, ben, live):
    limit = spending.Limit(ben.id, 100_000_000, "UGX", "day")
    taken: list[bool] = []

    def spend() -> None:
        with app.app_context():
            for _ in range(8):
                try:
                    write(lambda tx: spending.take(tx, limit, Paying(live.account_id, "UGX", 0, "2026-06-10"), 7_000_000))
                    taken.append(True)
                except spending.SpendingLimitReached:
                    taken.append(False)

    threads = [threading.Thread(target=spend) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert taken.count(True) == 14 and len(taken) == 64  # 14 × 7 = 98


def test_a_limit_is_told_and_binds_every_wallet_of_another_currency(app, live):
    owner = Visitor(app, make_user(app, "owner", live.account_id, "o@example.com"))
    member = make_user(app, "member", live.account_id, "m@example.com")
    assert give(owner, member, limit="50", currency="UGX").status_code == 303
    assert "UGX 50 a day" in text_of(owner.get("/people"))
    assert "Spent so far" in text_of(owner.get(f"/operator/users/{member.id}/rights"))
    with app.app_context():
        limit = spending.of(users.load_user(member.id))
        assert limit is not None
        for paying, cost, refused in (
            (Paying(live.account_id, "UGX", 0, "2026-06-10"), 50_000_001, "UGX 50 a day"),
            (Paying(live.account_id, "KES", 0, "2026-06-10"), 1, "UGX alone"),
        ):
            with pytest.raises(spending.SpendingLimitReached, match=refused):
                write(lambda tx, paying=paying, cost=cost: spending.take(tx, limit, paying, cost))
        write(lambda tx: spending.take(tx, limit, Paying(live.account_id, "UGX", 1, "2026-06-10"), 10**9))  # worth nothing


def test_an_invitation_lasts_three_days_and_a_new_password_half_an_hour(app, owner, clock):
    page = owner.post(
        "/people", email="new@example.com", role="member", rights=["send"], spending_limit="", currency="USD", period="day"
    )
    told = text_of(page)
    assert "No mail server is set up here, so nothing was sent. Copy the link and pass it on yourself" in told
    assert "Hand this link to new@example.com" in told and "It ends in 3 days, on 13 Jun" in told
    assert "you get a link to hand over" in text_of(owner.get("/people"))
    path = re.search(r"(/sign-in/[\w-]+)<", page.text)[1]  # type: ignore[index]
    clock.advance(2.9 * 86400)
    assert Visitor(app).get(path).status_code == 200
    clock.advance(0.2 * 86400)
    assert "over" in text_of(Visitor(app).get(path))
    with app.app_context():
        assert users.find_by_email("new@example.com").rights == {"send"}


def test_the_first_steps_fit_who_reads_them_and_are_put_away(app, owner, shop):
    assert "Bring your contacts" in text_of(owner.get("/start"))
    developer = text_of(owner.get("/start?for=developer"))
    assert "Send the first message" in developer and "Bring your contacts" not in developer
    assert "Send the first message" in text_of(owner.get("/start"))  # remembered
    assert "For the operator" not in developer
    operator = Visitor(app, make_user(app)).pick(shop.account_id)
    assert "Connect a gateway" in text_of(operator.get("/start"))
    assert "Getting started" in text_of(owner.get("/"))
    assert "Getting started" not in text_of(owner.follow("/start/hide", hidden="1"))
    assert "Getting started" in text_of(owner.follow("/start/hide", hidden="0"))


def test_a_top_up_names_the_countrys_networks_and_is_not_offered_without_a_gateway(app, shop, live):
    sandbox = Visitor(app, make_user(app, "member", shop.account_id, "s@example.com"))
    page = sandbox.get(f"/wallets/{shop.wallet}/top-up").text
    assert ">MTN<" in page and ">Airtel<" in page and "Safaricom" not in page
    other = Visitor(app, make_user(app, "member", live.account_id, "l@example.com"))
    assert "Top up" not in text_of(other.get("/wallets")) and "Top up" not in text_of(other.get(f"/wallets/{live.wallet}"))


def test_pages_offer_a_member_what_the_rights_allow_and_tell_the_true_reason(app, owner, ben, shop):
    visitor = Visitor(app, ben)
    assert 'type="file"' in visitor.get("/contacts/import").text
    assert "Import contacts" in text_of(visitor.get("/start?for=business"))
    give(owner, ben, ())
    imports, start = visitor.get("/contacts/import"), text_of(visitor.get("/start?for=business"))
    assert 'type="file"' not in imports.text and "You may look at contacts, but not change them" in text_of(imports)
    assert "Import contacts" not in start and "New campaign" not in start
    top_up = text_of(visitor.get(f"/wallets/{shop.wallet}/top-up"))
    assert "You may not ask for payments: an owner of the account can let you" in top_up and "gateway takes" not in top_up


@pytest.mark.parametrize("path", ["/keys", "/webhooks", "/senders", "/numbers"])
def test_an_owner_of_a_suspended_account_is_not_sent_to_an_owner(app, owner, ben, operator, shop, path):
    operator.post(f"/operator/accounts/{shop.account_id}/suspend")
    shown = text_of(owner.get(path))
    assert "An owner of the account" not in shown and "below" not in shown
    assert "An owner of the account" in text_of(Visitor(app, ben).get(path))
    assert 'type="file"' not in owner.get("/contacts/import").text
