"""Domain errors. They know no HTTP: each dialect has one table that gives them a status and a word."""

from __future__ import annotations

from .languages import sentence

SIMULATED = " (sandbox)"
"""At the end of what the sandbox only plays."""


class WesendError(Exception):
    """Root of everything a domain refuses; ``str(error)`` is one sentence for people. ``is_simulated``: by the sandbox."""

    sentence = "The request was refused"
    is_simulated = False

    def __init__(self, sentence: str | None = None, **details: object):
        super().__init__(sentence or self.sentence)
        self.details = details


class InvalidInput(WesendError):
    """What was asked makes no sense; ``fields`` maps a domain field name to its sentences."""

    def __init__(self, sentence: str, fields: dict[str, list[str]] | None = None):
        super().__init__(sentence)
        self.fields = fields or {}


class InvalidRecipient(InvalidInput):
    """No recipient, or none that is a phone number."""


class OptedOut(InvalidRecipient):
    """The only recipients there were want nothing more."""


class TextTooLong(InvalidInput):
    """More segments than one message may have."""


class InvalidSchedule(InvalidInput):
    """A dispatch time outside its window, or modes that exclude each other."""


class InvalidCredentials(WesendError):
    sentence = "Invalid or missing API credentials"


class InvalidLink(InvalidCredentials):
    sentence = "This sign-in link was used already, or its time is over"


class Forbidden(WesendError):
    """Known, but not allowed."""


class AccountSuspended(Forbidden):
    sentence = "This account is suspended"


class WalletForbidden(Forbidden):
    sentence = "This wallet belongs to another account"


class CountryNotAllowed(Forbidden):
    """``country`` is its English name."""

    def __init__(self, country: str):
        super().__init__(sentence("Sending to %(country)s is not allowed for this account", country=country))


class RecipientBlocked(Forbidden):
    sentence = "This recipient is blocked: nobody sends there"


class SenderNotApproved(Forbidden):
    sentence = "Sender ID not found or not approved"


class RecipientOptedOut(Forbidden):
    """One message was asked for, to somebody who wants nothing more."""

    sentence = "The recipient has opted out"


class InsufficientScope(Forbidden):
    sentence = "This API key lacks the scope for this call"


class NotFound(WesendError):
    sentence = "Not found"


class AccountNotFound(NotFound):
    sentence = "Account not found"


class WalletNotFound(NotFound):
    sentence = "Wallet not found"


class KeyNotFound(NotFound):
    sentence = "API key not found"


class SenderNotFound(NotFound):
    sentence = "Sender ID not found"


class GroupNotFound(NotFound):
    sentence = "Group not found"


class ContactNotFound(NotFound):
    sentence = "Contact not found"


class BatchNotFound(NotFound):
    sentence = "Message batch not found"


class MessageNotFound(NotFound):
    sentence = "Message not found"


class DepositNotFound(NotFound):
    sentence = "Deposit not found"


class UserNotFound(NotFound):
    sentence = "User not found"


class GatewayNotFound(NotFound):
    sentence = "Gateway not found"


class VerificationNotFound(NotFound):
    sentence = "Verification not found"


class VerifyAppNotFound(NotFound):
    sentence = "Verify app not found"


class OptOutNotFound(NotFound):
    sentence = "This phone has not opted out"


class WebhookNotFound(NotFound):
    sentence = "Webhook not found"


class RouteNotFound(NotFound):
    sentence = "Route not found"


class PriceListNotFound(NotFound):
    sentence = "Price list not found"


class PriceNotFound(NotFound):
    sentence = "Price not found"


class InsufficientBalance(WesendError):
    """The wallet holds less than the cost; amounts in micro-units of ``currency``."""

    def __init__(self, *, wallet_id: str, balance_micros: int, required_micros: int, currency: str, is_simulated: bool = False):
        super().__init__("Wallet balance is too low for this request" + SIMULATED * is_simulated)
        self.is_simulated = is_simulated
        self.wallet_id = wallet_id
        self.balance_micros = balance_micros
        self.required_micros = required_micros
        self.currency = currency


class StorageQuotaExceeded(WesendError):
    """The account stores as many bytes as it may, or would with this request."""

    def __init__(self, *, stored_bytes: int, limit_bytes: int):
        super().__init__(
            sentence(
                "The account's storage is full: %(stored_bytes)s of %(limit_bytes)s MB are used."
                " Single SMS are still sent; delete contacts, or ask the operator for more room",
                stored_bytes=f"{stored_bytes / 2**20:.1f}",
                limit_bytes=f"{limit_bytes / 2**20:.0f}",
            )
        )
        self.stored_bytes, self.limit_bytes = stored_bytes, limit_bytes


