"""eSMS Africa's document."""

from __future__ import annotations

from ...documenting.operations import Document, Scheme, Webhook
from ...documenting.sandbox_values import GROUP, PHONE
from ...documenting.shapes import VISIBLE, exactly
from .. import schemas
from . import account, messages, shapes, two_way, verify

SIGNATURE = (
    "X-Webhook-Signature: `sha256=` and the hex HMAC-SHA256 of the raw body by the signing secret. `X-Webhook-ID` (`evt_…`) is the"
    " same on every attempt."
)

NAMES_SOMEBODY = {"anyOf": [{"required": ["contact_list_ids"]}, {"required": ["recipients"]}]}

DOCUMENT = Document(
    "eSMS Africa API",
    """A bearer key. Answers are plain JSON; an error is `{"detail": {"code", "message"}}`,
field errors are a list with 422. A key has scopes: a GET needs `query`, a write `send`, the webhook calls `webhooks`.
All of it but the balance is served below `/v1` as well.
`cost` is what the wallet pays, `route_cost` the same in the currency of the account's price. Times are UTC.""",
    schemas,
    {"bearer": Scheme({"type": "http", "scheme": "bearer"}, ("api_key",))},
    (("bearer",),),
    {**messages.OPERATIONS, **verify.OPERATIONS, **two_way.OPERATIONS, **account.OPERATIONS},
    shapes.refusal,
    parameters={
        "message_id": (shapes.MESSAGE_ID, "A message's id."),
        "batch_id": (shapes.BATCH_ID, "A batch's id."),
        "list_id": (GROUP, "A contact list's id."),
        "code": ("ESMS_UG", "A route's code."),
        "phone": (PHONE, "A phone in E.164."),
        "verification_id": (verify.VERIFICATION_ID, "A verification's id."),
        "service_id": (1, "A service's id."),
        "app_id": (verify.APP_ID, "A verify app's id."),
    },
    fields={
        schemas.OneOrMany: lambda field: {
            "anyOf": [
                {"type": "string"},
                {"type": "array", "minItems": 1, "maxItems": schemas.MOST_ASKED, "items": {"type": "string"}},
            ]
        },
        schemas.Links: lambda field: {"type": "array", "items": {"type": "string"}},
        schemas.Ids: lambda field: {"type": "string", **VISIBLE},
        schemas.Variables: lambda field: {
            "type": "object",
            "additionalProperties": {"type": ["string", "number", "boolean", "null"]},
        },
    },
    amendments={"Precheck": NAMES_SOMEBODY, "SendBulk": NAMES_SOMEBODY},
    notes={
        "to": "A phone in E.164.",
        "Rate.to": "A phone in E.164, or up to 1,000 of them.",
        "Validate.phone": "A phone, or up to 1,000 of them.",
        "country_code": "ISO 3166: UG.",
        "type": "A number of one's own, or a keyword on a shared one.",
        "keyword": "2 to 20 letters and digits.",
        "toll_free": "The sender pays nothing.",
        "company_name": "Whose it is.",
        "TwoWayRequest.use_case": "What it is for: 10 to 4,000 characters.",
        "kyc_document_urls": "Up to 10 links, which are kept and never fetched.",
        "kyc_document_ids": "None are taken: send links.",
        "webhook_url": "Where the service's messages go; without one to `mo_url`.",
        "auto_reply_text": "Answers each message: once a minute a phone, 20 times a day.",
        "auto_reply_enabled": "On needs a text.",
        "forward_email": "Gets each message as a mail.",
        "TwoWayMessages.phone": "Only what was written with this phone.",
        "number": "A shared number.",
        "ids": "1 to 100 ids, separated by commas.",
        "recipients": "Up to 10,000, beside the contact lists or without any.",
        "Recipient.name": "Fills `{{name}}`.",
        "vars": "Further fields: texts, numbers, booleans and nulls.",
        "environment": "`live`, `test` or `all`; left out, all that the key reaches.",
        "VerifyStart.to": "A phone in E.164; its + may lack.",
        "VerifyCheck.to": "Checks the newest verification of a phone.",
        "verification_id": "Which verification is checked.",
        "app_id": "A verify app: its name, sender, template and policy, where the request names no other.",
        "Verifications.app_id": "Only this app's.",
        "Verifications.to": "Only this phone's.",
        "Verifications.status": "Only verifications of this status.",
        "code": "What somebody has typed.",
        "code_length": "Digits of a code.",
        "expiry_seconds": "How long a code is right.",
        "template": "Names `{{code}}`, and may name `{{app}}` and `{{minutes}}`; without one, a segment in English.",
        "max_attempts": "Wrong answers that a verification takes.",
        "max_resends": "Codes that may be sent after the first.",
        "VerifyApp.name": "Stands for `{{app}}`.",
        "OptOut.phone": "A phone in E.164, or as it is written at home.",
        "text": "The text, at most 10 segments; `{{name}}` and any other column is filled from the contact in a bulk.",
        "sender_id": "An approved sender ID; the route's own when it is left out.",
        "route": "A route's code; found by the number when it is left out.",
        "schedule_mode": "`now` by default.",
        "scheduled_at": "ISO 8601 in UTC: a single message 5 minutes to 7 days ahead, a bulk 10 minutes to 90 days.",
        "valid_for": "Seconds, 60 to 172,800, from when a message is due: what has not left by then fails as `expired` and is"
        " refunded. The key's own when it is left out.",
        "drip_rate": "Messages a minute, with `schedule_mode` `drip`; the first goes at once.",
        "contact_list_ids": "Contact lists; a phone that is in several counts once.",
        "page": "From 0.",
        "limit": "Entries a page.",
        "status": "Only messages of this status.",
        "batch_id": "Only this batch's messages.",
        "date_from": "An ISO date in the account's zone, or an instant; inclusive.",
        "date_to": "An ISO date in the account's zone, or an instant; inclusive.",
        "days": "How many days, up to today.",
        "amount": "In the wallet's currency.",
        "phone": "The payer's phone.",
        "provider": "The mobile-money network; told by the number when it is left out.",
        "name": "1 to 11 letters and digits.",
        "Upload.name": "What the list is called; the file's name when left out.",
        "countries": "ISO 3166 country codes.",
        "use_case": "What it is for.",
        "dlr_url": "Where delivery receipts go; null takes it away.",
        "mo_url": "Where inbound messages go; null takes it away.",
        "Upload.tags": "A JSON array, a comma list, or several fields.",
        "is_active": "Whether anything is sent there.",
    },
    webhooks={
        "message.delivered": Webhook(
            "A message was delivered",
            SIGNATURE,
            {"event": exactly("message.delivered"), "status": exactly("delivered"), **shapes.HOOK},
        ),
        "message.failed": Webhook(
            "A message failed", SIGNATURE, {"event": exactly("message.failed"), "status": exactly("failed"), **shapes.HOOK}
        ),
        "message.inbound": Webhook(
            "A phone wrote; goes to its service's `webhook_url`, else to `mo_url`", SIGNATURE, shapes.INBOUND
        ),
    },
)
