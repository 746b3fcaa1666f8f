"""What goes wrong → SMPP's command_status. 0x400 to 0x4FF are the specification's for an SMSC's own."""

from __future__ import annotations

from ..adapters.sms.smpp import statuses
from ..core import errors as domain
from ..database.errors import DATABASE_ERRORS

INSUFFICIENT_BALANCE, OPTED_OUT, INSUFFICIENT_SCOPE, LIMIT_REACHED = 0x400, 0x401, 0x402, 0x403
OWN_NAMES = {
    INSUFFICIENT_BALANCE: "INSUFFICIENT_BALANCE",
    OPTED_OUT: "OPTED_OUT",
    INSUFFICIENT_SCOPE: "INSUFFICIENT_SCOPE",
    LIMIT_REACHED: "LIMIT_REACHED",
}


class Refusal(domain.WesendError):
    """What the protocol itself refuses, with its status."""

    def __init__(self, status: int, sentence: str):
        super().__init__(sentence)
        self.status = status


class UnknownSource(domain.WesendError):
    sentence = "The source address is neither an approved sender ID nor a number of this account"


TABLE: tuple[tuple[type[Exception], int], ...] = (
    (domain.InsufficientBalance, INSUFFICIENT_BALANCE),
    (domain.OptedOut, OPTED_OUT),
    (domain.RecipientOptedOut, OPTED_OUT),
    (domain.InsufficientScope, INSUFFICIENT_SCOPE),
    (domain.AccountSuspended, statuses.RINVBNDSTS),
    (domain.SenderNotApproved, statuses.RINVSRCADR),
    (UnknownSource, statuses.RINVSRCADR),
    (domain.CountryNotAllowed, statuses.RINVDSTADR),
    (domain.RecipientBlocked, statuses.RINVDSTADR),
    (domain.InvalidRecipient, statuses.RINVDSTADR),
    (domain.NoRoute, statuses.RINVDSTADR),
    (domain.TextTooLong, statuses.RINVMSGLEN),
    (domain.MessageNotFound, statuses.RINVMSGID),
    (domain.NotCancellable, statuses.RCANCELFAIL),
    (domain.InvalidSchedule, statuses.RINVSCHED),
    (domain.StorageFull, statuses.RMSGQFUL),
    (domain.LimitReached, LIMIT_REACHED),
    (domain.RateLimited, statuses.RTHROTTLED),
    (domain.WesendError, statuses.RSUBMITFAIL),
    (OSError, statuses.RMSGQFUL),
)


def status_of(error: Exception) -> int:
    if isinstance(error, Refusal):
        return error.status
    if isinstance(error, DATABASE_ERRORS):
        return statuses.RMSGQFUL
    return next((status for kind, status in TABLE if isinstance(error, kind)), statuses.RSYSERR)


def name(status: int) -> str:
    """A status for people and for counting."""
    if status == statuses.OK:
        return "ESME_ROK"
    return OWN_NAMES.get(status) or statuses.name(status)
