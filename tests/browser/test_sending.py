"""Sending as people do it: a file of contacts, a campaign to its end, a message counted while it is typed, money."""

from __future__ import annotations

import re

import pytest

CSV = b"phone,name,city\n" + b"".join(b"07120%05d,Customer %d,Gulu\n" % (n, n) for n in range(30)) + b"nonsense,Cal,Jinja\n"
PAGES = (
    "/messages",
    "/compose",
    "/campaigns",
    "/campaigns/new",
    "/contacts",
    "/contacts/import",
    "/contacts/opt-outs",
    "/emails",
    "/sandbox-phones",
    "/wallets",
)


def test_contacts_are_imported_and_a_campaign_to_them_runs_to_its_end(visit, shop):
    page = visit("owner", shop["account_id"]).page
    page.goto("/contacts/import")
    page.get_by_label("File").set_input_files({"name": "Spring list.csv", "mimeType": "text/csv", "buffer": CSV})
    page.get_by_role("button", name="Upload").click()
    page.get_by_label("Name of the group").wait_for()
    assert page.get_by_label("Name of the group").input_value() == "Spring list"
    page.get_by_role("button", name="Check").click()
    page.get_by_text("nonsense").wait_for()
    with page.expect_download() as download:
        page.get_by_role("link", name="All of them (CSV)").click()
    assert "nonsense,Cal,Jinja" in download.value.path().read_text()
    page.get_by_role("button", name="Import 30 contacts").click()
    page.get_by_text("30 contacts imported; 1 row left out.").wait_for()
    page.get_by_role("link", name="Send to it").click()
    assert page.get_by_label("Spring list").is_checked()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Text").fill("Hello {{first_name}} of {{city}}")
    page.get_by_role("button", name="Preview").click()
    page.get_by_text("Hello Customer of Gulu").first.wait_for()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Send 30 messages for UGX 1,050").click()
    page.get_by_text("30 messages accepted for UGX 1,050.").wait_for()
    page.get_by_text("finished").wait_for()  # by itself, as the receipts come
    page.get_by_text("100 %").wait_for()


def test_a_drip_is_paused_and_what_is_left_of_it_is_cancelled(visit, shop):
    page = visit("owner", shop["account_id"]).page
    page.goto("/campaigns/new")
    page.get_by_label("Numbers").fill("0712000001 0712000002 0712000003")
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Text").fill("Drop")
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("Drop by drop").click()
    page.get_by_label("Messages a minute").fill("1")
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name=re.compile("Send 3 messages")).click()
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("paused", exact=True).wait_for()
    page.get_by_role("button", name="Cancel the rest").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel the rest").click()
    page.get_by_text(re.compile(r"[23] messages cancelled; UGX (70|105) went back")).wait_for()


def test_a_message_is_counted_while_it_is_typed_and_its_script_is_shown_as_text(visit, shop):
    page = visit("member", shop["account_id"]).page
    page.goto("/compose")
    page.get_by_label("Recipients").fill("0712 345 678")
    page.get_by_label("Message").fill("<script>alert(1)</script> “hi”")
    page.get_by_text("“ ” make it Unicode").wait_for()
    page.locator("[data-count=price]").get_by_text("UGX 35").wait_for()
    page.locator("[data-count=after]").get_by_text("UGX 9,965 left").wait_for()
    page.get_by_role("button", name="Send").click()
    page.get_by_role("link", name="+256712345678").click()
    assert "<script>alert(1)</script>" in page.locator(".bubble").inner_text()
    page.locator("#facts").get_by_text("delivered", exact=True).first.wait_for()
    page.goto("/sandbox-phones")
    page.locator("#talk").get_by_text("<script>alert(1)</script>").wait_for()
    page.get_by_role("button", name="STOP").click()
    page.goto("/contacts/opt-outs")
    page.get_by_role("cell", name="answered STOP").wait_for()


def test_going_back_and_clicking_once_more_sends_nothing_twice(visit, shop):
    page = visit("member", shop["account_id"]).page
    page.goto("/compose")
    page.get_by_label("Recipients").fill("0712345678")
    page.get_by_label("Message").fill("Only once")
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/messages?q=*")
    sent = page.url
    page.go_back()
    assert page.get_by_label("Message").input_value() == "Only once"
    page.get_by_role("button", name="Send").click()
    page.wait_for_url("**/messages?q=*")
    assert page.url == sent
    page.go_back()
    page.get_by_label("Message").fill("Another one")
    page.get_by_role("button", name="Send").click()
    page.get_by_text("Another one").first.wait_for()
    assert page.url != sent


def test_a_wallet_is_topped_up_and_shows_it_by_itself(visit, shop):
    page = visit("member", shop["account_id"]).page
    page.goto(f"/wallets/{shop['wallet_id']}/top-up")
    page.get_by_label("Amount in UGX").fill("5,000")
    page.get_by_label("Phone that pays").fill("0772345678")
    page.get_by_role("button", name="Ask for the payment").click()
    page.get_by_text("UGX 5,000 came in").wait_for(timeout=30_000)
    page.get_by_role("link", name="To the wallet").click()
    page.get_by_text("+UGX 5,000").wait_for()


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_every_page_of_sending_is_usable_by_everybody_empty_and_full(visit, shop, server, width, scheme):
    somebody = visit("owner", shop["account_id"], width=width, scheme=scheme)
    page = somebody.page
    for _ in ("empty", "full"):
        for path in (*PAGES, f"/wallets/{shop['wallet_id']}", f"/wallets/{shop['wallet_id']}/top-up"):
            page.goto(path)
            assert somebody.serious_faults() == [], path
            assert somebody.fits(), path
        server.command("send", "0712345678", "A text — with a dash " * 9, "--wallet", shop["wallet_id"])
    page.goto("/messages")
    page.get_by_role("link", name="+256712345678").first.click()
    page.get_by_role("heading", name="To +256712345678").wait_for()
    assert somebody.serious_faults() == [] and somebody.fits()
