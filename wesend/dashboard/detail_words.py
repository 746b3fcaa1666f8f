"""What an entry of the audit log says beside its action, in the reader's language. It is written in English, once and for all,
and the CSV has it so: a page knows the words and names that wesend writes, and shows values as they are.
"""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from ..core import clock, languages
from ..core.languages import gettext as _
from ..core.languages import marked, ngettext, told
from . import stored_sentences
from .filters import size, when

OWN_WORDS = frozenset(
    """
    deposit.settle dispatch.pause export sender.reject template.rename two_way.reject wallet.manual_credit wallet.manual_debit
    webhook.url
    """.split()
)
"""Actions whose detail somebody wrote, or is an address: reasons, notes, names, filters."""
VALUE = Markup('<span dir="auto">{}</span>')
BETWEEN = re.compile(r"( → |, |; )")
"""What stands between the pieces of a detail, each of which is told for itself."""

NAMES = {
    "address": marked("address"),
    "auto_reply_enabled": marked("automatic reply on"),
    "auto_reply_text": marked("automatic reply"),
    "cost": marked("cost"),
    "country": marked("country"),
    "default sender": marked("default sender"),
    "forward_email": marked("forwarded to"),
    "gateway": marked("gateway"),
    "group": marked("group"),
    "help_text": marked("text for HELP"),
    "inbound_price": marked("incoming message"),
    "keyword_fee": marked("fee of a keyword"),
    "legal name": marked("legal name"),
    "monthly_fee": marked("monthly fee"),
    "network": marked("network"),
    "outbound_price": marked("answer"),
    "prefixes": marked("prefixes"),
    "price": marked("price"),
    "priority": marked("priority"),
    "refunds failures": marked("refunds failures"),
    "resends undelivered": marked("resends undelivered"),
    "sender": marked("sender"),
    "senders": marked("senders"),
    "setup_fee": marked("setup fee"),
    "tax id": marked("tax ID"),
    "toll_free_price": marked("toll-free message"),
    "type": marked("type"),
    "webhook_url": marked("webhook’s address"),
    "weight": marked("weight"),
    "window": marked("window"),
}
ACTORS = {"cli": marked("a command"), "not signed in": marked("not signed in"), "system": marked("wesend itself")}
WORDS = {
    "True": marked("yes"),
    "a file": marked("a file"),
    "a list": marked("a list"),
    "accepted": marked("accepted"),
    "account": marked("account"),
    "all": marked("all"),
    "although taken": marked("although it is taken"),
    "any": marked("any"),
    "approved": marked("approved"),
    "auto": marked("as it is measured"),
    "contacts": marked("change contacts"),
    "cost": marked("by cost"),
    "from anywhere": marked("from anywhere"),
    "keep": marked("never lowered"),
    "look": marked("look only"),
    "lower": marked("behind all others"),
    "member": marked("member"),
    "none": marked("none"),
    "not from where it may be used": marked("not from where it may be used"),
    "nothing was held": marked("nothing was held"),
    "of the browser": marked("as the browser asks"),
    "off": marked("off"),
    "on": marked("on"),
    "operator": marked("operator"),
    "owner": marked("owner"),
    "pending": marked("pending"),
    "person": marked("person"),
    "priority": marked("by priority"),
    "more from here are not kept for 15 minutes": marked("more from here are not kept for 15 minutes"),
    "quality": marked("by quality"),
    "refused": marked("refused"),
    "rejected": marked("rejected"),
    "send": marked("send"),
    "temporary": marked("refused for now"),
    "too many wrong passwords": marked("too many wrong passwords"),
    "top_up": marked("top up"),
    "the present password, asked for before a change": marked("the present password, asked for before a change"),
    "unchanged": marked("unchanged"),
    "unknown": marked("outcome unknown"),
    "until revoked": marked("until revoked"),
}


INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z"


def _at(text: str) -> str:
    """An instant, which is stored in UTC, by the account's clocks; what only looks like one as it is."""
    try:
        return when(clock.parse_iso(text)).striptags()
    except (ValueError, OverflowError):
        return text


