"""E-mail: composed like any message, rendered as MIME on its way out, with signed links that tell of opens and
clicks.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Mapping
from email.message import EmailMessage
from email.utils import format_datetime
from html.parser import HTMLParser
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
LOOKS_LIKE_HTML = re.compile(
    r"<\s*/?\s*(?:!doctype|html|head|body|p|div|span|br|a|table|h[1-6]|ul|ol|li|img|b|i|u|em|strong|font|center|hr)\b[^<]*>",
    re.IGNORECASE)
LINK = re.compile(r"(<a\b[^>]*?\bhref\s*=\s*)(\"[^\"]*\"|'[^']*'|[^\s>]+)", re.IGNORECASE)
HTML, PLAIN = "html", "plain"
OPEN, CLICK, UNSUBSCRIBE = "o", "c", "u"


def is_address(text: str) -> bool:
    return len(text) <= 254 and ADDRESS.fullmatch(text) is not None and ".." not in text and ".@" not in text


class MailComposer:
    """Plans the e-mails of one send; free of charge. Raises InvalidInput for a subject of several lines."""

    channel = EMAIL
    sender: str | None = None
    subject: str | None

    def __init__(self, account: AccountInfo, wallet: WalletInfo, subject: str, text: str):
        if not text.strip():
            raise InvalidInput("The message is empty", {"text": ["Missing"]})
        if "\r" in subject or "\n" in subject:
            raise InvalidInput("A subject is one line", {"subject": ["May not have line breaks"]})
        self.account, self.wallet, self.subject, self.text = account, wallet, subject, text
        self.format = HTML if LOOKS_LIKE_HTML.search(text) else PLAIN
        self.gateway = registry.mail_gateway(is_sandbox=wallet.is_sandbox).name
        self.checks_opt_outs = opt_outs.has_opt_outs(account.id, EMAIL)

    def plan(self, addressees: Iterable[Addressee], *, dedupe: bool = True) -> Iterator[Planned | Skipped]:
        """One result an addressee, in order; addresses are compared without case."""
        seen: set[str] = set()
        for position, addressee in enumerate(addressees):
            key = addressee.given.strip().lower()
            reason = self._refusal(key, seen if dedupe else set())
            seen.add(key)
            yield Skipped(addressee.given, reason, position) if reason else self._plan_one(addressee)

    def _refusal(self, key: str, seen: set[str]) -> str | None:
        if not is_address(key):
            return INVALID_RECIPIENT
        if key in seen:
            return DUPLICATE
        if self.checks_opt_outs and opt_outs.opted_out(self.account.id, EMAIL, [key]):
            return OPTED_OUT
        return None

    def _plan_one(self, addressee: Addressee) -> Planned:
        values: Mapping[str, str] = addressee.values or {}
        subject = " ".join(templating.render_single(self.subject or "", values).split())
        escape = html.escape if self.format == HTML else str
        return Planned(addressee.given.strip(), None, templating.render_single(self.text, values, escape), self.format,
                       0, 0,
                       None, self.gateway, None, None, None, EMAIL, subject)


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
    message = EmailMessage()
    message["From"] = mail_from()
    message["To"] = letter.to
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(clock.to_datetime(letter.at))
    message["Message-ID"] = f"<{letter.uid}@{domain}>"
    message["List-Unsubscribe"] = f"<{tracking_url(UNSUBSCRIBE, letter.id)}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    if letter.format == HTML:
        message.set_content(text_of(letter.text))
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


def links(text: str) -> list[str]:
    """The http and https targets of an HTML text, in order: a token names one by its place."""
    found = (html.unescape(match[2].strip("\"'")).strip() for match in LINK.finditer(text))
    return [target for target in found if target.lower().startswith(("http://", "https://"))]


def track(text: str, message_id: int) -> str:
    """The HTML with its links led through us, and a pixel at its end."""
    count = 0

    def led(match: re.Match) -> str:
        nonlocal count
        if not links(match[0]):
            return match[0]
        count += 1
        return f'{match[1]}"{tracking_url(CLICK, message_id, count - 1)}"'

    tracked = LINK.sub(led, text)
    pixel = f'<img src="{tracking_url(OPEN, message_id)}" width="1" height="1" alt="" style="display:none">'
    end = tracked.lower().rfind("</body>")
    return tracked[:end] + pixel + tracked[end:] if end >= 0 else tracked + pixel


def only_links(text: str) -> str:
    """What of an HTML text its tracked links still need: each target in its place, and not a word."""
    return "".join(f'<a href="{html.escape(target)}"></a>' for target in links(text))


def link_target(message_id: int, link: int) -> str | None:
    row = query_one("SELECT text FROM messages WHERE id = ? AND channel = 'email'", (message_id,))
    found = links(row["text"]) if row else []
    return found[link] if 0 <= link < len(found) else None


# -- the text part of an HTML mail ---------------------------------------------

class _TextOf(HTMLParser):
    BREAKS = frozenset({"p", "div", "br", "tr", "table", "li", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6", "hr"})
    SILENT = frozenset({"style", "script", "head", "title"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silent = 0
        self.target: str | None = None

    def handle_starttag(self, tag, attrs):
        if tag in self.SILENT:
            self.silent += 1
        if tag in self.BREAKS:
            self.parts.append("\n- " if tag == "li" else "\n")
        if tag == "a":
            self.target = dict(attrs).get("href")

    def handle_endtag(self, tag):
        if tag in self.SILENT and self.silent:
            self.silent -= 1
        if tag in self.BREAKS and tag != "br":
            self.parts.append("\n")
        if tag == "a" and self.target and self.target.startswith("http"):
            self.parts.append(f" ({self.target})")
            self.target = None

    def handle_data(self, data):
        if not self.silent:
            self.parts.append(re.sub(r"\s+", " ", data))


def text_of(markup: str) -> str:
    """What an HTML mail says, for those who read text."""
    parser = _TextOf()
    parser.feed(markup)
    parser.close()
    lines = [line.strip() for line in "".join(parser.parts).split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"
