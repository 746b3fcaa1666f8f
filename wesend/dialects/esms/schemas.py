"""What eSMS's requests look like."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from marshmallow import ValidationError, fields, validate, validates_schema

from ...verification.apps import LONGEST_EXPIRY
from ...verification.reading import STATUSES as VERIFICATION_STATUSES
from ...verification.start import USUAL
from ..fields import Amount, Flag, Strict, Text, TextList, ValidFor, Whole, WholeList, scalar_text

LISTED = ("scheduled", "dripping", "queued", "submitted", "sent", "delivered", "failed", "retrying", "cancelled")
ENVIRONMENTS = ("live", "test", "all")
MOST_ASKED = 1000
LONGEST_TEMPLATE = 1600
MOST_RECIPIENTS = 10_000


class Send(Strict):
    to = Text(required=True)
    text = Text(required=True)
    sender_id = Text(load_default=None, allow_none=True, blank=True)
    route = Text(load_default=None, allow_none=True, blank=True)
    schedule_mode = fields.String(load_default="now", allow_none=True, validate=validate.OneOf(("now", "scheduled")))
    scheduled_at = Text(load_default=None, allow_none=True, blank=True)
    valid_for = ValidFor()


class Asked(NamedTuple):
    """Phones, and whether they came as a list."""

    texts: list[str]
    is_list: bool


class OneOrMany(fields.Field):
    """One phone, or a list of at most MOST_ASKED → Asked."""

    default_error_messages = {
        "invalid": "Must be a phone number or a list of them.",
        "blank": "This field may not be empty.",
        "many": "At most {most} phone numbers.",
    }

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Asked:
        texts = value if isinstance(value, list) else [value]
        if not all(isinstance(text, str) for text in texts):
            raise self.make_error("invalid")
        if not texts:
            raise self.make_error("blank")
        if len(texts) > MOST_ASKED:
            raise self.make_error("many", most=MOST_ASKED)
        return Asked(texts, isinstance(value, list))


class Ids(fields.Field):
    """A comma list of 1 to 100 ids, each once, in the order given."""

    default_error_messages = {"number": "1 to 100 ids, separated by commas."}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> list[str]:
        found = list(filter(None, map(str.strip, value.split(","))))
        if not 1 <= len(found) <= 100:
            raise self.make_error("number")
        return list(dict.fromkeys(found))


class Documents(WholeList):
    """A list of ids that are never looked up, whatever they are: all that is asked is whether any was named."""

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> list[Any]:
        return value if isinstance(value, list) else super()._deserialize(value, attr, data, **kwargs)


class Variables(fields.Field):
    """An object of texts, numbers, booleans and nulls → texts."""

    default_error_messages = {"invalid": "Must be an object of texts, numbers, booleans and nulls."}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> dict[str, str]:
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        return {name: scalar_text(inner) for name, inner in value.items()}


class Rate(Strict):
    to = OneOrMany(required=True)
    text = Text(required=True)
    route = Text(load_default=None, allow_none=True, blank=True)


class Validate(Strict):
    phone = OneOrMany(required=True)


class Statuses(Strict):
    ids = Ids(required=True)


class Recipient(Strict):
    to = Text(required=True)
    name = Text(load_default=None, allow_none=True, blank=True)
    vars = Variables(load_default=None, allow_none=True)


class Precheck(Strict):
    contact_list_ids = WholeList(load_default=None, allow_none=True)
    recipients = fields.List(
        fields.Nested(Recipient), load_default=None, allow_none=True, validate=validate.Length(max=MOST_RECIPIENTS)
    )
    text = Text(required=True)
    sender_id = Text(load_default=None, allow_none=True, blank=True)
    route = Text(load_default=None, allow_none=True, blank=True)

    @validates_schema
    def _names_somebody(self, data: dict[str, Any], **kwargs: Any) -> None:
        if data["contact_list_ids"] is None and data["recipients"] is None:
            raise ValidationError("Missing data for required field.", "contact_list_ids")


class SendBulk(Precheck):
    schedule_mode = fields.String(load_default="now", allow_none=True, validate=validate.OneOf(("now", "scheduled", "drip")))
    scheduled_at = Text(load_default=None, allow_none=True, blank=True)
    drip_rate = Whole(low=1, high=600, load_default=None, allow_none=True)
    valid_for = ValidFor()


class Page(Strict):
    page = Whole(low=0, high=10**9, text=True, load_default=0)
    limit = Whole(low=1, high=100, text=True, load_default=20)


class LongPage(Page):
    limit = Whole(low=1, high=100, text=True, load_default=100)


class BatchPage(Page):
    limit = Whole(low=1, high=100, text=True, load_default=50)


class OptOuts(Strict):
    limit = Whole(low=1, high=1000, text=True, load_default=200)


class OptOut(Strict):
    phone = Text(required=True)


class VerifyStart(Strict):
    """What is left out is the app's, or else usual."""

    to = Text(required=True)
    app_id = Text(load_default=None, allow_none=True, blank=True)
    sender_id = Text(load_default=None, allow_none=True, blank=True)
    code_length = Whole(low=4, high=10, load_default=None, allow_none=True)
    expiry_seconds = Whole(low=60, high=LONGEST_EXPIRY, load_default=None, allow_none=True)
    template = Text(load_default=None, allow_none=True, maximum=LONGEST_TEMPLATE)


