"""What a message in the making comes to, in words: as the server itself counts, reads and prices it."""

from __future__ import annotations

from typing import Any

from ..accounts.service import AccountInfo
from ..core import languages, number_text, phones, plain_letters, segments, templating
from ..core.channels import EMAIL
from ..core.errors import WesendError
from ..core.languages import gettext as _
from ..core.languages import marked, ngettext
from ..database.rows import BatchRow, ConversationRow
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
    INVALID_RECIPIENT: marked("no phone number"),
    DUPLICATE: marked("repeated"),
    NO_ROUTE: marked("no route"),
    OPTED_OUT: marked("opted out"),
    **where.WORDS,
    **recent.WORDS,
}
REASONS_OF_MAIL = {**REASONS, INVALID_RECIPIENT: marked("no e-mail address")}


def reasons_for(batch: BatchRow) -> dict[str, str]:
    """Why recipients of a campaign got nothing: reason → words."""
    return REASONS_OF_MAIL if batch["channel"] == EMAIL else REASONS


def recipients(count: int) -> str:
    return ngettext("%(count)s recipient", "%(count)s recipients", count, count=number(count))


def accepted(batch: BatchRow) -> str:
    """What is said of messages that were taken on."""
    return ngettext(
        "%(count)s message accepted for %(cost)s.",
        "%(count)s messages accepted for %(cost)s.",
        batch["total"],
        count=number(batch["total"]),
        cost=amount(batch["cost_micros"], batch["currency"]),
    )


def _segments(count: int) -> str:
    return ngettext("%(num)s segment", "%(num)s segments", count)


FIELDS_SHOWN = 16
"""Buttons with the names of fields below a text."""
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


def with_field(text: str, name: str) -> str:
    """A text with a field at its end, where there is no script that knows the cursor's place."""
    return f"{text}{{{{{name[:64]}}}}}"


def of_text(text: str) -> dict[str, Any]:
    """Segments, encoding and the room left of a text as it is written, and which letters make them."""
    counted = segments.count(text)
    single = counted.count == 1
    room = (segments.SINGLE if single else segments.PART)[counted.encoding] * counted.count
    special = segments.unicode_characters(text)
    told = {
        "segments": _segments(counted.count if text else 0),
        "encoding": "Unicode" if counted.encoding == segments.UCS2 else "GSM-7",
        "units": _("%(used)s of %(room)s characters", used=number(counted.units), room=number(room)),
        "special": "",
        "variables": "",
        "too_long": "",
        "second": "",
        "runs": runs(text),
        "plainer": "",
    }
    if special:
        told["special"] = ngettext(
            "%(letters)s makes it Unicode: 70 characters a segment, not 160.",
            "%(letters)s make it Unicode: 70 characters a segment, not 160.",
            len(special),
            letters=" ".join(char if char.isprintable() else f"U+{ord(char):04X}" for char in special[:10]),
        )
        if segments.count(plain_letters.plain(text)).count < counted.count or not segments.unicode_characters(
            plain_letters.plain(text)
        ):
            told["plainer"] = _("Use plain signs")
    if counted.count > 1 and not templating.has_variables(text):
        rest = segments.split(text[:DRAWN])[1][:20]
        told["second"] = _("The second segment begins at “%(letters)s”.", letters=rest)
    if counted.count > segments.MAX_SEGMENTS:
        told["too_long"] = _("Too long: at most %(most)s segments.", most=segments.MAX_SEGMENTS)
    if templating.has_variables(text):
        told["variables"] = _("Its fields are filled in for each contact, so the length varies.")
    return told


def of_each(account: AccountInfo, wallet: WalletInfo | None, text: str) -> dict[str, Any]:
    """The same with what one message costs at home."""
    price = home_price(account, wallet) if wallet is not None and text else None
    return {
        **of_text(text),
        "price": "–"
        if price is None or wallet is None
        else _("%(price)s each", price=amount(price * segments.count(text).count, wallet.currency)),
    }


def _why(item: Skipped) -> str:
    is_rounded = item.reason == INVALID_RECIPIENT and number_text.is_rounded(item.recipient)
    return languages.told(phones.ROUNDED if is_rounded else REASONS[item.reason])


def of_message(account: AccountInfo, wallet: WalletInfo | None, text: str, sender: str | None, numbers: str) -> dict[str, Any]:
    """The same with who gets it, what it costs and what is left."""
    given = phones.split_list(numbers, account.country)
    told = {**of_text(text), "recipients": recipients(len(given)), "rejected": "", "price": "–", "after": ""}
    if wallet is None or not given:
        return told
    try:
        plan = list(
            Composer(account, wallet, text or " ", sender=sender or None, simulate_low_balance=False, max_segments=None).plan(
                read_recipients(given[:READ_AT_MOST], account.country)
            )
        )
    except WesendError as error:
        return {**told, "rejected": f"{languages.told(error)}."}
    skipped = [item for item in plan if isinstance(item, Skipped)]
    reached = len(plan) - len(skipped)
    cost = sum(item.cost_micros for item in plan if not isinstance(item, Skipped))
    more = " " + _("and more") if len(given) > READ_AT_MOST else ""
    told["recipients"] = recipients(reached) + more
    if skipped:
        shown = ", ".join(f"{item.recipient[:30]} ({_why(item)})" for item in skipped[:5])
        if len(skipped) > 5:
            shown += " " + _("and %(count)s more", count=len(skipped) - 5)
        told["rejected"] = _("Gets nothing: %(who)s.", who=shown)
        routeless = [item.recipient for item in skipped if item.reason == NO_ROUTE]
        if why := no_route.told(routeless, account, wallet, actor=actor()):
            told["rejected"] += f" {languages.told(why)}."
    if text:
        left = read_balance(wallet, actor=actor()) + credit_limit_of(wallet, actor=actor()) - cost
        told["price"] = amount(cost, wallet.currency) + more
        told["after"] = (
            _("%(amount)s left", amount=amount(left, wallet.currency))
            if left >= 0
            else _("%(amount)s missing: top the wallet up", amount=amount(-left, wallet.currency))
        )
    return told


def of_reply(conversation: ConversationRow, text: str) -> dict[str, Any]:
    """The same of an answer in the inbox, at the price of the conversation's service."""
    price = answering.price(conversation, text) if text.strip() else None
    return {**of_text(text), "price": "–" if price is None else amount(price.cost_micros, price.currency)}
