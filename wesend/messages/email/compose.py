"""E-mail: composed like any message, rendered as MIME on its way out; signed links tell of opens and clicks."""

from __future__ import annotations

import html
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from email import policy
from email.header import Header
from email.headerregistry import HeaderRegistry, UniqueUnstructuredHeader
from email.message import EmailMessage
from email.policy import Policy
from email.utils import format_datetime
from typing import Any, NamedTuple
from urllib.parse import quote, urlsplit

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from ...accounts.service import AccountInfo
from ...core import clock, markup, templating
from ...core.channels import EMAIL
from ...core.email_address import is_address
from ...core.errors import InvalidInput
from ...core.languages import sentence
from ...database import Row, query_one
from ...gateways import registry
from ...routing import opt_outs
from ...wallets.service import WalletInfo
from ..sending.compose import DUPLICATE, INVALID_RECIPIENT, OPTED_OUT, Addressee, Skipped
from ..state import mail_texts
from ..state.mail_texts import HTML, PLAIN, SINGLE
from ..state.outgoing import Outgoing

__all__ = ["HTML", "PLAIN", "Mail", "MailComposer", "link_target", "mail_from", "read_token", "render", "track", "tracking_url"]


class _AsWritten(UniqueUnstructuredHeader):
    """The standard library reads `=?utf-8?q?a=0D=0ABcc:_b?=` as what it encodes, a line break among it, and writes that down."""

    @classmethod
    def parse(cls, value: str, kwds: dict[str, Any]) -> None:
        super().parse(value, kwds)
        kwds["decoded"] = value


class _OneLine(_AsWritten):
    """A header that is never folded: the standard library would write a long address as encoded words."""

    def fold(self, *, policy: Policy) -> str:
        if not str(self).isascii():
            return super().fold(policy=policy)  # type: ignore[misc]  # of the class that the registry mixes in
        return f"{self.name}: {self}{policy.linesep}"  # type: ignore[attr-defined]  # set by the registry


class _Words(_AsWritten):
    """A text that anybody writes: where the standard library folds what is not ASCII, it loses a space here and there."""

    def fold(self, *, policy: Policy) -> str:
        text = str(self)
        if text.isascii() and "=?" not in text:
            return super().fold(policy=policy)  # type: ignore[misc]  # of the class that the registry mixes in
        name: str = self.name  # type: ignore[attr-defined]  # set by the registry
        return f"{name}: {Header(text, 'utf-8', header_name=name).encode(linesep=policy.linesep)}{policy.linesep}"


HEADERS = HeaderRegistry()
for _name in ("list-unsubscribe", "message-id", "to"):
    HEADERS.map_to_type(_name, _OneLine)  # type: ignore[arg-type]  # a class that the registry mixes its own into
HEADERS.map_to_type("subject", _Words)  # type: ignore[arg-type]  # as above
# Lines end as SMTP wants them, and nothing needs a server that takes 8-bit text.
POLICY = policy.SMTP.clone(cte_type="7bit", header_factory=HEADERS)
LONGEST_SUBJECT = 998
"""Characters of a line of a mail (RFC 5322, 2.1.1), and of a subject when it comes in."""
OPEN, CLICK, UNSUBSCRIBE = "o", "c", "u"


STORED_A_SEND = 32 * 2**20
"""Characters of all recipients' own fields together that one send may store: 1,300 for each of 25,000 recipients, and what
a process can hold of them at once.
"""