class VerifyCheck(Strict):
    code = Text(required=True, maximum=100)
    verification_id = Text(load_default=None, allow_none=True, blank=True)
    to = Text(load_default=None, allow_none=True, blank=True)


class Verifications(Page):
    status = fields.String(load_default=None, validate=validate.OneOf(VERIFICATION_STATUSES))
    app_id = Text(load_default=None, blank=True)
    to = Text(load_default=None, blank=True)


class VerifyApp(Strict):
    name = Text(required=True, maximum=100)
    sender_id = Text(load_default=None, allow_none=True, blank=True, maximum=40)
    code_length = Whole(low=4, high=10, load_default=USUAL.code_length)
    expiry_seconds = Whole(low=60, high=LONGEST_EXPIRY, load_default=USUAL.expiry_seconds)
    template = Text(load_default=None, allow_none=True, maximum=LONGEST_TEMPLATE)
    max_attempts = Whole(low=1, high=10, load_default=USUAL.max_attempts)
    max_resends = Whole(low=0, high=5, load_default=USUAL.max_resends)


class VerifyStats(Strict):
    days = Whole(low=1, high=90, text=True, load_default=30)


class Chosen(Strict):
    """The filters that the list and the export share."""

    status = fields.String(load_default=None, validate=validate.OneOf(LISTED))
    batch_id = Text(load_default=None, blank=True)
    to = Text(load_default=None, blank=True)
    environment = fields.String(load_default=None, validate=validate.OneOf(ENVIRONMENTS))
    date_from = Text(load_default=None, blank=True)
    date_to = Text(load_default=None, blank=True)


class Listing(Page, Chosen):
    pass


class Volume(Strict):
    days = Whole(low=1, high=90, text=True, load_default=14)


class TopUp(Strict):
    amount = Amount(load_default=None, allow_none=True)
    phone = Text(load_default=None, allow_none=True)
    provider = Text(load_default=None, allow_none=True, blank=True, maximum=40)


class NewSender(Strict):
    name = Text(required=True)
    countries = TextList(required=True)
    use_case = Text(load_default=None, allow_none=True, blank=True, maximum=1000)


class Webhooks(Strict):
    """What is left out stays as it is; null removes it."""

    dlr_url = Text(allow_none=True, blank=True)
    mo_url = Text(allow_none=True, blank=True)
    is_active = Flag()


class Links(fields.Field):
    """A list of strings, which may be empty."""

    default_error_messages = {"invalid": "Not a valid list."}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> list[str]:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.make_error("invalid")
        return value


class TwoWayRequest(Strict):
    country_code = Text(required=True)
    type = fields.String(required=True, validate=validate.OneOf(("dedicated", "shared")))
    keyword = Text(load_default=None, allow_none=True, blank=True)
    toll_free = Flag(load_default=False)
    use_case = Text(required=True)
    company_name = Text(required=True)
    kyc_document_urls = Links(load_default=None, allow_none=True)
    kyc_document_ids = Documents(load_default=None, allow_none=True)
    webhook_url = Text(load_default=None, allow_none=True, blank=True)


class TwoWayChanges(Strict):
    """What is left out stays as it is; null takes it away."""

    webhook_url = Text(allow_none=True, blank=True)
    auto_reply_text = Text(allow_none=True, blank=True)
    auto_reply_enabled = Flag()
    forward_email = Text(allow_none=True, blank=True)


class TwoWayMessages(Strict):
    limit = Whole(low=1, high=1000, text=True, load_default=200)
    phone = Text(load_default=None, blank=True)


class TwoWayReply(Strict):
    to = Text(required=True)
    text = Text(required=True)


class KeywordCheck(Strict):
    keyword = Text(required=True)
    number = Text(load_default=None, blank=True)
    country_code = Text(load_default=None, blank=True)


SEND, PRECHECK, SEND_BULK, LISTING, CHOSEN, PAGE, LONG_PAGE = (
    Send(),
    Precheck(),
    SendBulk(),
    Listing(),
    Chosen(),
    Page(),
    LongPage(),
)
RATE, VALIDATE, STATUSES, BATCH_PAGE, OPT_OUTS, OPT_OUT = Rate(), Validate(), Statuses(), BatchPage(), OptOuts(), OptOut()
VERIFY_START, VERIFY_CHECK, VERIFICATIONS, VERIFY_APP, VERIFY_STATS = (
    VerifyStart(),
    VerifyCheck(),
    Verifications(),
    VerifyApp(),
    VerifyStats(),
)
VOLUME, TOP_UP, NEW_SENDER, WEBHOOKS = Volume(), TopUp(), NewSender(), Webhooks()
TWO_WAY_REQUEST, TWO_WAY_CHANGES, TWO_WAY_MESSAGES, TWO_WAY_REPLY, KEYWORD_CHECK = (
    TwoWayRequest(),
    TwoWayChanges(),
    TwoWayMessages(),
    TwoWayReply(),
    KeywordCheck(),
)
