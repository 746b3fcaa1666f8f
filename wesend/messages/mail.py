"""E-mail: composed like any message, rendered as MIME on its way out; signed links tell of opens and clicks."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from email import policy
from email.headerregistry import HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.utils import format_datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from .. import clock, templating
from ..accounts.service import AccountInfo
from ..database import Row, query_one
from ..errors import InvalidInput
from ..routing import opt_outs
from ..upstreams import registry
from ..wallets.service import WalletInfo
from . import markup
from .compose import (
    DUPLICATE,
    EMAIL,
    INVALID_RECIPIENT,
    OPTED_OUT,
    Addressee,
    Planned,
    Skipped,
)

ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~\-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?"
                     r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?)+")
HTML, PLAIN = "html", "plain"


class _OneLine(UnstructuredHeader):
    """A header that is never folded: the standard library would write a long address as encoded words."""

    def fold(self, *, policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"  # type: ignore[attr-defined]


HEADERS = HeaderRegistry()
for _name in ("list-unsubscribe", "message-id"):
    HEADERS.map_to_type(_name, _OneLine)  # type: ignore[arg-type]
# Lines end as SMTP wants them, and nothing needs a server that takes 8-bit text.
POLICY = policy.SMTP.clone(cte_type="7bit", header_factory=HEADERS)
OPEN, CLICK, UNSUBSCRIBE = "o", "c", "u"


def is_address(text: str) -> bool:
    return (len(text) <= 254 and ADDRESS.fullmatch(text) is not None and text[0] != "." and ".." not in text
            and ".@" not in text)


class MailComposer:
    """Plans the e-mails of one send; free of charge. Raises InvalidInput for a subject of several lines.

    ``format``: HTML or PLAIN where the writer said so, else as the text looks. ``render`` fills its fields in.
    """

    channel = EMAIL
    sender: str | None = None
    subject: str | None

    def __init__(self, account: AccountInfo, wallet: WalletInfo, subject: str, text: str, *, format: str | None = None,
                 render: Callable[..., str] = templating.render_single):
        if not text.strip():
            raise InvalidInput("The message is empty", {"text": ["Missing"]})
        if "\r" in subject or "\n" in subject:
            raise InvalidInput("A subject is one line", {"subject": ["May not have line breaks"]})
        self.account, self.wallet, self.subject, self.text = account, wallet, subject, text
        self.format = format or (HTML if markup.looks_like_html(text) else PLAIN)
        self.render = render
        self.gateway = registry.mail_gateway(is_sandbox=wallet.is_sandbox).name
        self.checks_opt_outs = opt_outs.has_opt_outs(account.id, EMAIL)

    def plan(self, addressees: Iterable[Addressee], *, dedupe: bool = True) -> Iterator[Planned | Skipped]:
        """One result an addressee, in order; addresses are compared without case."""
        seen: set[str] = set()
        for position, addressee in enumerate(addressees):
            key = addressee.given.strip().lower()
            reason = self._refusal(key, seen if dedupe else set())
            seen.add(key)
            yield Skipped(addressee.given, reason, position) if reason else self.plan_one(addressee)

    def _refusal(self, key: str, seen: set[str]) -> str | None:
        if not is_address(key):
            return INVALID_RECIPIENT
        if key in seen:
            return DUPLICATE
        if self.checks_opt_outs and opt_outs.opted_out(self.account.id, EMAIL, [key]):
            return OPTED_OUT
        return None

    def plan_one(self, addressee: Addressee) -> Planned:
        values: Mapping[str, str] = addressee.values or {}
        subject = " ".join(self.render(self.subject or "", values).split())
        escape = html.escape if self.format == HTML else str
        text = self.render(self.text, values, escape)
        return Planned(addressee.given.strip(), None, text, self.format, 0, 0, None, self.gateway, None, None, None,
                       EMAIL, subject)


class Letter(NamedTuple):
    """An e-mail as it is stored: all that its rendering needs."""

    id: int
    uid: str
    to: str
    subject: str
    text: str
    format: str
    at: int

    @classmethod
    def of(cls, message) -> Letter:
        """Of a message's row or of an outgoing one."""
        if isinstance(message, Row):
            return cls(message["id"], message["uid"], message["recipient"], message["subject"] or "", message["text"],
                       message["encoding"], message["created_at"])
        return cls(message.id, message.uid, message.recipient, message.subject or "", message.text, message.encoding,
                   clock.now_ms())


def render(letter: Letter) -> EmailMessage:
    """The MIME message: plain text unchanged, or HTML with tracked links and a text part beside it."""
    settings = current_app.config["WESEND"]
    domain = urlsplit(settings.base_url).hostname or "localhost"
    message = EmailMessage(POLICY)
    message["From"] = mail_from()
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(clock.to_datetime(letter.at))
    message["Message-ID"] = f"<{letter.uid}@{domain}>"
    message["List-Unsubscribe"] = f"<{tracking_url(UNSUBSCRIBE, letter.id)}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if letter.format == HTML:
        message.set_content(markup.text_of(letter.text))
        message.add_alternative(track(letter.text, letter.id), subtype="html")
    else:
        message.set_content(letter.text)
    return message


def mail_from() -> str:
    settings = current_app.config["WESEND"]
    return settings.mail_from or f"wesend@{urlsplit(settings.base_url).hostname or 'localhost'}"


# -- tracking -----------------------------------------------------------------

def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="wesend mail tracking")


def tracking_url(kind: str, message_id: int, link: int | None = None) -> str:
    token = _signer().dumps([kind, message_id] if link is None else [kind, message_id, link])
    return f"{current_app.config['WESEND'].base_url}/t/{token}"


def read_token(token: str) -> tuple[str, int, int | None] | None:
    """(kind, message, link) of a token that we signed; None for any other."""
    try:
        kind, message_id, *link = _signer().loads(token)
        return str(kind), int(message_id), int(link[0]) if link else None
    except (BadSignature, ValueError, TypeError):
        return None


def track(text: str, message_id: int) -> str:
    """The HTML with its links led through us, and a pixel at its end."""
    pixel = f'<img src="{tracking_url(OPEN, message_id)}" width="1" height="1" alt="" style="display:none">'
    return markup.lead_links(text, lambda number: tracking_url(CLICK, message_id, number), pixel)


def only_links(text: str) -> str:
    """What of an HTML text its tracked links still need: each target in its place, and not a word."""
    return "".join(f'<a href="{html.escape(target)}"></a>' for target in markup.links(text))


def link_target(message_id: int, link: int) -> str | None:
    row = query_one("SELECT text FROM messages WHERE id = ? AND channel = 'email'", (message_id,))
    found = markup.links(row["text"]) if row else []
    return found[link] if 0 <= link < len(found) else None
