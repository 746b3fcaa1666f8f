"""eSMS: `/verify`. In the order in which they can be tried: a phone has one pending verification by a sender."""

from __future__ import annotations

from ....core import errors
from ....verification.reading import PENDING, STATUSES
from ...documenting import refusals
from ...documenting.operations import NOTHING, Example, Operation
from ...documenting.sandbox_values import OTHER_SENDER, PHONE
from ...documenting.shapes import WHEN, exactly, like, named, null_or, number, one_of, optional
from .. import schemas
from ..words import STATUSES as MESSAGE_STATUSES
from . import shapes
from .messages import LOW_BALANCE, NOT_E164

APP_ID, VERIFICATION_ID = like("^app_", f"app_{shapes.UUID}"), like("^ver_", f"ver_{shapes.UUID}")
UNKNOWN, UNKNOWN_APP = errors.VerificationNotFound(), errors.VerifyAppNotFound()
CLOSED = errors.VerificationClosed()
NO_CODE = errors.InvalidInput("A template names {{code}}", {"template": ["It must name {{code}}"]})
LIMITS = (errors.TooManyCodes(30),)
SENDING = (
    errors.RecipientOptedOut(),
    refusals.TOO_LONG,
    refusals.NO_ROUTE,
    refusals.UNKNOWN_SENDER,
    *refusals.BOUNDED,
    errors.SendFailed(),
    LOW_BALANCE,
    *LIMITS,
)

OBJECT = {
    "verification_id": VERIFICATION_ID,
    "app_id": null_or(APP_ID),
    "to": PHONE,
    "channel": exactly("sms"),
    "status": one_of(STATUSES, PENDING),
    "attempts_remaining": 5,
    "resends_remaining": 3,
    "expires_at": WHEN,
    "created_at": WHEN,
    "approved_at": null_or(WHEN, shown=False),
    "message_id": shapes.MESSAGE_ID,
    "message_status": one_of(MESSAGE_STATUSES, "submitted"),
    "segments": 1,
    "cost": number(1.213),
    "currency": "KES",
}
VERIFICATION = named("Verification", OBJECT)
SENT = named("SentVerification", {**OBJECT, "sandbox_code": optional(null_or("482910"))})
CHECKED = named(
    "CheckedVerification",
    {"verification_id": VERIFICATION_ID, "to": PHONE, "status": one_of(STATUSES, "approved"), "attempts_remaining": 5},
)
APP = named(
    "VerifyAppEntry",
    {
        "id": APP_ID,
        "name": "My shop",
        "sender_id": null_or(OTHER_SENDER),
        "code_length": 6,
        "expiry_seconds": 600,
        "template": null_or("{{code}} is your code for {{app}}, for {{minutes}} minutes."),
        "max_attempts": 5,
        "max_resends": 3,
        "created_at": WHEN,
    },
)
STATS = named(
    "VerifyAppStats",
    {
        "app_id": APP_ID,
        "days": 30,
        "started": 40,
        "approved": 35,
        "failed": 1,
        "expired": 3,
        "canceled": 1,
        "approval_rate": shapes.PERCENT,
        "cost": number(48.52),
        "currency": "KES",
    },
)
SHOP = {"name": "My shop", "sender_id": OTHER_SENDER, "template": "{{code}} is your code for {{app}}, for {{minutes}} minutes."}

OPERATIONS = {
    "Verify": {
        "POST /verify/apps": Operation(
            "Make a verify app",
            {200: APP},
            (NO_CODE, errors.Conflict()),
            body=schemas.VERIFY_APP,
            examples=(Example(body=SHOP, keep={"app_id": "id"}),),
        ),
        "GET /verify/apps": Operation("List the verify apps, newest first", {200: {"apps": [APP], "total": 1}}),
        "GET /verify/apps/{app_id}": Operation("Show a verify app", {200: APP}, (UNKNOWN_APP,)),
        "PATCH /verify/apps/{app_id}": Operation(
            "Replace a verify app",
            {200: APP},
            (UNKNOWN_APP, NO_CODE),
            body=schemas.VERIFY_APP,
            description="All of it: what is left out is usual again. What is pending goes on as it began.",
            examples=(Example(body={**SHOP, "max_attempts": 3}),),
        ),
        "POST /verify/start": Operation(
            "Send a code",
            {200: SENT},
            (UNKNOWN_APP, NOT_E164, NO_CODE, *SENDING),
            body=schemas.VERIFY_START,
            description="An older pending verification of the phone by this sender is cancelled. A phone of an account gets a code"
            " every 30 seconds, 5 an hour and 10 a day; a test key waits for nothing, and is told the code.",
            examples=(Example(body={"to": PHONE, "app_id": "{{app_id}}"}, keep={"verification_id": "verification_id"}),),
        ),
        "POST /verify/{verification_id}/resend": Operation(
            "Send another code",
            {200: SENT},
            (UNKNOWN, CLOSED, errors.MaxResendsExceeded(), *SENDING),
            description="A new expiry, and the attempts that were left. The code before it is no longer right.",
            examples=(Example(keep={"sandbox_code": "sandbox_code"}),),
        ),
        "GET /verify/{verification_id}": Operation("Show a verification", {200: VERIFICATION}, (UNKNOWN,)),
        "POST /verify/check": Operation(
            "Check an answer",
            {200: CHECKED},
            (UNKNOWN, errors.AlreadyApproved(), NOT_E164, *LIMITS),
            body=schemas.VERIFY_CHECK,
            description="Of a verification, or of the newest one of a phone. A wrong answer is `pending` until none is left. Spaces"
            " and hyphens are passed over; 20 wrong answers an hour are taken for a phone.",
            examples=(
                Example("A wrong one", {"code": "not it", "verification_id": "{{verification_id}}"}),
                Example("The right one", {"code": "{{sandbox_code}}", "to": PHONE}),
            ),
        ),
        "GET /verify": Operation(
            "List verifications, newest first",
            {200: {"verifications": [VERIFICATION], "total": 1, "page": 0, "limit": 20}},
            query=schemas.VERIFICATIONS,
        ),
        "POST /verify/{verification_id}/cancel": Operation(
            "Cancel a verification", {200: VERIFICATION}, (UNKNOWN, CLOSED), examples=(Example("What is over", status=409),)
        ),
        "GET /verify/apps/{app_id}/stats": Operation(
            "Show what came of an app's verifications",
            {200: STATS},
            (UNKNOWN_APP,),
            query=schemas.VERIFY_STATS,
            description="Of those started in the last days, today among them, in the account's zone.",
        ),
        "DELETE /verify/apps/{app_id}": Operation(
            "Delete a verify app", {204: NOTHING}, (UNKNOWN_APP,), description="What is pending goes on."
        ),
    }
}
