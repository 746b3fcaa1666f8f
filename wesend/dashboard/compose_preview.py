"""What a message in the making comes to, in words: as the server itself counts, reads and prices it."""

from __future__ import annotations

from typing import Any

from ..accounts.service import AccountInfo
from ..core import number_text, phones, plain_letters, segments, templating
from ..core.errors import WesendError
from ..core.languages import gettext as _
from ..database.rows import ConversationRow
from ..guards import recent, where
from ..messages.sending import no_route
from ..messages.sending.compose import DUPLICATE, INVALID_RECIPIENT, NO_ROUTE, OPTED_OUT, Composer, Skipped, read_recipients
from ..routing.pricing import home_price
from ..two_way import answering
from ..wallets.service import WalletInfo, credit_limit_of, read_balance
from .filters import amount, number
from .sessions import actor

READ_AT_MOST = 2000
"""Recipients that are looked at while somebody types; more are counted when the message is sent."""
REASONS = {
    INVALID_RECIPIENT: "no phone number",
    DUPLICATE: "repeated",
    NO_ROUTE: "no route",
    OPTED_OUT: "opted out",
    **where.WORDS,
    **recent.WORDS,
}


def plural(count: int, noun: str) -> str:
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"


DRAWN = 2000
"""Characters of a text that are shown letter by letter: more than ten segments have."""
UNICODE, WIDE, CUT = "unicode", "wide", "cut"
"""A letter that makes the text Unicode, one that counts two, and where another segment begins."""


def runs(text: str) -> list[tuple[str, str]]:
    """A text in runs of letters of one kind (or none); between two segments (the number of the second, CUT)."""
    found: list[tuple[str, str]] = []
    is_unicode = segments.count(text[:DRAWN]).encoding == segments.UCS2
    for number_, part in enumerate(segments.split(text[:DRAWN]), 1):
        if number_ > 1:
            found.append((str(number_), CUT))
        for char in part:
            kind = _kind(char, is_unicode=is_unicode)
            if found and found[-1][1] == kind:
                found[-1] = (found[-1][0] + char, kind)
            else:
                found.append((char, kind))
    return found


def _kind(char: str, *, is_unicode: bool) -> str:
    if char in segments.BASIC_SET:
        return ""
    if char in segments.EXTENSION_SET:
        return "" if is_unicode else WIDE
    return UNICODE


def of_text(text: str) -> dict[str, Any]:
    """Segments, encoding and the room left of a text as it is written, and which letters make them."""
    counted = segments.count(text)
    single = counted.count == 1
    room = (segments.SINGLE if single else segments.PART)[counted.encoding] * counted.count
    special = segments.unicode_characters(text)
    told = {
        "segments": plural(counted.count, "segment") if text else "0 segments",
        "encoding": "Unicode" if counted.encoding == segments.UCS2 else "GSM-7",
        "units": f"{number(counted.units)} of {number(room)} characters",
        "special": "",
        "variables": "",
        "too_long": "",
        "second": "",
        "runs": runs(text),
        "plainer": "",
    }
    if special:
        told["special"] = (
            f"{' '.join(char if char.isprintable() else f'U+{ord(char):04X}' for char in special[:10])}"
            f" {'makes' if len(special) == 1 else 'make'} it Unicode: 70 characters a segment, not 160."
        )
        if segments.count(plain_letters.plain(text)).count < counted.count or not segments.unicode_characters(
            plain_letters.plain(text)
        ):
            told["plainer"] = _("Use plain signs")
    if counted.count > 1 and not templating.has_variables(text):
        rest = segments.split(text[:DRAWN])[1][:20]
        told["second"] = _("The second segment begins at “%(letters)s”.", letters=rest)
    if counted.count > segments.MAX_SEGMENTS:
        told["too_long"] = f"Too long: at most {segments.MAX_SEGMENTS} segments."
    if templating.has_variables(text):
        told["variables"] = "Its fields are filled in for each contact, so the length varies."
    return told


def of_each(account: AccountInfo, wallet: WalletInfo | None, text: str) -> dict[str, Any]:
    """The same with what one message costs at home."""
    price = home_price(account, wallet) if wallet is not None and text else None
    return {
        **of_text(text),
        "price": "–" if price is None or wallet is None else f"{amount(price * segments.count(text).count, wallet.currency)} each",
    }


def _why(item: Skipped) -> str:
    return phones.ROUNDED if item.reason == INVALID_RECIPIENT and number_text.is_rounded(item.recipient) else REASONS[item.reason]


def of_message(account: AccountInfo, wallet: WalletInfo | None, text: str, sender: str | None, numbers: str) -> dict[str, Any]:
    """The same with who gets it, what it costs and what is left."""
    given = phones.split_list(numbers, account.country)
    told = {**of_text(text), "recipients": plural(len(given), "recipient"), "rejected": "", "price": "–", "after": ""}
    if wallet is None or not given:
        return told
    try:
        plan = list(
            Composer(account, wallet, text or " ", sender=sender or None, simulate_low_balance=False, max_segments=None).plan(
                read_recipients(given[:READ_AT_MOST], account.country)
            )
        )
    except WesendError as error:
        return {**told, "rejected": f"{error}."}
    skipped = [item for item in plan if isinstance(item, Skipped)]
    reached = len(plan) - len(skipped)
    cost = sum(item.cost_micros for item in plan if not isinstance(item, Skipped))
    more = " and more" if len(given) > READ_AT_MOST else ""
    told["recipients"] = f"{plural(reached, 'recipient')}{more}"
    if skipped:
        shown = ", ".join(f"{item.recipient[:30]} ({_why(item)})" for item in skipped[:5])
        told["rejected"] = f"Gets nothing: {shown}{f' and {len(skipped) - 5} more' if len(skipped) > 5 else ''}."
        routeless = [item.recipient for item in skipped if item.reason == NO_ROUTE]
        if why := no_route.told(routeless, account, wallet, actor=actor()):
            told["rejected"] += f" {why}."
    if text:
        left = read_balance(wallet, actor=actor()) + credit_limit_of(wallet, actor=actor()) - cost
        told["price"] = amount(cost, wallet.currency) + more
        told["after"] = (
            f"{amount(left, wallet.currency)} left"
            if left >= 0
            else (f"{amount(-left, wallet.currency)} missing: top the wallet up")
        )
    return told


def of_reply(conversation: ConversationRow, text: str) -> dict[str, Any]:
    """The same of an answer in the inbox, at the price of the conversation's service."""
    price = answering.price(conversation, text) if text.strip() else None
    return {**of_text(text), "price": "–" if price is None else amount(price.cost_micros, price.currency)}
