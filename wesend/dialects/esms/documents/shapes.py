"""What eSMS answers."""

from __future__ import annotations

from typing import Any

from ....core.phone_details import LINE_TYPES
from ...documenting.field_errors import FIELD_ERRORS
from ...documenting.sandbox_values import GROUP, OTHER_SENDER, PHONE
from ...documenting.shapes import WHEN, Leaf, either, exactly, like, mapping, named, null_or, number, one_of, optional
from ..words import ENCODINGS, STATUSES

UUID = "01990b6e-7c1f-7a3e-9f51-2d4c8a6b7e10"
MESSAGE_ID, BATCH_ID = like("^msg-", f"msg-{UUID}"), like("^batch-", f"batch-{UUID}")
STATUS = one_of(STATUSES, "submitted")
NEVER = null_or(WHEN, shown=False)
ERROR = null_or("UNDELIV", shown=False)
PERCENT = Leaf({"type": "number", "minimum": 0, "maximum": 100}, 94.2)

SENT = named(
    "SentMessage",
    {
        "id": MESSAGE_ID,
        "status": STATUS,
        "segments": 1,
        "cost": number(1.213),
        "cost_currency": "KES",
        "route_cost": number(35),
        "route_currency": null_or("UGX"),
        "route": null_or("ESMS_UG"),
        "balance_after": number(1965),
        "scheduled_at": NEVER,
    },
)
ENTRY = {
    "id": MESSAGE_ID,
    "phone": PHONE,
    "text": "Hello",
    "sender_id": null_or(OTHER_SENDER),
    "route": null_or("ESMS_UG"),
    "country": null_or("UG"),
    "segments": 1,
    "cost": number(35),
    "currency": null_or("UGX"),
    "status": one_of(STATUSES, "delivered"),
    "error_code": ERROR,
    "retry_count": 0,
    "created_at": WHEN,
    "delivered_at": null_or(WHEN),
}
MESSAGE = named("Message", ENTRY)
STATUS_ENTRY = named("MessageStatus", {**ENTRY, "error_message": null_or("Absent subscriber", shown=False), "failed_at": NEVER})
RATED = named(
    "RatedMessage",
    {
        "encoding": one_of(ENCODINGS.values(), "GSM7"),
        "segments": 1,
        "total_cost": number(1.213),
        "currency": "KES",
        "recipients": [
            {
                "to": PHONE,
                "phone": null_or(PHONE),
                "country_code": null_or("UG"),
                "route": null_or("ESMS_UG"),
                "route_cost": number(35),
                "route_currency": null_or("UGX"),
                "cost": number(1.213),
                "currency": "KES",
                "error": null_or("no_route", shown=False),
            }
        ],
    },
)
VALIDATED = named(
    "ValidatedPhone",
    {
        "phone": PHONE,
        "valid": True,
        "e164": null_or(PHONE),
        "country_code": null_or("UG"),
        "country_name": null_or("Uganda"),
        "line_type": null_or(one_of(LINE_TYPES.values(), "mobile")),
        "carrier": null_or("MTN"),
        "reason": null_or("Not a phone number", shown=False),
    },
)
VALIDATED_MANY = named("ValidatedPhones", {"count": 2, "valid": 1, "invalid": 1, "mobile": 1, "results": [VALIDATED]})
DETAIL = named(
    "MessageDetail",
    {
        **ENTRY,
        "error_message": null_or("Absent subscriber", shown=False),
        "batch_id": BATCH_ID,
        "submitted_at": null_or(WHEN),
        "failed_at": NEVER,
        "scheduled_at": NEVER,
        "wallet_cost": number(1.213),
        "wallet_currency": "KES",
        "timeline": [
            named(
                "TimelineEvent",
                {
                    "event": "accepted",
                    "status": one_of(STATUSES, "queued"),
                    "detail": null_or("API request received"),
                    "at": WHEN,
                    "metadata": optional(Leaf({"type": "object"}, {"source": "api_key"})),
                },
            )
        ],
    },
)
BULK = named(
    "Bulk",
    {
        "batch_id": BATCH_ID,
        "total_recipients": 250,
        "estimated_cost": number(303.25),
        "status": one_of(("sending", "scheduled", "dripping"), "sending"),
    },
)
BATCH = named(
    "Batch",
    {
        "batch_id": BATCH_ID,
        "status": one_of(("sending", "scheduled", "dripping", "paused", "finished", "cancelled"), "sending"),
        "total": 250,
        "queued": 100,
        "submitted": 100,
        "delivered": 48,
        "failed": 2,
        "cancelled": 0,
        "cost": number(300.8),
        "currency": "KES",
        "created_at": WHEN,
        "finished_at": NEVER,
        "messages": [MESSAGE],
        "page": 0,
        "limit": 50,
    },
)
PRECHECK = named(
    "BulkPrecheck",
    {
        "total_contacts": 250,
        "total_segments": 350,
        "total_cost": number(424.55),
        "wallet_currency": "KES",
        "wallet_balance": number(5000),
        "balance_after": number(4575.45),
        "sufficient_balance": True,
        "countries": 1,
        "breakdown": [
            {
                "country_code": "UG",
                "country_name": "Uganda",
                "currency": null_or("UGX"),
                "route_code": null_or("ESMS_UG"),
                "contacts": 249,
                "segments": 350,
                "route_cost": number(12250),
                "wallet_cost": number(424.55),
                "price_per_segment": null_or(number(35)),
            }
        ],
        "unroutable_count": 1,
        "unroutable": ["+000000000"],
    },
)
STATS = named(
    "Stats",
    {
        "sent_today": 250,
        "sent_delta_pct": number(5.5),
        "delivery_rate": PERCENT,
        "failed_today": 2,
        "failed_delta": -1,
        "balance": number(5000.5),
        "currency": "KES",
        "period_total": 5000,
        "period_days": 14,
    },
)
DAY = named(
    "Day",
    {
        "date": like(r"^\d{4}-\d\d-\d\d$", "2026-05-02"),
        "delivered": 1500,
        "failed": 10,
        "pending": 50,
        "day": one_of(("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"), "Sat"),
    },
)

