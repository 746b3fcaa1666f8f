"""Writing a campaign in a browser: it is kept while one types, shown letter by letter, and stopped where something is missing."""

from __future__ import annotations

import re

CSV = b"Customers of May\n\nCustomer name,Phone No.,town\nAnn,0712000001,Gulu\nBen,0712000002,\n"


def test_a_text_is_kept_and_drawn_as_it_is_typed_and_its_gaps_are_confirmed(visit, shop):
    somebody = visit("owner", shop["account_id"])
    page = somebody.page
    page.goto("/contacts/import")
    page.get_by_label("File").set_input_files({"name": "May.csv", "mimeType": "text/csv", "buffer": CSV})
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("button", name="Check").click()
    page.get_by_role("button", name="Import 2 contacts").click()
    page.get_by_role("link", name="Send to it").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_label("Text").fill("“Hi” ")
    page.get_by_role("button", name="first_name", exact=True).click()
    page.get_by_role("button", name="town", exact=True).click()
    page.locator('[data-preview="0"]', has_text="AnnGulu").wait_for()
    assert page.locator('[data-preview="0"] mark', has_text="“").count() == 1
    assert page.locator('[data-preview="0"]').inner_text() == "“Hi” AnnGulu"
    page.get_by_text("Kept as a draft at").wait_for()
    page.goto("/campaigns")
    page.get_by_role("link", name="Go on").click()
    assert page.get_by_label("Text").input_value() == "“Hi” {{first_name}}{{town}}"
    assert somebody.serious_faults() == [] and somebody.fits()
    page.get_by_role("button", name="Use plain signs").click()
    page.get_by_text("GSM-7").wait_for()
    page.get_by_role("button", name="Continue").click()
    page.get_by_role("button", name="Continue").click()
    page.get_by_text("is empty for 1 contact:").wait_for()
    assert somebody.serious_faults() == [] and somebody.fits()
    page.get_by_role("button", name=re.compile("Send 2 messages")).click()
    page.get_by_text("Please tick this").wait_for()
    page.get_by_label("Send it as it is").check()
    page.get_by_role("button", name=re.compile("Send 2 messages")).click()
    page.get_by_text("2 messages accepted").wait_for()
