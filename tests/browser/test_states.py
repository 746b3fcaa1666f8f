"""Pages in the midst of something: steps, previews, errors, what was opened; usable by everybody in each of them."""

from __future__ import annotations

import re

import pytest

CSV = (
    b"phone;name;email;city\n0712000001;Ann Otim;ann@example.com;Gulu\n0712000002;Ben;;Jinja\nnonsense;Cal;;\n0712000001;Twice;;\n"
)
LETTER = "<h1>Invoice</h1><p>Dear {{first_name}}, <a href='https://example.com'>see it</a>.</p>"


class Looker:
    """Somebody at a desk in the light, whose every state is looked at on a phone in the dark too."""

    def __init__(self, somebody):
        self.somebody, self.page = somebody, somebody.page
        self.faults: list[str] = []

    def see(self, words: str, state: str) -> None:
        """Wait for the words and look for faults: everything at the desk, what may differ on the phone."""
        self.page.get_by_text(words).first.wait_for()
        self._note(state, self.somebody.serious_faults())
        self._stand(390, "dark")
        self._note(f"{state}, on a phone in the dark", self.somebody.serious_faults("color-contrast"))
        self._stand(1280, "light")

    def _note(self, state: str, faults: list[str]) -> None:
        self.faults += [f"{state}: {fault}" for fault in faults] + (
            [] if self.somebody.fits() else [f"{state} sticks out at the side"]
        )

    def _stand(self, width: int, scheme: str) -> None:
        self.page.set_viewport_size({"width": width, "height": 900})
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # no colour is on its way to another

    def press(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()


@pytest.fixture
def looker(visit, shop) -> Looker:
    return Looker(visit("owner", shop["account_id"]))


def test_contacts_campaigns_and_letters_are_usable_at_every_step(looker, server, shop):
    page = looker.page
    page.goto("/contacts/import")
    page.get_by_label("File").set_input_files({"name": "Spring.csv", "mimeType": "text/csv", "buffer": CSV})
    looker.press("Upload")
    looker.see("What is in which column?", "import, columns")
    page.get_by_label("name", exact=True).select_option("phone")
    looker.press("Check")
    looker.see("Choose one column as the phone number", "import, wrong columns")
    page.get_by_label("name", exact=True).select_option("name")
    looker.press("Check")
    looker.see("Repeated", "import, check")
    looker.press("Import 2 contacts")
    page.get_by_role("link", name="+256712000001", exact=True).click()
    page.get_by_label("Phone").fill("0712000002")
    looker.press("Save")
    looker.see("This number is in the group already", "a contact that is changed")

    page.goto("/campaigns/new")
    looker.press("Continue")
    looker.see("There is nobody to send to", "campaign, nobody")
    page.get_by_label("Spring").check()
    looker.press("Continue")
    page.get_by_label("Text").fill("Hello {{first_name}} of {{city}} – ready")
    looker.press("Preview")
    looker.see("Hello Ann of Gulu – ready", "campaign, text")
    looker.press("Continue")
    page.get_by_text("Drop by drop").click()
    page.get_by_label("Messages a minute").fill("0")
    looker.press("Continue")
    looker.see("A drip has 1 to 6,000 messages a minute", "campaign, when")
    page.get_by_label("Messages a minute").fill("10")
    looker.press("Continue")
    looker.see("The last one leaves", "campaign, check")

    page.goto("/emails/write")
    page.get_by_label("Spring").check()
    page.get_by_role("textbox", name="To").fill("nonsense")
    looker.press("Send")
    page.get_by_label("HTML", exact=True).check()
    page.get_by_label("Message").fill(LETTER)
    page.frame_locator("iframe:not([hidden])").get_by_text("Dear Ann, see it.").wait_for()
    looker.see("No e-mail address: nonsense.", "an e-mail with its preview")
    page.get_by_label("Subject").fill("Your invoice")
    looker.press("Send")
    page.get_by_text("1 mail accepted.").wait_for()
    page.get_by_role("link", name="ann@example.com").click()
    page.locator("#became").get_by_text("delivered", exact=True).first.wait_for()
    looker.see("Not opened yet", "a mail")
    page.get_by_role("tab", name="Headers").click()
    looker.see("List-Unsubscribe-Post", "a mail's headers")
    assert looker.faults == []


def test_what_was_sent_paid_and_told_is_usable_in_every_state(looker, server, shop):
    page, account, wallet = looker.page, str(shop["account_id"]), shop["wallet_id"]
    server.command("send", "0700000077", "Curly “quotes” " * 12, "--wallet", wallet)
    page.goto("/messages")
    page.get_by_role("link", name="+256700000077").click()
    page.get_by_text("The same message as a cURL command").click()
    page.get_by_text(re.compile(r"The \d segments")).click()
    looker.see("left double quotation mark", "a message that failed, opened")

    page.goto(f"/wallets/{wallet}/top-up")
    looker.press("Ask for the payment")
    page.get_by_label("Amount in UGX").fill("much")
    page.get_by_label("Phone that pays").fill("0700000055")
    looker.press("Ask for the payment")
    looker.see("Not an amount", "top-up, wrong")
    page.get_by_label("Amount in UGX").fill("700")
    looker.press("Ask for the payment")
    looker.see("Confirm on the phone", "top-up, waiting")
    page.goto("/sandbox-phones")
    looker.press("Pay it")
    page.goto(f"/wallets/{wallet}")
    page.get_by_label("Tell me below").fill("-5")
    page.locator("#alert button").click()
    looker.see("must be above zero", "an alert, wrong")

    added = server.command("webhook", "add", "--account", account, "--format", "wesendall", "--url", f"{server.url}/no-such-hook")
    page.goto(f"/webhooks/{added['webhook_id']}")
    looker.press("Send a test")
    page.get_by_text("was not received").wait_for()
    looker.see("given up", "a webhook with a delivery")
    page.get_by_role("link", name="webhook.test").click()
    page.get_by_text("Request and answer").click()
    looker.see("(signature)", "an attempt, opened")

    page.goto("/webhooks")
    page.get_by_label("URL").fill("http://")
    page.locator("#new form").evaluate("form => { form.noValidate = true; }")
    page.get_by_text("Only some events").click()
    looker.press("Add the webhook")
    page.locator("#url-error").wait_for()
    looker.see("New webhook", "a webhook, wrong")
    page.goto("/keys")
    for box in page.get_by_role("checkbox").all():
        box.uncheck()
    looker.press("Make the key")
    looker.see("not none at all", "a key for nothing")
    page.get_by_label("Send", exact=True).check()
    looker.press("Make the key")
    looker.see("Copy it now", "a minted key")
    page.goto("/keys/commands")
    looker.see("Top up by mobile money", "commands")
    page.goto("/compose")
    page.get_by_label("Recipients").fill("nonsense")
    page.get_by_label("Message").fill("x")
    looker.press("Send")
    looker.see("No recipient is a valid phone number", "compose, nobody")
    assert looker.faults == []
