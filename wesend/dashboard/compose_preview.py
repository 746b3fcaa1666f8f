"""What a message in the making comes to, in words: as the server itself counts, reads and prices it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from ..accounts.service import AccountInfo
from ..core import languages, number_text, phones, plain_letters, segments, templating
from ..core.channels import EMAIL
from ..core.errors import TextTooLong, WesendError
from ..core.languages import gettext as _
from ..core.languages import marked, ngettext
from ..database.rows import BatchRow, ConversationRow
from ..guards import recent, where
from ..messages.campaigns import sms as sms_campaigns
from ..messages.campaigns.sms import Audience, Preview
from ..messages.sending import no_route
from ..messages.sending.compose import DUPLICATE, INVALID_RECIPIENT, NO_ROUTE, OPTED_OUT, Addressee, Composer, Skipped
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


def why_nothing(reasons: Mapping[str, int], words: Mapping[str, str]) -> str:
    """Why how many get nothing: `120 no route, 2 opted out`."""
    return ", ".join(f"{number(count)} {languages.told(words[reason])}" for reason, count in reasons.items())


def recipients(count: int) -> str:
    return ngettext("%(count)s recipient", "%(count)s recipients", count, count=number(count))


def accepted(batch: BatchRow) -> str:
    """What is said of messages that were taken on."""
    if batch["mode"] == "scheduled":
        return ngettext(
            "%(count)s message scheduled, paid with %(cost)s.",
            "%(count)s messages scheduled, paid with %(cost)s.",
            batch["total"],
            count=number(batch["total"]),
            cost=amount(batch["cost_micros"], batch["currency"]),
        )
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


class _Range(NamedTuple):
    """A text as it is sent, or as several get it with their fields filled in: the shortest and the longest of them."""

    least: segments.Segments
    most: segments.Segments
    encodings: frozenset[str]

    @property
    def varies(self) -> bool:
        return self.least.count != self.most.count


def _range(texts: Sequence[str]) -> _Range:
    counted = list(map(segments.count, texts))
    most = max(counted, key=lambda one: (one.count, one.units / segments.SINGLE[one.encoding]))
    return _Range(min(counted, key=lambda one: one.count), most, frozenset(one.encoding for one in counted))


def of_text(text: str, filled: Sequence[str] = ()) -> dict[str, Any]:
    """Segments, encoding and the room left of a text, and which letters make them; ``filled``: the text as contacts get it."""
    sent = _range(filled or [text])
    counted = sent.most
    single = counted.count == 1
    room = (segments.SINGLE if single else segments.PART)[counted.encoding] * counted.count
    units = _("%(used)s of %(room)s characters", used=number(counted.units), room=number(room))
    varies = filled and templating.has_variables(text)
    told = {
        "segments": _segments_of(sent) if text else _segments(0),
        "encoding": _encoding(sent),
        "units": _("at most %(units)s", units=units) if varies else units,
        "second": "",
        "too_long": "",
        "variables": "",
        "runs": runs(filled[0] if filled else text),
        **_of_letters(text, filled),
    }
    if counted.count > 1 and not templating.has_variables(text):  # else each preview has its mark
        rest = segments.split(text[:DRAWN])[1][:20]
        told["second"] = _("The second segment begins at “%(letters)s”.", letters=rest)
    if counted.count > segments.MAX_SEGMENTS:
        told["too_long"] = _("Too long: at most %(most)s segments.", most=segments.MAX_SEGMENTS)
    if varies:
        told["variables"] = ngettext(
            "Counted as %(count)s contact gets it. The check counts everybody.",
            "Counted as the first %(count)s contacts get it. The check counts everybody.",
            len(filled),
            count=number(len(filled)),
        )
    return told


def _encoding(sent: _Range) -> str:
    if len(sent.encodings) > 1:
        return _("GSM-7 or Unicode")
    return "Unicode" if segments.UCS2 in sent.encodings else "GSM-7"


def _segments_of(sent: _Range) -> str:
    if not sent.varies:
        return _segments(sent.most.count)
    return _("%(least)s to %(most)s segments, depending on the contact", least=sent.least.count, most=sent.most.count)


def _of_letters(text: str, filled: Sequence[str]) -> dict[str, str]:
    """Which letters make it Unicode, those of the text before those of contacts' fields; and whether plain ones would do."""
    own = segments.unicode_characters(text)
    if own:
        plain = plain_letters.plain(text)
        helps = segments.count(plain).count < segments.count(text).count or not segments.unicode_characters(plain)
        told = ngettext(
            "%(letters)s makes it Unicode: 70 characters a segment, not 160.",
            "%(letters)s make it Unicode: 70 characters a segment, not 160.",
            len(own),
            letters=_listed(own),
        )
        return {"special": told, "plainer": _("Use plain signs") if helps else ""}
    theirs = list(dict.fromkeys(char for one in filled for char in segments.unicode_characters(one)))
    told = ngettext(
        "%(letters)s in the fields of some contacts makes theirs Unicode: 70 characters a segment, not 160.",
        "%(letters)s in the fields of some contacts make theirs Unicode: 70 characters a segment, not 160.",
        len(theirs),
        letters=_listed(theirs),
    )
    return {"special": told if theirs else "", "plainer": ""}


