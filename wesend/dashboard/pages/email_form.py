"""The form of an e-mail: what it says of who gets it, what, and when; and how a draft keeps it."""

from __future__ import annotations

from wtforms import HiddenField, RadioField, SelectField, SelectMultipleField, TextAreaField
from wtforms.validators import InputRequired, Length

from ...core.channels import EMAIL
from ...core.languages import marked
from ...database.rows import TextTemplateRow
from ...messages.campaigns import drafts, form_values, once
from ...messages.campaigns.email import EmailDraft, Readers
from ...messages.campaigns.text_templates import Content
from ...messages.email import compose as mail
from ...messages.sending.options import Options
from ...wallets.service import WalletInfo
from ..current_account import account
from ..forms import Form, Text, choices
from ..sessions import actor
from .compose import WHEN, soonest, usual_wallet

FORMATS = ((mail.PLAIN, marked("Plain text")), (mail.HTML, "HTML"))
REQUIRED = InputRequired(marked("Please fill this in"))
KEPT = ("addresses", "subject", "format", "text", "wallet", "when", "at")


class EmailForm(Form):
    domain_names = {"recipient": "addresses"}
    uid = HiddenField()
    addresses = TextAreaField(
        marked("To"), render_kw={"rows": 2, "spellcheck": "false", "placeholder": "ann@example.com, ben@example.com"}
    )
    groups = SelectMultipleField(marked("Groups"), coerce=int, validate_choice=False)
    subject = Text(marked("Subject"), [REQUIRED, Length(max=200)], render_kw={"dir": "auto"})
    format = RadioField(marked("Written as"), choices=choices(FORMATS), default=mail.PLAIN)
    text = TextAreaField(marked("Message"), [REQUIRED], render_kw={"rows": 12, "dir": "auto"})
    wallet = SelectField(
        marked("Wallet"),
        validate_choice=False,
        description=marked("Mail costs nothing. A sandbox wallet’s mail is kept here and never leaves."),
    )
    when = RadioField(marked("When"), choices=choices(WHEN), default="now")
    at = Text(marked("Day and time"), render_kw={"type": "datetime-local"})
    template_name = Text(marked("Keep it as a template"))

    @property
    def chosen_wallet(self) -> WalletInfo:
        """WalletNotFound."""
        return form_values.find_wallet(account(), self.wallet.data or "", actor=actor())

    @property
    def readers(self) -> Readers:
        return Readers(tuple(self.groups.data or ()), self.addresses.data or "")

    def draft(self, options: Options | None = None) -> EmailDraft:
        """WalletNotFound, InvalidSchedule; ``options`` in place of the form's."""
        return EmailDraft(
            self.uid.data or "",
            self.chosen_wallet,
            self.readers,
            self.subject.data or "",
            self.written,
            self.format.data,
            options or form_values.read_options(account(), self.when.data, self.at.data or "", ""),
        )

    @property
    def written(self) -> str:
        return (self.text.data or "").replace("\x00", "").replace("\r\n", "\n")

    def stored(self) -> drafts.Form | None:
        """As a draft keeps it; None: there is nothing to keep."""
        if not (self.written.strip() or self.subject.data or self.addresses.data or self.groups.data):
            return None
        typed = {name: (self[name].data or "").replace("\x00", "") for name in KEPT}
        return {**typed, "channel": EMAIL, "groups": [str(group_id) for group_id in self.groups.data or ()]}

    @property
    def content(self) -> Content:
        """As a template keeps it."""
        return Content(self.written, channel=EMAIL, subject=self.subject.data, format=self.format.data)

    def begin_with(self, template: TextTemplateRow) -> None:
        """What is written gives way to a template."""
        self.subject.data, self.text.data, self.format.data = template["subject"], template["text"], template["format"]

    def begin(self, to: str, group_ids: list[int]) -> None:
        """A new one."""
        self.uid.data, self.wallet.data = once.new_uid(), usual_wallet(account())
        self.at.data = soonest(account())
        self.addresses.data, self.groups.data = to, group_ids

    def go_on(self, uid: str) -> None:
        """With a draft; DraftNotFound."""
        kept = drafts.get(account().id, uid, EMAIL, actor=actor()).form
        self.uid.data = uid
        for name in KEPT:
            self[name].data = str(kept.get(name, ""))
        self.groups.data = [int(text) for text in kept.get("groups", [])]
        self.at.data = self.at.data or soonest(account())
