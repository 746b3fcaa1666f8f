"""Writing an e-mail in a browser: the preview and the draft follow while one types, and what is missing is stopped."""

from __future__ import annotations

import pytest

CSV = b"name,phone,email,town\nAnn,0712000001,ann@example.com,Gulu\nBen,0712000002,ben@example.com,\n"


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_mail_is_kept_and_shown_as_it_is_typed_and_its_gaps_are_confirmed(visit, shop, width, scheme):
    somebody = visit("owner", shop["account_id"], width=width, scheme=scheme)
    page = somebody.page
    page.goto("/contacts/import")
    page.get_by_label("File").set_input_files({"name": "May.csv", "mimeType": "text/csv", "buffer": CSV})
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name="Import 2 contacts").click()
    page.get_by_role("link", name="Send to it").wait_for()
    page.goto("/emails/write")
    page.get_by_role("checkbox", name="May").check()
    page.get_by_role("button", name="town", exact=True).wait_for()
    page.get_by_label("Message").fill("Dear ")
    page.get_by_role("button", name="first_name", exact=True).click()
    page.get_by_label("Subject").fill("News of ")
    page.get_by_role("button", name="town", exact=True).click()
    assert page.get_by_label("Message").input_value() == "Dear {{first_name}}"
    assert page.get_by_label("Subject").input_value() == "News of {{town}}"
    steps = page.evaluate("history.length")
    page.frame_locator("iframe:not([hidden])").get_by_text("Dear Ann", exact=True).wait_for()
    page.get_by_label("Message").fill("Dearest {{first_name}}")
    page.frame_locator("iframe:not([hidden])").get_by_text("Dearest Ann", exact=True).wait_for()
    assert page.evaluate("history.length") == steps and page.locator("iframe").count() == 1
    page.get_by_text("Kept as a draft at").wait_for()
    page.goto("/emails")
    assert somebody.serious_faults() == [] and somebody.fits()
    page.get_by_role("link", name="Go on").click()
    assert page.get_by_label("Message").input_value() == "Dearest {{first_name}}"
    page.frame_locator("iframe:not([hidden])").get_by_text("Dearest Ann", exact=True).wait_for()
    assert somebody.serious_faults() == [] and somebody.fits()
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_text("is empty for 1 contact:").wait_for()
    assert somebody.serious_faults() == [] and somebody.fits()
    page.get_by_label("Send it as it is").check()
    page.get_by_role("button", name="Send", exact=True).click()
    page.get_by_text("2 mails accepted").wait_for()
    assert somebody.serious_faults() == [] and somebody.fits()


def test_going_back_to_a_mail_that_was_sent_shows_an_empty_form(visit, shop):
    """One that is filled in again would be sent to everybody again; what is not sent yet is kept as a draft."""
    page = visit("member", shop["account_id"]).page
    page.goto("/emails/write")
    page.get_by_label("To", exact=True).fill("ann@example.com")
    page.get_by_label("Subject").fill("Only once")
    page.get_by_label("Message").fill("Hello")
    page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_url("**/emails?batch=*")
    page.go_back()
    page.wait_for_url("**/emails/write*")
    assert page.get_by_label("Subject").input_value() == page.get_by_label("Message").input_value() == ""