def _listed(letters: list[str]) -> str:
    return " ".join(char if char.isprintable() else f"U+{ord(char):04X}" for char in letters[:10])


def of_each(account: AccountInfo, wallet: WalletInfo | None, text: str) -> dict[str, Any]:
    """The same with what one message costs at home."""
    return {**of_text(text), "price": _priced(account, wallet, _range([text])) if text else "–"}


def _priced(account: AccountInfo, wallet: WalletInfo | None, sent: _Range) -> str:
    if wallet is None:
        return "–"
    prices = [home_price(account, wallet, one.count) for one in (sent.least, sent.most)]
    if None in prices:
        return "–"
    least, most = (amount(price, wallet.currency) for price in prices if price is not None)
    return _("%(least)s to %(most)s each", least=least, most=most) if sent.varies else _("%(price)s each", price=most)


def of_audience(
    account: AccountInfo, wallet: WalletInfo | None, text: str, audience: Audience
) -> tuple[dict[str, Any], list[Preview]]:
    """The same of a campaign's text as the first of its audience get it, with their previews. A text that is too long once it is
    filled in is counted as it is written."""
    try:
        found = sms_campaigns.sample(account, audience, text, actor=actor())
    except WesendError as error:
        told = {**of_each(account, wallet, text), "test_price": "–"}
        return {**told, "too_long": languages.told(error)} if isinstance(error, TextTooLong) else told, []
    texts = found.texts or [text]
    told = {
        **of_text(text, found.texts),
        "price": _priced(account, wallet, _range(texts)) if text else "–",
        "test_price": _priced(account, wallet, _range(texts[:1])) if text else "–",
    }
    for place, preview in enumerate(found.previews):
        is_longest = found.has_longest and place == len(found.previews) - 1
        told[f"to{place}"] = " · ".join(filter(None, [preview.name, preview.to, _("the longest") if is_longest else ""]))
    return told, found.previews


def _why(item: Skipped) -> str:
    is_rounded = item.reason == INVALID_RECIPIENT and number_text.is_rounded(item.recipient)
    return languages.told(phones.ROUNDED if is_rounded else REASONS[item.reason])


def of_message(account: AccountInfo, wallet: WalletInfo | None, text: str, sender: str | None, numbers: str) -> dict[str, Any]:
    """The same with who gets it, what it costs and what is left."""
    given = phones.split_list(numbers, account.country)
    everybody = list(islice(sms_campaigns.addressees(account, Audience(numbers=numbers), actor()), READ_AT_MOST))
    told = {
        **of_text(text, _filled(text, everybody)),
        "recipients": recipients(len(given)),
        "rejected": "",
        "price": "–",
        "after": "",
    }
    if wallet is None or not given:
        return told
    try:
        plan = list(
            Composer(
                account,
                wallet,
                text or " ",
                sender=sender or None,
                render=templating.renderer(text),
                simulate_low_balance=False,
                max_segments=None,
            ).plan(everybody)
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


def _filled(text: str, everybody: list[Addressee]) -> list[str]:
    """What the first of those whose numbers were typed get: they have no fields but their number."""
    if not templating.has_variables(text):
        return []
    try:
        return [templating.render(text, one.values or {}) for one in everybody[: sms_campaigns.SHOWN]]
    except TextTooLong:
        return []


def of_reply(conversation: ConversationRow, text: str) -> dict[str, Any]:
    """The same of an answer in the inbox, at the price of the conversation's service."""
    price = answering.price(conversation, text) if text.strip() else None
    return {**of_text(text), "price": "–" if price is None else amount(price.cost_micros, price.currency)}