LIST = named("ContactList", {"id": GROUP, "name": "Customers", "count": 2, "columns": ["phone"], "tags": ["vip"]})
UPLOADED = named("UploadedList", {**LIST.shape, "skipped": 3, "invalid": 1, "duplicates": 2})
CONTACT = named("Contact", {"id": 1, "phone": PHONE, "name": null_or("Ann"), "data": mapping("", city="Kampala")})
SENDER = named(
    "SenderId",
    {
        "id": 1,
        "name": "MYSHOP",
        "countries": ["UG"],
        "use_case": null_or("Order updates"),
        "status": one_of(("pending", "approved", "rejected"), "pending"),
        "rejection_reason": null_or("Not a name of yours", shown=False),
        "created_at": WHEN,
    },
)
OPT_OUT = named(
    "OptOutEntry", {"phone": PHONE, "source": one_of(("keyword", "api", "portal", "import"), "api"), "created_at": WHEN}
)
ME = named(
    "Me",
    {
        "id": 1,
        "name": "My shop",
        "email": null_or("owner@example.com"),
        "environment": one_of(("live", "test"), "test"),
        "scopes": ["send"],
        "api_key": {"id": 1, "name": "Sandbox", "prefix": "esms_test_sand"},
        "balance": number(5000.5),
        "currency": "KES",
    },
)
WORKSPACE = named(
    "Workspace", {"id": 1, "name": "My shop", "country": "UG", "time_zone": "Africa/Kampala", "currency": "KES", "created_at": WHEN}
)
ROUTE = named(
    "Route",
    {
        "code": "ESMS_UG",
        "name": "ESMS UG",
        "country_code": "UG",
        "country_name": "Uganda",
        "currency": "UGX",
        "price_per_segment": number(35),
        "sender_id_default": null_or("ESMS", shown=False),
        "is_active": True,
    },
)
HEALTH = named(
    "RouteHealth",
    {
        "code": "ESMS_UG",
        "country_code": "UG",
        "total": 200,
        "delivered": 180,
        "failed": 12,
        "delivery_rate": PERCENT,
        "status": one_of(("ok", "warn", "down"), "ok"),
    },
)
BALANCE = {"balance": number(5000.5), "currency": "KES", "sms_estimate": 4167}
TRANSACTION = named(
    "Transaction",
    {
        "id": 1,
        "type": one_of(("credit", "sms_charge", "manual_credit", "manual_debit", "refund"), "sms_charge"),
        "amount": number(-1.213),
        "balance_after": number(4998.787),
        "currency": "KES",
        "description": null_or("1 message"),
        "batch_id": null_or(BATCH_ID),
        "created_at": WHEN,
    },
)
CHECKOUT = {"checkout_url": "https://sms.example.com/wallets/wal_1/top-up", "message": "Confirm the payment on the phone."}
CHARGED = {
    **CHECKOUT,
    "deposit_id": "dep_01990b6e7c1f7a3e9f512d4c8a6b7e10",
    "status": one_of(("pending", "successful", "failed", "expired"), "pending"),
}
SECRET = like("^whsec_", "whsec_cGxlYXNlIGtlZXAgdGhpcyBhIHNlY3JldCwgd2lsbCB5b3U=")
WEBHOOKS = {
    "dlr_url": null_or("https://example.com/esms/receipts"),
    "mo_url": null_or("https://example.com/esms/inbound"),
    "signing_secret": SECRET,
    "is_active": True,
}
HOOK = {
    "message_id": MESSAGE_ID,
    "phone": PHONE,
    "sender_id": null_or(OTHER_SENDER),
    "segments": 1,
    "cost": number(35),
    "error_code": ERROR,
    "retry_count": 0,
    "delivered_at": null_or(WHEN),
    "failed_at": NEVER,
}
INBOUND_ID = like("^mo_", f"mo_{UUID}")
ANY_ID = like("^(mo_|msg-)", f"mo_{UUID}")
KEYWORD = null_or("JOIN")
INBOUND = {
    "event": exactly("message.inbound"),
    "message_id": INBOUND_ID,
    "id": UUID,
    "from": PHONE,
    "to": null_or("32811"),
    "text": "JOIN promo",
    "keyword": KEYWORD,
    "opt_out": False,
    "received_at": WHEN,
    "two_way": null_or(
        {
            "service_id": 1,
            "number": "32811",
            "keyword": KEYWORD,
            "type": one_of(("dedicated", "shared"), "shared"),
            "toll_free": False,
        }
    ),
}
LOW_BALANCE = {"balance": number(20), "cost": number(35), "currency": "KES"}


BESIDE = optional({"code": "not_found", "message": "A sentence that says what went wrong.", "request_id": UUID})
"""Below `/two-way` alone."""
OWN_FIELD_ERRORS = named("FieldErrors", {**FIELD_ERRORS.shape, "error": BESIDE})


def refusal(_status: int, bodies: list[dict]) -> Any:
    """Field errors are a list; any other error has a code."""
    codes = dict.fromkeys(None if isinstance(body["detail"], list) else body["detail"]["code"] for body in bodies)
    return either(
        *(
            OWN_FIELD_ERRORS
            if code is None
            else named(
                "Error" + code.title().replace("_", ""),
                {
                    "error": BESIDE,
                    "detail": {
                        "code": exactly(code),
                        "message": "A sentence that says what went wrong.",
                        **(LOW_BALANCE if code == "insufficient_balance" else {}),
                    },
                },
            )
            for code in codes
        )
    )
