"""What eSMS's requests look like."""

from __future__ import annotations

from marshmallow import fields, validate

from ..fields import Amount, Flag, Strict, Text, TextList, Whole, WholeList

LISTED = ("scheduled", "dripping", "queued", "submitted", "sent", "delivered", "failed", "retrying", "cancelled")


class Send(Strict):
    to = Text(required=True)
    text = Text(required=True)
    sender_id = Text(load_default=None, allow_none=True, blank=True)
    route = Text(load_default=None, allow_none=True, blank=True)
    schedule_mode = fields.String(load_default="now", allow_none=True, validate=validate.OneOf(("now", "scheduled")))
    scheduled_at = Text(load_default=None, allow_none=True, blank=True)


class Precheck(Strict):
    contact_list_ids = WholeList(required=True)
    text = Text(required=True)
    sender_id = Text(load_default=None, allow_none=True, blank=True)
    route = Text(load_default=None, allow_none=True, blank=True)


class SendBulk(Precheck):
    schedule_mode = fields.String(load_default="now", allow_none=True, validate=validate.OneOf(("now", "scheduled", "drip")))
    scheduled_at = Text(load_default=None, allow_none=True, blank=True)
    drip_rate = Whole(low=1, high=600, load_default=None, allow_none=True)


class Page(Strict):
    page = Whole(low=0, high=10**9, text=True, load_default=0)
    limit = Whole(low=1, high=100, text=True, load_default=20)


class LongPage(Page):
    limit = Whole(low=1, high=100, text=True, load_default=100)


class Chosen(Strict):
    """The filters that the list and the export share."""

    status = fields.String(load_default=None, validate=validate.OneOf(LISTED))
    batch_id = Text(load_default=None, blank=True)
    to = Text(load_default=None, blank=True)
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


SEND, PRECHECK, SEND_BULK, LISTING, CHOSEN, PAGE, LONG_PAGE = (
    Send(),
    Precheck(),
    SendBulk(),
    Listing(),
    Chosen(),
    Page(),
    LongPage(),
)
VOLUME, TOP_UP, NEW_SENDER, WEBHOOKS = Volume(), TopUp(), NewSender(), Webhooks()
