"""Pages in a real browser: what people do with them, and that everybody can use them."""

from __future__ import annotations

import re

import pytest
import requests

from ..support.apis import basic
from ..support.fakes import FakeVendor, answer

OWNERS_PAGES = ("/", "/start", "/keys", "/senders", "/webhooks", "/people", "/password")
OPERATORS_PAGES = (
    "/operator/accounts",
    "/operator/accounts/1",
    "/operator/routes",
    "/operator/routes/new",
    "/operator/rates",
    "/operator/senders",
    "/operator/users",
    "/operator/deposits",
    "/operator/unknown",
    "/operator/gateways",
    "/operator/gateways/busy-line",
    "/operator/gateways/busy-line/edit",
    "/operator/gateways/busy-line/remove",
    "/operator/new-gateway",
    "/operator/new-gateway/http",
    "/operator/backups",
    "/operator/audit",
    "/operator/settings",
    "/no-such-page",
)


def test_a_minted_key_sends(visit, server, shop):
    page = visit("owner", shop["account_id"]).page
    page.goto("/keys")
    page.get_by_label("API", exact=True).select_option(label="Wesendall")
    page.get_by_label("Name").fill("Web shop")
    page.get_by_role("button", name="Make the key").click()
    key, secret = (page.locator(f"#{name}").inner_text() for name in ("api_key", "api_secret"))
    headers = {"Authorization": basic(key, secret)}
    sent = requests.post(
        f"{server.url}/api/v1/sms/send",
        headers=headers,
        timeout=30,
        json={"walletId": page.locator("#wallet_id").inner_text(), "recipient": "0712345678", "message": "Minted"},
    )
    assert sent.status_code == 200, sent.text
    page.get_by_role("link", name="I have copied it").click()
    page.get_by_role("button", name="Revoke").click()
    page.get_by_text("it is refused from now on").wait_for()
    refused = requests.get(f"{server.url}/api/v1/account/balance", headers=headers, timeout=30)
    assert refused.status_code == 401


def test_a_sender_that_an_owner_asks_for_is_approved_by_an_operator(visit, shop):
    owner, operator = visit("owner", shop["account_id"]), visit("operator")
    owner.page.goto("/senders")
    owner.page.get_by_label("Name").fill("browser1")
    owner.page.get_by_label("Kenya").check()
    owner.page.get_by_role("button", name="Ask for it").click()
    owner.page.get_by_text("An operator decides").wait_for()
    operator.page.goto("/operator/senders")
    operator.page.locator("section", has_text="BROWSER1").first.get_by_role("button", name="Approve").click()
    operator.page.get_by_text("BROWSER1 is approved for KE, UG").wait_for()
    owner.page.reload()
    assert "approved" in owner.page.get_by_role("row", name="BROWSER1").inner_text()


@pytest.fixture
def vendor():
    vendor = FakeVendor()
    yield vendor
    vendor.stop()


def test_a_webhook_that_fails_is_seen_and_retried(visit, server, shop, vendor):
    vendor.on("POST", "/hook", answer(503, "closed for today"))
    page = visit("owner", shop["account_id"]).page
    page.goto("/webhooks")
    page.get_by_label("URL").fill(f"{vendor.url}/hook")
    page.get_by_role("button", name="Add the webhook").click()
    page.get_by_text("This secret signs every delivery").wait_for()
    page.get_by_role("link", name="Send it a test").click()
    page.get_by_role("button", name="Send a test").click()
    page.get_by_text("The test was not received: HTTP 503").wait_for()
    page.get_by_role("link", name="webhook.test").first.click()
    page.get_by_text("Request and answer").click()
    page.get_by_text("closed for today").wait_for()
    vendor.on("POST", "/hook", answer(200))
    page.get_by_role("button", name="Deliver again").click()
    page.locator("#state").get_by_text("delivered").wait_for()  # drawn anew by itself
    assert len({asked.headers["webhook-id"] for asked in vendor.asked}) == 1


def test_a_member_is_refused_an_operators_page_and_keys(visit, shop):
    page = visit("member", shop["account_id"]).page
    assert page.get_by_role("link", name="Audit log").count() == 0
    page.goto("/operator/accounts")
    page.get_by_role("heading", name="You may not do this").wait_for()
    page.goto("/keys")
    page.get_by_text("An owner of the account makes and revokes keys").wait_for()
    assert page.get_by_role("button", name="Revoke").count() == 0