class MailComposer:
    """Plans the e-mails of one send; free of charge. Raises InvalidInput for a subject of several lines.

    ``format``: HTML or PLAIN where the writer said so, else as the text looks. ``placeholders``: how it names fields; None:
    it names none. A mail that is sent once more has its whole subject among its values (`templating.WHOLE`).
    """

    channel = EMAIL
    sender: str | None = None
    why_no_route: str | None = None
    confidential = False
    namespace: str | None = None
    subject: str | None
    placeholders: str | None

    def __init__(
        self,
        account: AccountInfo,
        wallet: WalletInfo,
        subject: str,
        text: str,
        *,
        format: str | None = None,
        placeholders: str | None = SINGLE,
    ):
        if not text.strip():
            raise InvalidInput("The message is empty", {"text": ["Missing"]})
        if "\r" in subject or "\n" in subject:
            raise InvalidInput("A subject is one line", {"subject": ["May not have line breaks"]})
        self.account, self.wallet, self.subject, self.text = account, wallet, subject, text
        self.format = format or (HTML if markup.looks_like_html(text) else PLAIN)
        self.render = mail_texts.STYLES[placeholders or SINGLE]
        self.named = templating.named(text, templating.PATTERNS[self.render]) if placeholders else Counter()
        self.named_in_queries = mail_texts.named_in_queries(text, placeholders, self.format) if placeholders else Counter()
        self.placeholders = placeholders if self.named else None
        self.gateway = registry.mail_gateway_name(is_sandbox=wallet.is_sandbox)
        self.checks_opt_outs = opt_outs.has_opt_outs(account.id, EMAIL)

    def plan(
        self, addressees: Iterable[Addressee], *, dedupe: bool = True, is_question: bool = False
    ) -> Iterator[Outgoing | Skipped]:
        """One result an addressee, in order; addresses are compared without case. TextTooLong, InvalidInput."""
        seen: set[str] = set()
        stored = 0
        for position, addressee in enumerate(addressees):
            key = addressee.given.strip().lower()
            reason = self._refusal(key, seen if dedupe else set())
            seen.add(key)
            if reason:
                yield Skipped(addressee.given, reason, position)
                continue
            planned = self.plan_one(addressee)
            stored += len(planned.fields or "")
            if stored > STORED_A_SEND:
                raise InvalidInput(
                    sentence(
                        "The recipients' fields have more than %(stored_a_send)s MB together: send to fewer at a time",
                        stored_a_send=STORED_A_SEND // 2**20,
                    ),
                    {"text": ["Too much for so many recipients"]},
                )
            yield planned

    def _refusal(self, key: str, seen: set[str]) -> str | None:
        if not is_address(key):
            return INVALID_RECIPIENT
        if key in seen:
            return DUPLICATE
        if self.checks_opt_outs and opt_outs.opted_out(self.account.id, EMAIL, [key], self.wallet.side):
            return OPTED_OUT
        return None

    def unit_of(self, planned: Outgoing) -> None:
        """Mail has no price."""

    def plan_one(self, addressee: Addressee) -> Outgoing:
        values: Mapping[str, str] = addressee.values or {}
        own = self._own(values)
        return Outgoing(
            recipient=addressee.given.strip(),
            country=None,
            text="",
            encoding=self.format,
            segments=0,
            cost_micros=0,
            sender=None,
            gateway=self.gateway,
            channel=EMAIL,
            subject=self.subject_for(values),
            fields=json.dumps(own, ensure_ascii=False) if own else "{}",
        )

    def subject_for(self, values: Mapping[str, str]) -> str:
        whole = values.get(templating.WHOLE)
        return whole if whole is not None else " ".join(self.render(self.subject or "", values, limit=LONGEST_SUBJECT).split())

    def text_for(self, values: Mapping[str, str]) -> str:
        return mail_texts.fill(mail_texts.Written(self.text, self.placeholders), values, self.format)

    def _own(self, values: Mapping[str, str]) -> dict[str, str]:
        """The fields that the text names; TextTooLong before anything is put together that would be."""
        own = {name: values[name] for name in self.named if values.get(name)}
        # What stands in for an empty field is put together, too: at worst every character of it is escaped.
        fallbacks = sum(count for name, count in self.named.items() if templating.BAR in name)
        room = mail_texts.LONGEST - fallbacks * templating.LONGEST_FALLBACK * len("&quot;")
        for name, value in own.items():
            room -= self.named[name] * len(value)
            if room >= 0:
                in_queries = self.named_in_queries[name]
                if in_queries:
                    room -= in_queries * (len(quote(value, safe="")) - len(value))
                if self.format == HTML:
                    room -= (self.named[name] - in_queries) * (len(html.escape(value)) - len(value))
            if room < 0:
                raise templating.too_long(mail_texts.LONGEST)
        return own


class Mail(NamedTuple):
    """An e-mail as it is stored: all that its rendering needs."""

    id: int
    uid: str
    to: str
    subject: str
    text: str
    format: str
    at: int

    @classmethod
    def of(cls, message: Row) -> Mail:
        """Of a message's row, its text put together."""
        return cls(
            message["id"],
            message["uid"],
            message["recipient"],
            message["subject"] or "",
            mail_texts.text_of(message),
            message["encoding"],
            message["created_at"],
        )

    @classmethod
    def leaving(cls, outgoing: Outgoing) -> Mail:
        """Of a message on its way out, dated now."""
        message = outgoing._asdict()
        return cls(
            outgoing.id,
            outgoing.uid,
            outgoing.recipient,
            outgoing.subject or "",
            mail_texts.text_of(message),
            outgoing.encoding,
            clock.now_ms(),
        )


def render(mail: Mail) -> EmailMessage:
    """The MIME message: plain text unchanged, or HTML with tracked links and a text part beside it."""
    settings = current_app.config["WESEND"]
    domain = urlsplit(settings.base_url).hostname or "localhost"
    message = EmailMessage(POLICY)
    message["From"] = mail_from()
    message["To"] = mail.to
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(clock.to_datetime(mail.at))
    message["Message-ID"] = f"<{mail.uid}@{domain}>"
    message["List-Unsubscribe"] = f"<{tracking_url(UNSUBSCRIBE, mail.id)}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if mail.format == HTML:
        message.set_content(markup.text_of(mail.text))
        message.add_alternative(track(mail.text, mail.id), subtype="html")
    else:
        message.set_content(mail.text)
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


def link_target(message_id: int, link: int) -> str | None:
    row = query_one("SELECT text, fields, batch_id, encoding FROM messages WHERE id = ? AND channel = 'email'", (message_id,))
    found = mail_texts.links_of(row) if row else []
    return found[link] if 0 <= link < len(found) else None
