"""The pages that README shows, as somebody comes to them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import requests

from ..support.browser import Somebody
from ..support.published import CREDENTIALS, WALLETS
from ..support.server import Server
from .carrier import Carrier
from .shop import Shop

SIZE = {"width": 1280, "height": 800}
CAMPAIGN = "Dear {{first_name}}, our {{town}} branch gives 10 % off vitamins this Saturday. Acacia Pharmacy"


def take(browser: Any, server: Server, shop: Shop, carrier: Carrier) -> Iterator[tuple[bytes, str]]:
    """(PNG, name of the file) one after the other; the shop moves on while they are taken."""
    owner = _visitor(browser, server, "owner@acacia.example", shop.account_id)
    page = owner.page
    page.goto("/")
    page.get_by_role("heading", name="Overview").wait_for()
    yield page.screenshot(), "overview.png"
    page.goto("/messages?status=delivered")
    page.locator("main table a").first.click()
    page.get_by_role("heading", name="To +256").wait_for()
    yield page.screenshot(), "message.png"
    yield from _campaign(page, server, shop, carrier)
    _receive(server)
    operator = _visitor(browser, server, "operator@example.com", None)
    operator.pick_account(int(server.command("sandbox")["account_id"]))
    operator.page.goto("/sandbox-phones")
    operator.page.locator("#talk").get_by_text("verification code").wait_for()
    yield operator.page.screenshot(), "sandbox.png"
    page.goto("/docs/wesendall")
    page.locator("[id='link-post-/sms/send']").click()
    page.get_by_role("button", name="Try").first.wait_for()
    page.wait_for_timeout(500)  # it scrolls there by an animation
    yield page.screenshot(), "docs.png"
    assert owner.complaints + operator.complaints == [], owner.complaints + operator.complaints


def _visitor(browser: Any, server: Server, email: str, account_id: int | None) -> Somebody:
    context = browser.new_context(viewport=SIZE, color_scheme="light", base_url=server.url, reduced_motion="reduce")
    somebody = Somebody(context.new_page())
    account = ["--account", str(account_id)] if account_id is not None else []
    somebody.use_link(server.command("user", "create", email, *account)["sign_in_url"])
    return somebody


def _campaign(page: Any, server: Server, shop: Shop, carrier: Carrier) -> Iterator[tuple[bytes, str]]:
    page.goto("/campaigns/new")
    page.get_by_label("Regular customers").check()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Text").fill(CAMPAIGN)
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Continue").click()
    send = page.get_by_role("button", name="Send 280 messages")
    send.wait_for()
    yield page.screenshot(), "precheck.png"
    carrier.taken.clear()
    send.click()
    server.wait_until(lambda: len(carrier.taken) == 280, 60, "the campaign did not leave")
    carrier.report(lambda form: requests.post(server.url + shop.callback, data=form, timeout=30).raise_for_status(), share=0.7)
    page.get_by_text("Acacia Pharmacy").first.wait_for()
    server.wait_until(
        lambda: (
            not server.query(
                "SELECT 1 FROM messages WHERE status = 'submitted' AND id IN (SELECT message_id FROM brought_receipts)"
            )
        ),
        30,
        "receipts wait",
    )
    page.reload()
    yield page.screenshot(), "campaign.png"


def _receive(server: Server) -> None:
    """What a developer's tests send to the sandbox."""
    published = CREDENTIALS["wesendall"]
    for to, text in (
        ("0712345678", "Welcome to Acacia, Grace!"),
        ("0772000099", "Your order 2071 is ready."),
        ("0701234567", "Reminder: your appointment is tomorrow at 10:00."),
        ("0712345678", "Your verification code is 482913. It ends in 5 minutes."),
    ):
        requests.post(
            f"{server.url}/api/v1/sms/send",
            auth=(published.public, published.secret),
            timeout=30,
            json={"walletId": WALLETS["wesendall"][0], "recipient": to, "message": text},
        ).raise_for_status()
    server.wait_until(
        lambda: not server.query("SELECT 1 FROM messages WHERE gateway = 'sandbox' AND status NOT IN ('delivered', 'failed')"),
        30,
        "the sandbox did not deliver",
    )
