"""eSMS: `/messages`. In the order in which they can be tried: a drip bulk gives what can be cancelled."""

from __future__ import annotations

from ....contacts.files import EmptyList
from ....core import errors
from ...documenting import refusals
from ...documenting.operations import Example, Operation
from ...documenting.sandbox_values import GROUP, OTHER_SENDER, PHONE, REFUSED
from ...documenting.shapes import either, exactly, like, number
from .. import schemas
from ..access import SANDBOX
from . import shapes

LOW_BALANCE = refusals.low_balance(SANDBOX.wallet_uid, "KES")
NOT_E164 = errors.InvalidRecipient("The phone cannot be parsed or is missing its country code")
SCHEDULE = errors.InvalidSchedule("scheduled_at is missing")
UNKNOWN = errors.MessageNotFound()
COMPOSED = (
    refusals.TOO_LONG,
    refusals.NO_ROUTE,
    refusals.UNKNOWN_SENDER,
    *refusals.BOUNDED,
    errors.OptedOut("The recipient has opted out"),
)
BULK_REFUSALS = (
    *COMPOSED,
    EmptyList("The contact lists hold no contacts"),
    errors.GroupNotFound(),
    errors.RouteNotFound(),
    refusals.STORAGE,
)
BULK = {"contact_list_ids": [GROUP], "text": "Hi {{name}}, this is a test.", "sender_id": OTHER_SENDER}

CSV_EXAMPLE = (
    "message_id,phone,sender_id,text,status,country,currency,cost,segments,created_at,delivered_at\r\n"
    f"msg-{shapes.UUID},'{PHONE},{OTHER_SENDER},Hello,delivered,UG,UGX,35,1,2026-05-02T12:00:00Z,"
    "2026-05-02T12:00:05Z\r\n"
)

OPERATIONS = {
    "Messages": {
        "POST /messages/send": Operation(
            "Send a message",
            {200: shapes.SENT},
            (*COMPOSED, NOT_E164, SCHEDULE, LOW_BALANCE),
            body=schemas.SEND,
            description="A message that the carrier refuses is answered with `failed` and refunded.",
            examples=(
                Example(
                    "At once",
                    {"to": PHONE, "text": "Your OTP is 482910.", "sender_id": OTHER_SENDER, "route": "ESMS_UG"},
                    keep={"message_id": "id"},
                ),
                Example("Refused by the sandbox", {"to": REFUSED, "text": "Hello"}, keep={"failed_id": "id"}),
            ),
        ),
        "GET /messages/{message_id}": Operation("Show a message and its timeline", {200: shapes.DETAIL}, (UNKNOWN,)),
        "GET /messages/status": Operation(
            "Show what became of up to 100 messages",
            {200: {"messages": [shapes.STATUS_ENTRY], "not_found": ["msg-nothing"]}},
            query=schemas.STATUSES,
            description="In the order in which they are asked for.",
            examples=(Example(query={"ids": "{{message_id}},{{failed_id}}"}),),
        ),
        "POST /messages/rate": Operation(
            "Calculate what a text would cost, for each recipient",
            {200: shapes.RATED},
            (refusals.TOO_LONG,),
            body=schemas.RATE,
            description="Free, and to the last digit what a send would be charged. A key needs `query` or `send`.",
            examples=(
                Example("For one", {"to": PHONE, "text": "Your OTP is 482910."}),
                Example("For several", {"to": [PHONE, "0712"], "text": "Hello", "route": "ESMS_UG"}),
            ),
        ),
        "POST /messages/validate": Operation(
            "Look at phone numbers",
            {200: either(shapes.VALIDATED, shapes.VALIDATED_MANY)},
            body=schemas.VALIDATE,
            description="Offline and free. The carrier is the one that the number's range was given to; a ported number has"
            " another. A key needs `query` or `send`.",
            examples=(Example("One", {"phone": PHONE}), Example("Several", {"phone": [PHONE, "0712"]})),
        ),
        "POST /messages/{message_id}/retry": Operation(
            "Retry a failed message",
            {200: {"id": shapes.MESSAGE_ID, "status": exactly("retrying"), "retry_count": 1}},
            (
                UNKNOWN,
                errors.NotRetryable(),
                errors.MaxRetriesExceeded(),
                *refusals.BOUNDED,
                errors.OptedOut("The recipient has opted out"),
                LOW_BALANCE,
            ),
            description="It is charged again; at most 3 times.",
            examples=(Example(path={"message_id": "{{failed_id}}"}),),
        ),
    },
    "Bulk": {
        "POST /messages/bulk-precheck": Operation(
            "Calculate what a bulk would cost",
            {200: shapes.PRECHECK},
            BULK_REFUSALS,
            body=schemas.PRECHECK,
            examples=(Example(body=BULK),),
        ),
        "POST /messages/send-bulk": Operation(
            "Send to contact lists",
            {200: shapes.BULK},
            (*BULK_REFUSALS, SCHEDULE, LOW_BALANCE, refusals.DAILY_LIMIT),
            body=schemas.SEND_BULK,
            description="The whole cost is held at once; who can't be reached is skipped. A phone that is named twice has the"
            " fields of whatever names it first, the lists before the recipients.",
            examples=(
                Example("At once", {**BULK, "schedule_mode": "now"}),
                Example(
                    "To recipients in the request",
                    {
                        "recipients": [{"to": PHONE, "name": "Ann", "vars": {"city": "Kampala"}}],
                        "text": "Hi {{name}} in {{city}}",
                        "sender_id": OTHER_SENDER,
                    },
                ),
                Example("Two a minute", {**BULK, "schedule_mode": "drip", "drip_rate": 2}, keep={"batch_id": "batch_id"}),
            ),
        ),
        "GET /messages": Operation(
            "List messages, newest first",
            {200: {"messages": [shapes.MESSAGE], "total": 150, "page": 0, "limit": 20}},
            query=schemas.LISTING,
            examples=(Example(query={"limit": "20"}, keep={"waiting_id": "messages.0.id"}),),
        ),
        "POST /messages/{message_id}/cancel": Operation(
            "Cancel a message that has not left",
            {200: {"id": shapes.MESSAGE_ID, "status": exactly("cancelled"), "cancelled": 1, "refunded": number(1.2)}},
            (UNKNOWN, errors.NotCancellable()),
            examples=(Example(path={"message_id": "{{waiting_id}}"}),),
        ),
        "GET /messages/batch/{batch_id}": Operation(
            "Show a batch", {200: shapes.BATCH}, (errors.BatchNotFound(),), query=schemas.BATCH_PAGE
        ),
        "POST /messages/batch/{batch_id}/cancel": Operation(
            "Cancel what has not left of a batch",
            {200: {"batch_id": shapes.BATCH_ID, "status": exactly("cancelled"), "cancelled": 2, "refunded": number(2.4)}},
            (errors.BatchNotFound(), errors.NotCancellable()),
        ),
    },
    "Figures": {
        "GET /messages/stats": Operation("Show today's figures", {200: shapes.STATS}),
        "GET /messages/volume": Operation(
            "Show the volume of each day", {200: [shapes.DAY]}, query=schemas.VOLUME, examples=(Example(query={"days": "14"}),)
        ),
        "GET /messages/export": Operation(
            "Export messages as CSV",
            {200: like("^message_id,phone,", CSV_EXAMPLE)},
            query=schemas.CHOSEN,
            csv=True,
            description="Streamed, with the filters of the list. Cells that a spreadsheet would calculate are quoted.",
        ),
    },
}
