"""Why a message did not arrive, in words for whoever paid for it: the one table from codes to words.

Codes are compared without case, spaces, hyphens and underscores: carriers write one thing in many ways. What is in no list
is told as the gateway said it (`disclosure.reason`).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from ...accounts import roles
from ...accounts.roles import SEE, Actor
from ...core.channels import EMAIL
from ...core.languages import gettext, marked
from ...database import query
from ...database.rows import BatchRow, MessageRow
from . import disclosure

OFF = marked("Phone switched off or out of reach")
NO_NUMBER = marked("The number is not in use")
BARRED = marked("The phone takes no such messages: barred, or it asked for no advertising")
REFUSED = marked("The carrier refused it")
SENDER = marked("The carrier does not know the sender ID")
TIMEOUT = marked("No news of it in time: it may have arrived all the same")
EXPIRED = marked("It waited too long: the phone was off or out of reach all the time")
PROVIDER = marked("Your provider could not send it: ask the operator")
CONTENT = marked("The carrier’s filter took it for spam: write it differently")
LONG = marked("The text is too long for this way")
OPTED_OUT = marked("Opted out: they want no messages from you")
BUSY = marked("The carrier was too busy: send it again later")
WORDS = {
    **dict.fromkeys(("UNDELIV", "absentsubscriber", "30003", "userisinactive", "deliveryfailure"), OFF),
    **dict.fromkeys(("EXPIRED", "validityexpired"), EXPIRED),
    **dict.fromkeys(("timeout",), TIMEOUT),
    **dict.fromkeys(
        (
            "30005",
            "30006",
            "unknownsubscriber",
            "userdoesnotexist",
            "notnetworksubcriber",
            "notnetworksubscriber",
            "invalidphonenumber",
            "ESME_RINVDSTADR",
            "unsupportednumbertype",
            "invalidmobilenumber",
        ),
        NO_NUMBER,
    ),
    **dict.fromkeys(("30004", "userinblacklist", "donotdisturbrejection", "DND", "barred", "blacklisted"), BARRED),
    **dict.fromkeys(("REJECTD", "rejected", "refused", "DELETED", "rejectedbygateway", "SUBMIT_FAIL", "ESME_RSUBMITFAIL"), REFUSED),
    **dict.fromkeys(("sender", "invalidsenderid", "ESME_RINVSRCADR"), SENDER),
    **dict.fromkeys(("30007", "contentblocked", "spam"), CONTENT),
    **dict.fromkeys(("too_long", "ESME_RINVMSGLEN", "unicode"), LONG),
    **dict.fromkeys(("opted_out",), OPTED_OUT),
    **dict.fromkeys(("temporary", "THROTTLED", "ESME_RTHROTTLED", "ESME_RMSGQFUL", "busy", "resting", "http_429"), BUSY),
    **dict.fromkeys(
        (
            "SMS_CREDIT",
            "insufficientbalance",
            "insufficientcredit",
            "no_gateway",
            "no_token",
            "not_connected",
            "unreachable",
            "http_401",
            "http_402",
            "http_407",
        ),
        PROVIDER,
    ),
    "never_sent": marked("It never went out, and was refunded"),
    "account_suspended": marked("The account was suspended"),
}
MAILBOX = marked("There is no such mailbox, or its server takes no mail from you")
FULL = marked("The mailbox is full, or the mail too large for it")
SPAM = marked("The reader’s mail server refused it, often as spam")
SILENT = marked("The mail server took nothing in time: send it again later")
OF_MAIL = {
    **dict.fromkeys(("550", "551", "553", "556"), MAILBOX),
    **dict.fromkeys(("552", "452", "523"), FULL),
    **dict.fromkeys(("554", "521", "541", "571"), SPAM),
    **dict.fromkeys(("421", "450", "451", "lost", "temporary", "resting", "unreachable"), SILENT),
    **dict.fromkeys(("530", "534", "535", "no_gateway"), PROVIDER),
}
"""Where mail servers mean something else by a code, or say it in codes of their own (RFC 5321, 4.2.3)."""
NOISE = re.compile(r"[\s_-]+")


def _plain(code: str) -> str:
    return NOISE.sub("", code).casefold()


BY_CODE = {_plain(code): words for code, words in WORDS.items()}
BY_CODE_OF_MAIL = BY_CODE | {_plain(code): words for code, words in OF_MAIL.items()}
UNCERTAIN = frozenset({_plain("timeout")})
"""Failures of which nobody knows whether the message arrived."""


def of_code(code: str | None, channel: str) -> str | None:
    """In plain words; None for a code that is in no list."""
    found = (BY_CODE_OF_MAIL if channel == EMAIL else BY_CODE).get(_plain(code or ""))
    return gettext(found) if found else None


HTTP = re.compile(r"http_([345])\d\d")
"""Our own code for an answer of which the vendor said no more."""


def _of_bare(code: str | None) -> str:
    """Where a code in no list is all there is: it is shown as it stands, unless it is ours."""
    if not code:
        return gettext("No reason was given")
    status = HTTP.fullmatch(code)
    return gettext(BUSY if status[1] == "5" else REFUSED) if status else code


def of(message: MessageRow, *, actor: Actor) -> str | None:
    """Why a message failed, in plain words where there are some, else as ``actor`` is told; None: it did not fail."""
    if message["status"] != "failed":
        return None
    code = message["error_code"]
    if known := of_code(code, message["channel"]):
        return known
    said = disclosure.reason(message, actor=actor)
    return said if said and said != code else _of_bare(code)


def is_uncertain(message: MessageRow) -> bool:
    """Failed because its receipt never came: it may have arrived, and is not sent again."""
    return _plain(message["error_code"] or "") in UNCERTAIN


class Count(NamedTuple):
    """``words`` for why ``failed`` messages of a batch did not arrive."""

    words: str
    failed: int


COUNTS = """
    SELECT error_code, count(*) AS failed FROM messages INDEXED BY ix_messages_batch_failed
    WHERE batch_id = ? AND status = 'failed' GROUP BY error_code ORDER BY failed DESC LIMIT 20
"""


def counts(batch: BatchRow, *, actor: Actor) -> list[Count]:
    """The commonest reasons of a batch first."""
    roles.require(actor, SEE, batch["account_id"])
    found: dict[str, int] = {}
    for row in query(COUNTS, (batch["id"],)):
        words = of_code(row["error_code"], batch["channel"]) or _of_bare(row["error_code"])
        found[words] = found.get(words, 0) + row["failed"]
    return sorted((Count(words, failed) for words, failed in found.items()), key=lambda one: -one.failed)
