"""What is refused about two-way services."""

from __future__ import annotations

from ..core.errors import Conflict, InvalidInput, NotFound, TextTooLong, WesendError


class ServiceNotFound(NotFound):
    sentence = "Two-way service not found"


class NumberNotFound(NotFound):
    sentence = "Number not found"


class KeywordUnavailable(Conflict):
    sentence = "This keyword is taken"


class DuplicateRequest(Conflict):
    sentence = "The same request is pending already"


class InvalidState(Conflict):
    sentence = "The service's status does not allow this"


class NumberUnavailable(Conflict):
    sentence = "This number is not available"


class ServiceNotActive(Conflict):
    sentence = "The service is neither active nor past due"


class CountryUnavailable(WesendError):
    sentence = "Two-way SMS is not offered in this country"


class TollFreeUnavailable(WesendError):
    sentence = "Toll-free numbers are not offered in this country"


class InvalidDocument(WesendError):
    sentence = "This document is unknown: send links to documents instead"


class NoWebhook(WesendError):
    sentence = "Neither the service nor the account has a webhook address for messages"


class RecipientCountry(InvalidInput):
    """A reply to a number of another country than the service's."""


class ReplyTooLong(TextTooLong):
    """A reply of more segments than a message may have."""