def test_a_script_in_a_text_is_shown_as_text(visit, server, shop):
    hostile = "<script>document.title='owned'</script><img src=x onerror=alert(1)>"
    server.command("send", "0700000066", hostile, "--wallet", shop["wallet_id"])
    page = visit("operator").page
    page.goto("/operator/unknown")
    page.get_by_text("<script>document.title='owned'</script>").first.wait_for()
    assert page.title() == "Unknown outcomes · wesend" and page.locator("main img, main script").count() == 0


def test_what_can_not_be_undone_is_asked_before(visit, server, shop):
    page = visit("operator").page
    page.goto(f"/operator/accounts/{shop['account_id']}")
    page.get_by_role("button", name="Suspend").click()
    page.get_by_role("button", name="Keep it as it is").click()
    assert server.query("SELECT status FROM accounts WHERE id = ?", shop["account_id"]) == [("active",)]
    page.get_by_role("button", name="Suspend").click()
    page.get_by_role("dialog").get_by_role("button", name="Suspend").click()
    page.get_by_text("its API calls are refused").wait_for()


def test_the_overview_follows_what_happens_without_being_reloaded(visit, server, shop):
    page = visit("owner", shop["account_id"]).page
    page.goto("/")
    page.get_by_text("Nothing was sent in these 14 days").wait_for()
    server.command("send", "0712345678", "Hello", "--wallet", shop["wallet_id"])
    page.locator("#tiles", has_text=re.compile(r"Sent today\s*1")).wait_for()


def test_the_menu_of_a_phone_opens_and_closes_by_keyboard(visit, shop):
    page = visit("owner", shop["account_id"], width=390).page
    page.goto("/")
    keys = page.get_by_role("link", name="API keys")
    assert not keys.is_visible()
    page.get_by_role("link", name="Open the menu").press("Enter")
    keys.wait_for(state="visible")
    page.keyboard.press("Escape")
    keys.wait_for(state="hidden")


def test_without_javascript_pages_say_the_same_and_forms_work(browser, server, visit, shop):
    created = server.command("user", "create", "plain@example.com", "--role", "operator")
    context = browser.new_context(java_script_enabled=False, base_url=server.url)
    page = context.new_page()
    page.goto(created["sign_in_url"])
    page.locator("input[type=password]").fill("correct horse battery")
    page.get_by_role("button", name="Set the password and sign in").click()
    page.locator("#account-picker").select_option(str(shop["account_id"]))
    page.get_by_role("button", name="Go", exact=True).click()
    page.get_by_role("heading", name="Overview").wait_for()
    page.goto("/keys")
    page.get_by_role("button", name="Make the key").click()
    page.locator("#api_secret").wait_for()
    context.close()


@pytest.fixture(scope="package")
def busy(server) -> dict:
    """An account in which something has happened, so that its lists are full."""
    account = server.command("account", "create", "Busy & Sons")["account_id"]
    made = server.command("wallet", "create", "--account", str(account), "--currency", "UGX", "--sandbox")
    wallet = made["wallet_id"]
    server.command("wallet", "credit", wallet, "10000")
    for api in ("wesendall", "esms"):
        server.command("key", "create", "--account", str(account), "--wallet", wallet, "--api", api)
    for number in ("0712345678", "0700000066", "0700000077"):
        server.command("send", number, "Your car is ready", "--wallet", wallet)
    server.command("sender", "add", "--account", str(account), "--name", "BUSY", "--countries", "UG,KE")
    server.command("webhook", "add", "--account", str(account), "--format", "esms", "--url", "https://example.com/" + "x" * 90)
    server.command(
        "gateway",
        "set",
        "busy-line",
        "--type",
        "http",
        "--option",
        "url=https://sms.example.com/" + "x" * 90,
        "--option",
        'body={"to": "{to}"}',
        "--secret",
        "token=t",
        "--option",
        "tps=12.5",
    )
    return {"account_id": account}


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_every_page_is_usable_by_everybody_empty_and_full(visit, busy, shop, width, scheme):
    """Labels, contrast, headings, names of buttons: axe-core finds nothing serious; nothing sticks out at the side."""
    operator = visit("operator", width=width, scheme=scheme)
    faults = []
    pages = [(busy, OWNERS_PAGES + OPERATORS_PAGES)] + ([(shop, OWNERS_PAGES)] if scheme == "light" else [])
    for account, paths in pages:
        operator.pick_account(account["account_id"])
        for path in paths:
            operator.page.goto(path)
            faults += [f"{path}: {fault}" for fault in operator.serious_faults()]
            faults += [] if operator.fits() else [f"{path} sticks out at the side"]
    assert faults == []
