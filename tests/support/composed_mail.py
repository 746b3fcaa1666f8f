"""E-mails as the domain composes, renders and accepts them."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.message import EmailMessage

from wesend.accounts.service import get_account
from wesend.messages.email import compose as mail
from wesend.messages.sending import send
from wesend.messages.sending.compose import Addressee
from wesend.messages.sending.options import Options, Origin

from .domain import make_wallet

ORIGIN = Origin("worldledgers")


PAGE = "https://shop.example.com/pay"


def composed(text: str = "Hello", *people: tuple[str, dict], subject: str = "Hi", wallet=None) -> mail.MailComposer:
    wallet = wallet or make_wallet("10", "SMS", is_sandbox=True)
    return mail.MailComposer(get_account(wallet.account_id), wallet, subject, text)


def plan(composer: mail.MailComposer, *given_: str, values: dict | None = None) -> list:
    return list(composer.plan(Addressee(text, None, values) for text in given_ or ("ann@example.com",)))


def rendered(text: str, values: dict | None = None, subject: str = "Hi") -> EmailMessage:
    """A mail as its receiver's program reads it."""
    composer = composed(text, subject=subject)
    [planned] = plan(composer, values=values)
    stored = mail.Mail(7, "uid-7", planned.recipient, planned.subject, composer.text_for(values or {}), planned.encoding, 0)
    return message_from_bytes(mail.render(stored).as_bytes(), policy=policy.default)  # type: ignore[return-value]


def part(message_: EmailMessage, subtype: str) -> str | None:
    found = message_.get_body(preferencelist=(subtype,))
    return None if found is None else found.get_content().replace("\r\n", "\n")


def accepted(*recipients: str, text: str = "<p>Hello</p>", wallet=None, options: Options = Options()) -> list:
    wallet = wallet or make_wallet("10", "SMS", is_sandbox=True)
    return send.send(
        composed(text, wallet=wallet),
        (Addressee(to, None) for to in recipients or ("ann@example.com",)),
        actor="test",
        origin=ORIGIN,
        options=options,
        in_request=False,
    ).messages