PIECES = stored_sentences.known(
    ("|".join(map(re.escape, WORDS)), lambda of: told(WORDS[of[0]])),
    ("|".join(map(re.escape, NAMES)), lambda of: told(NAMES[of[0]])),
    (r"(\d+) address(es)?", lambda of: ngettext("%(num)s address", "%(num)s addresses", int(of[1]))),
    (r"(\d+) binds?", lambda of: ngettext("%(num)s bind", "%(num)s binds", int(of[1]))),
    (r"(\d+) bytes?", lambda of: size(int(of[1]))),
    (r"(\d+) contacts?", lambda of: ngettext("%(num)s contact", "%(num)s contacts", int(of[1]))),
    (r"(\d+) keys?", lambda of: ngettext("%(num)s key", "%(num)s keys", int(of[1]))),
    (r"(\d+) lines refused", lambda of: ngettext("%(num)s line refused", "%(num)s lines refused", int(of[1]))),
    (r"(\d+) others?", lambda of: ngettext("%(num)s other", "%(num)s others", int(of[1]))),
    (r"(\d+) second factors?", lambda of: ngettext("%(num)s second factor", "%(num)s second factors", int(of[1]))),
    (r"(\d+) users?", lambda of: ngettext("%(num)s user", "%(num)s users", int(of[1]))),
    (r"(\d+) webhooks?", lambda of: ngettext("%(num)s webhook", "%(num)s webhooks", int(of[1]))),
    (r"(authenticator app|passkey): (?P<name>.*)", lambda of: Markup("{}: {}").format(told(of[1]), VALUE.format(of["name"]))),
    (r"below (?P<amount>\S+ \S+) to (?P<mail>\S+)", lambda of: _("below %(amount)s to %(mail)s", **of.groupdict())),
    (r"below (?P<amount>.*)", lambda of: _("below %(amount)s", **of.groupdict())),
    (r"by a link that (?P<who>.*) made", lambda of: _("by a link that %(who)s made", who=actor_words(of["who"]).striptags())),
    (INSTANT, lambda of: _at(of[0])),
    (rf"expired at ({INSTANT})", lambda of: _("expired at %(time)s", time=_at(of[1]))),
    (rf"until ({INSTANT})", lambda of: _("until %(time)s", time=_at(of[1]))),
    (r"from (?P<place>\S+)", lambda of: _("from %(place)s", **of.groupdict())),
    (r"to (?P<countries>\S+)", lambda of: _("to %(countries)s", **of.groupdict())),
    (r"until (?P<time>\S+)", lambda of: _("until %(time)s", **of.groupdict())),
    (r"valid for (\d+) s", lambda of: ngettext("valid for %(num)s second", "valid for %(num)s seconds", int(of[1]))),
    (r"(?P<amount>.*\d) a day", lambda of: _("%(amount)s a day", **of.groupdict())),
    (r"(?P<amount>.*\d) a month", lambda of: _("%(amount)s a month", **of.groupdict())),
    (r"(?P<where>.*) from (?P<count>\d+): (?P<price>.*)", lambda of: _("%(where)s from %(count)s: %(price)s", **of.groupdict())),
    (r"(?P<name>\S+) changed", lambda of: _("%(name)s changed", **of.groupdict())),
    (rf"({'|'.join(NAMES)}):? (?P<value>.*)", lambda of: _named(of[1], of["value"], ":" if f"{of[1]}:" in of[0] else "")),
)
OF_A_GROUP = stored_sentences.known(
    (r"group (?P<name>.*)", lambda of: _("in the group %(name)s", **of.groupdict())),
    (r"of the group (?P<name>.*)", lambda of: _("of the group %(name)s", **of.groupdict())),
)
"""A group's name may hold anything."""


def _named(name: str, value: str, mark: str) -> Markup:
    return Markup("{}{} {}").format(told(NAMES[name]), mark, _piece(value))


def _piece(text: str) -> Markup:
    found = stored_sentences.told(text, PIECES)
    return escape(found) if found is not None else VALUE.format(text)


def detail_words(action: str, detail: str | None) -> Markup:
    """With values as they are marked as such; empty where there is no detail."""
    if not detail or action in OWN_WORDS:
        return VALUE.format(detail) if detail else Markup()
    if action == "account.language":
        return Markup(" → ").join(languages.NAMES.get(piece) or _piece(piece) for piece in detail.split(" → "))
    whole = told(WORDS[detail]) if detail in WORDS else stored_sentences.told(detail, OF_A_GROUP)
    if whole is not None:
        return escape(whole)
    return Markup("").join(text if BETWEEN.fullmatch(text) else _piece(text) for text in BETWEEN.split(detail))


def actor_words(actor: str) -> Markup:
    """Who did it: by an e-mail address, a key's beginning or a name; nobody in particular in words."""
    return escape(told(ACTORS[actor])) if actor in ACTORS else VALUE.format(actor)