class NoRoute(WesendError):
    """No active route with a gateway leads to this destination."""

    sentence = "No active route for this destination"


class ProviderRejected(WesendError):
    """Every message of the call was refused by the gateway; ``refunded_micros`` went back."""

    def __init__(self, refunded_micros: int = 0, currency: str = "", reason: str | None = None):
        super().__init__("The provider rejected the message" + (f": {reason}" if reason else ""))
        self.is_simulated = (reason or "").endswith(SIMULATED)
        self.refunded_micros = refunded_micros
        self.currency = currency
        self.reason = reason


class SendFailed(WesendError):
    sentence = "The gateway refused the message, which was refunded"


class ChargeRefused(WesendError):
    sentence = "The mobile-money charge was refused"


class TopUpNotConfigured(WesendError):
    sentence = "No mobile-money gateway is set up for this currency"


class Conflict(WesendError):
    sentence = "The request conflicts with what is already there"


class GroupExists(Conflict):
    sentence = "A group with this name exists already"


class GatewayExists(Conflict):
    sentence = "There is a gateway with this name already"


class PriceListExists(Conflict):
    sentence = "There is a price list of this name"


class SenderDecided(Conflict):
    sentence = "This sender ID was decided already"


class SenderTaken(Conflict):
    sentence = "Another account holds this sender ID, or one that looks like it"


class TooManySenderRequests(Conflict):
    sentence = "This account has as many open sender requests as are allowed"


class EmailTaken(Conflict):
    sentence = "There is a user with this e-mail already"


class LastOperator(Conflict):
    sentence = "Somebody must stay operator: make another one first"


class InvitationRefused(Conflict):
    """Without a reason: it would tell an account's owner about other accounts' people."""

    sentence = "This e-mail can't be invited here: ask the operator of this wesend"


class LastOwner(Conflict):
    sentence = "Somebody must stay owner of the account: make another one first"


class VerificationClosed(Conflict):
    sentence = "This verification is over"


class AlreadyApproved(Conflict):
    sentence = "This verification was approved already"


class MaxResendsExceeded(Conflict):
    sentence = "No more codes are sent for this verification"


class NotRetryable(Conflict):
    sentence = "Only a failed message can be retried"


class NotCancellable(Conflict):
    sentence = "There is nothing left to cancel"


class MaxRetriesExceeded(Conflict):
    sentence = "This message was retried as often as is allowed"


class IdempotencyConflict(Conflict):
    sentence = "This Idempotency-Key was used with a different request"


class IdempotencyInFlight(Conflict):
    sentence = "A request with this Idempotency-Key is still being carried out"


class RateLimited(WesendError):
    """Too many requests; ``retry_after`` in whole seconds."""

    sentence = "Rate limit exceeded"

    def __init__(self, retry_after: int):
        super().__init__()
        self.retry_after = retry_after


class LimitReached(RateLimited):
    """The account, or its key, has sent as much as it may for now."""


class DailyLimitReached(LimitReached):
    sentence = "The daily limit is reached: nothing of this was sent"


class RecipientLimitReached(LimitReached):
    sentence = "This recipient has had as many messages as it may for now"


class BurstLimitReached(LimitReached):
    sentence = "Too many messages to numbers that begin alike: nothing more is sent there for now"


class TooManyCodes(RateLimited):
    """A phone got as many codes, or as many wrong answers were given for it, as may be in a while."""

    sentence = "Too many codes or wrong answers for this phone: wait"


class TooManyAsked(RateLimited):
    """As many tests and checks are under way in this process as may hold its threads."""

    sentence = "Too many tests and checks are under way: try again in a moment"


class TooManyExports(RateLimited):
    """As many files are being streamed by this process as may hold its threads."""

    sentence = "Too many downloads are under way: try again in a moment"


class TooManyPaymentPrompts(RateLimited):
    """A phone was asked to pay as often as anybody may ask it."""

    sentence = "This phone was asked to pay too often lately: wait until the open requests are answered"


class StorageFull(WesendError):
    """Nothing can be stored now, or there is too little room for what is large; nothing was done.

    ``cause`` is for the operator: its own sentence says nothing of the machine.
    """

    sentence = "The server can't store anything now: nothing was done, please try again later"

    def __init__(self, cause: str = "", sentence: str | None = None):
        super().__init__(sentence)
        self.cause = cause


class DatabaseUnavailable(StorageFull):
    """The database can't be reached, or has no time: nothing was done, or what was done can't be found out now."""

    sentence = "Service temporarily unavailable"

    def __init__(self, cause: str = ""):
        super().__init__(cause)
