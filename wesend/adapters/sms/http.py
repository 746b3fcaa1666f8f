"""Any other vendor with a JSON or form API, described by options: Beem, NextSMS, Infobip …"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from .. import reading
from ..callbacks import CallbackRequest, UnreadableCallback
from ..http_client import ANSWERED
from ..options import BadOption, Option, Values
from .base import ACCEPTED, DELIVERED, FAILED, REFUSED, SENT, CallbackReceipt, Outcome, Receipt, Submission
from .placeholders import MESSAGE_NAMES, fill, fill_all, read_form, read_json
from .remote import RemoteSmsGateway, failed, unreadable

MOST_RECEIPTS = 1000  # read from one call
ON_ITS_WAY = frozenset(("ACCEPTD", "ENROUTE", "ESME_ROK"))
"""Carriers' words that are no end; there is no option for them, since most vendors don't tell."""
PLACEHOLDERS = "may hold {to} {to_digits} {text} {sender} {reference} and secrets by name"


class HttpGateway(RemoteSmsGateway):
    type = "http"
    title = "Any HTTP API"
    about = "Beem, NextSMS, Infobip or another vendor with a JSON or form API, described by templates."
    any_secret = True
    options = (
        Option("url", "url", required=True, help=f"where a message is sent to; {PLACEHOLDERS}"),
        Option("method", "choice", default="POST", choices=("POST", "GET", "PUT")),
        Option("content_type", "choice", default="json", choices=("json", "form")),
        Option(
            "body", "template", help=f"JSON, or a=b&c=d for a form; {PLACEHOLDERS} inside its texts", destination=True
        ),  # a text made of a secret would go to the phone that a test names
        Option("headers", "json", default={}, help=f"a JSON object of texts; {PLACEHOLDERS}", destination=True),
        Option("success", pattern=r"[^=]+=.*", help="how a success is told, as path.to=value; without it any 2xx is one"),
        Option("id_path", help="where the answer has the message's id, such as messages.0.id"),
        Option("receipt_id", help="the receipts' field with the message's id"),
        Option("receipt_status", help="the receipts' field with the status word"),
        Option("delivered", "list", default=("DELIVRD", "DELIVERED"), help="status words of a delivery"),
        Option("failed", "list", default=("UNDELIV", "REJECTD", "EXPIRED", "FAILED"), help="status words of a failure"),
    )

    @classmethod
    def check(cls, values: Values) -> None:
        given, body = values.options, values.options["body"]
        taken = sorted(set(values.secrets) & set(MESSAGE_NAMES))
        if taken:
            raise BadOption(f"A secret can't be called {taken[0]}: that placeholder is the message's", f"secrets.{taken[0]}")
        if body is None and given["method"] != "GET":
            raise BadOption(f"The option body is missing: {given['method']} needs one", "options.body")
        if body is not None:
            (read_json if given["content_type"] == "json" else read_form)(body)
        headers = given["headers"]
        if not isinstance(headers, dict) or not all(
            isinstance(value, str) and (name + value).isprintable() for name, value in headers.items()
        ):
            raise BadOption("The option headers must be a JSON object of texts", "options.headers")
        if bool(given["receipt_id"]) != bool(given["receipt_status"]):
            raise BadOption("The options receipt_id and receipt_status go together")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        body, is_json = self.settings["body"], self.settings["content_type"] == "json"
        self.json = read_json(body) if body is not None and is_json else None
        self.form = read_form(body) if body is not None and not is_json else None
        self.sends_receipts = self.settings["receipt_id"] is not None

    def send(self, submission: Submission) -> Outcome:
        values = {
            **{name: secret or "" for name, secret in self.credentials.items()},
            "to": submission.to,
            "to_digits": submission.to.lstrip("+"),
            "text": submission.text,
            "sender": submission.sender or "",
            "reference": submission.reference,
        }

        def filled(template: str, escape: Callable[[str], str] = str) -> str:
            return fill(template, values, escape)

        reply = self.http.request(
            self.settings["method"],
            filled(self.settings["url"], lambda value: quote(value, safe="")),
            headers={
                name: filled(value, lambda value: " ".join(value.split())) for name, value in self.settings["headers"].items()
            },
            json=fill_all(self.json, filled),
            form=None if self.form is None else [(name, filled(value)) for name, value in self.form],
        )
        if reply.kind != ANSWERED:
            return failed(reply)
        answer = reading.json_value(reply.body)
        gateway_ref = reading.text(reading.pick(answer, self.settings["id_path"])) if self.settings["id_path"] else None
        if self.settings["success"]:
            path, _, wanted = self.settings["success"].partition("=")
            found = reading.text(reading.pick(answer, path.strip()))
            if found is None:
                return unreadable(reply)
            if found.casefold() != wanted.strip().casefold():
                return Outcome(REFUSED, gateway_ref, found, reply.said() or f"The gateway answered {path}={found}")
        return Outcome(ACCEPTED, gateway_ref=gateway_ref)

    def read_callback(self, request: CallbackRequest) -> list[CallbackReceipt]:
        """By the configured field names, from JSON (one receipt or a list), a form or the query."""
        if not self.sends_receipts:
            return []
        id_path, status_path = self.settings["receipt_id"], self.settings["receipt_status"]
        document = reading.json_value(request.body)
        if not isinstance(document, dict | list):
            document = {**request.query, **request.form}
        receipts, read = [], False
        for count, (ref, word) in enumerate(_pairs(document, id_path, status_path)):
            if count == MOST_RECEIPTS:
                break
            if ref is not None and word is not None:
                read = True
                kept = self._status(word)
                if kept:
                    receipts.append(CallbackReceipt(ref, ref, None, Receipt(kept, word)))
        if not read:
            raise UnreadableCallback
        return receipts

    def _status(self, word: str) -> str | None:
        if word.upper() in self.settings["delivered"]:
            return DELIVERED
        if word.upper() in self.settings["failed"]:
            return FAILED
        return SENT if word.upper() in ON_ITS_WAY else None


def _pairs(document: dict | list, id_path: str, status_path: str) -> Iterator[tuple[str | None, str | None]]:
    """Id and status of each receipt; a list on their common way (``results.messageId``) is one receipt an entry."""
    if isinstance(document, list):
        for entry in document:
            if isinstance(entry, dict):
                yield from _pairs(entry, id_path, status_path)
        return
    (head, _, id_rest), (other, _, status_rest) = id_path.partition("."), status_path.partition(".")
    if head not in document or head != other or not id_rest or not status_rest:
        yield reading.text(_at(document, id_path)), reading.text(_at(document, status_path))
    elif isinstance(document[head], dict | list):
        yield from _pairs(document[head], id_rest, status_rest)


def _at(document: Any, path: str) -> Any:
    """A field whose own name may have dots in it, else a path."""
    return document[path] if isinstance(document, dict) and path in document else reading.pick(document, path)
