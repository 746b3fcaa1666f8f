"""What goes wrong → SMPP's command_status."""

from __future__ import annotations

from ..adapters.sms.smpp import statuses
from ..binds.statuses import INSUFFICIENT_BALANCE, INSUFFICIENT_SCOPE, LIMIT_REACHED, OPTED_OUT
from ..core import errors as domain
from ..database.errors import DATABASE_ERRORS
from ..two_way.errors import RecipientCountry


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
    (RecipientCountry, statuses.RINVSRCADR),  # an own number stands for an approved sender in its own country
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
