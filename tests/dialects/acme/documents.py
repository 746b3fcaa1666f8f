"""Acme's document."""

from __future__ import annotations

from typing import Any

from ...core import errors
from ..documenting import refusals
from ..documenting.operations import Document, Example, Operation, Scheme, Webhook
from ..documenting.sandbox_values import PHONE
from ..documenting.shapes import exactly, named, number, one_of
from . import schemas
from .access import SANDBOX
from .webhook import EVENTS
from .words import STATES

TEXT = {"text_id": "01990b6e-7c1f-7a3e-9f51-2d4c8a6b7e10", "state": one_of(STATES, "away"), "price": number(35)}
FAULT = named("Fault", {"fault": {"code": "no_such_thing", "text": "A sentence that says what went wrong."}})


def error_words(body: dict[str, Any]) -> tuple[str | None, str]:
    return body["fault"]["code"], body["fault"]["text"]


OPERATIONS = {
    "Texts": {
        "POST /texts": Operation(
            "Send a text",
            {202: TEXT},
            (refusals.TOO_LONG, refusals.REJECTED, refusals.NO_ROUTE, refusals.low_balance(SANDBOX.wallet_uid, "UGX")),
            body=schemas.SEND,
            examples=(Example(body={"number": PHONE, "words": "Hello from Acme"}, keep={"text_id": "text_id"}),),
        ),
        "GET /texts/{text_id}": Operation("Show a text", {200: TEXT}, (errors.MessageNotFound(),)),
    }
}
DOCUMENT = Document(
    "Acme Texts API",
    "A token in `X-Acme-Token`.",
    schemas,
    {"token": Scheme({"type": "apiKey", "in": "header", "name": "X-Acme-Token"}, ("token",))},
    (("token",),),
    OPERATIONS,
    lambda status, bodies: FAULT,
    error_words=error_words,
    parameters={"text_id": (TEXT["text_id"], "A text's id.")},
    notes={"number": "A phone in E.164.", "words": "What it says."},
    fields={schemas.Number: lambda field: {"type": "string", "pattern": r"^\+\d"}},
    webhooks={
        name: Webhook(f"A text is {word}", "X-Acme-Signature: the hex HMAC-SHA256 of the body.", {"event": exactly(name), **TEXT})
        for word, name in EVENTS.items()
    },
)
