"""The inbox as people use it: what arrives while it is open, an answer that is counted as it is typed; and without JavaScript."""

from __future__ import annotations

import json
import urllib.request

import pytest

from ..support.browser import PASSWORD

PHONE = "+256712345678"


@pytest.fixture
def keyword(server, shop) -> str:
    """A shop's word on the sandbox's number, which is approved by itself."""
    word = f"SHOP{shop['account_id']}"
    wanted = ("--country", "UG", "--type", "shared", "--keyword", word, "--company", "Shop", "--use-case", "Orders come in")
    server.command("two-way", "request", "--account", str(shop["account_id"]), "--wallet", shop["wallet_id"], *wanted)
    server.wait_until(
        lambda: server.query("SELECT status FROM two_way_services WHERE keyword = ?", word) == [("active",)], 15, "not approved"
    )
    return word


@pytest.fixture
def write(server):
    """``write("JOIN me")``: a phone writes to the sandbox's number."""

    def write(text: str, phone: str = PHONE) -> None:
        body = json.dumps({"from": phone, "to": "32811", "text": text}).encode()
        request = urllib.request.Request(f"{server.url}/sandbox/messages", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=15) as answer:
            assert answer.status == 201

    return write


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_what_people_write_shows_up_by_itself_and_is_answered(visit, shop, keyword, write, width, scheme):
    somebody = visit("member", shop["account_id"], width=width, scheme=scheme)
    page = somebody.page
    page.goto("/inbox")
    page.get_by_text("Nobody has written yet").wait_for()
    assert somebody.serious_faults() == [] and somebody.fits()
    write(f"{keyword} two <b>pizzas</b>, please")
    page.locator("#inbox").get_by_text("two <b>pizzas</b>, please").wait_for()  # by itself
    page.locator("#conversations").get_by_role("link").click()
    talk = page.locator("#talk")
    talk.get_by_text("two <b>pizzas</b>, please").wait_for()
    page.get_by_label("Answer from 32811").fill("x" * 161)
    page.locator("[data-count=segments]").get_by_text("2 segments").wait_for()
    page.locator("[data-count=price]").get_by_text("UGX 70").wait_for()
    page.get_by_label("Answer from 32811").fill("“Soon”")
    page.locator("[data-count=encoding]").get_by_text("Unicode").wait_for()
    write("And a drink")  # while the answer is being typed
    talk.get_by_text("And a drink").wait_for()
    assert page.get_by_label("Answer from 32811").input_value() == "“Soon”"
    page.get_by_role("button", name="Send").click()
    talk.get_by_text("“Soon”").wait_for()
    talk.get_by_text("delivered").wait_for()
    assert page.get_by_label("Answer from 32811").input_value() == ""
    assert somebody.serious_faults() == [] and somebody.fits()
    write(f"{keyword} STOP")
    talk.get_by_text("opted out").wait_for()
    page.reload()
    page.get_by_text("can’t be answered until it writes START").wait_for()


def test_the_inbox_works_without_javascript(browser, server, shop, keyword, write):
    created = server.command(
        "user", "create", f"plain{shop['account_id']}@example.com", "--role", "member", "--account", str(shop["account_id"])
    )
    write(f"{keyword} one parcel")
    context = browser.new_context(base_url=server.url, java_script_enabled=False)
    context.set_default_timeout(15_000)
    page = context.new_page()
    page.goto(created["sign_in_url"])
    page.get_by_label("Choose a password").fill(PASSWORD)
    page.get_by_role("button", name="Set the password and sign in").click()
    page.goto("/inbox")
    page.get_by_label("Number, name or text").fill("PARCEL")
    page.get_by_label("Show").select_option("unread")
    page.get_by_role("button", name="Search").click()
    page.get_by_text("texts in the latest 5,000 messages that came in").wait_for()
    page.locator("#conversations").get_by_role("link").click()
    page.locator("#talk").get_by_text("one parcel").wait_for()
    page.get_by_label("Answer from 32811").fill("It is on its way")
    page.get_by_role("button", name="Send").click()
    page.locator("#talk").get_by_text("It is on its way").wait_for()
    context.close()
