"""Any other vendor with a JSON or form API, described by options. It works by the same engine as the vendors' files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...core.languages import marked, sentence
from ..options import BadOption, Option, Values
from .base import ACCEPTED, DELIVERED, FAILED, NOT_TAKEN, REFUSED, SENT, Submission
from .engine.definition import Answer, Auth, Call, Inbound, Receipts, Send, Vendor
from .engine.documents import folded
from .engine.gateway import VendorGateway
from .engine.templates import Filler, plain_filler, text_filler, url_filler
from .placeholders import MESSAGE_NAMES, VALID_SECONDS, read_form, read_json

ON_ITS_WAY = ("ACCEPTD", "ENROUTE", "ESME_ROK")
"""Carriers' words that are no end; there is no option for them, nor for NOT_TAKEN, since most vendors don't tell."""
MOVED = {status: REFUSED for status in (301, 307, 308)}
"""It says for sure that nothing was carried out, unlike 302 and 303."""
INBOUND = ("from", "text", "to", "id", "time")
PLACEHOLDERS = "{to} {to_digits} {text} {sender} {reference}"


class HttpGateway(VendorGateway):
    type = "http"
    title = marked("Any HTTP API")
    about = "A vendor with a JSON or form API that is in no file, described by templates."
    any_secret = True
    hears = True
    vendor = Vendor("http", "", (), (), (), Auth(), Send(Call(lambda _values: "", "POST", "json", None, None, None)), Answer())
    options = (
        Option(
            "url",
            "url",
            required=True,
            help=sentence("where a message is sent to; may hold %(places)s and secrets by name", places=PLACEHOLDERS),
        ),
        Option("method", "choice", default="POST", choices=("POST", "GET", "PUT")),
        Option("content_type", "choice", default="json", choices=("json", "form")),
        Option(
            "body",
            "template",
            help=sentence(
                "JSON, or a=b&c=d for a form; may hold %(places)s and secrets by name inside its texts", places=PLACEHOLDERS
            ),
            destination=True,
        ),  # a text made of a secret would go to the phone that a test names
        Option(
            "headers",
            "json",
            default={},
            help=sentence("a JSON object of texts; may hold %(places)s and secrets by name", places=PLACEHOLDERS),
            destination=True,
        ),
        Option("success", pattern=r"[^=]+=.*", help="how a success is told, as path.to=value; without it any 2xx is one"),
        Option("id_path", help="where the answer has the message's id, such as messages.0.id"),
        Option("receipt_id", help="the receipts' field with the message's id"),
        Option("receipt_status", help="the receipts' field with the status word"),
        Option("inbound_from", help="incoming messages' field with the sender's number, such as results.from"),
        Option("inbound_text", help="incoming messages' field with the text"),
        Option("inbound_to", help="incoming messages' field with the number that was written to"),
        Option("inbound_id", help="incoming messages' field with their id"),
        Option("inbound_time", help="incoming messages' field with their time; it stands for an id where there is none"),
        Option("delivered", "list", default=("DELIVRD", "DELIVERED"), help="status words of a delivery"),
        Option("failed", "list", default=("UNDELIV", "REJECTD", "EXPIRED", "FAILED"), help="status words of a failure"),
    )

    @classmethod
    def check(cls, values: Values) -> None:
        given, body = values.options, values.options["body"]
        taken = sorted(set(values.secrets) & set(MESSAGE_NAMES))
        if taken:
            raise BadOption(
                sentence("A secret can't be called %(name)s: that placeholder is the message's", name=taken[0]),
                f"secrets.{taken[0]}",
            )
        if body is None and given["method"] != "GET":
            raise BadOption(sentence("The option body is missing: %(method)s needs one", method=given["method"]), "options.body")
        if body is not None:
            (read_json if given["content_type"] == "json" else read_form)(body)
        headers = given["headers"]
        if not isinstance(headers, dict) or not all(
            isinstance(value, str) and (name + value).isprintable() for name, value in headers.items()
        ):
            raise BadOption(sentence("The option headers must be a JSON object of texts"), "options.headers")
        if bool(given["receipt_id"]) != bool(given["receipt_status"]):
            raise BadOption(sentence("The options receipt_id and receipt_status go together"))
        if bool(given["inbound_from"]) != bool(given["inbound_text"]):
            raise BadOption(sentence("The options inbound_from and inbound_text go together"))
        further = [f"inbound_{name}" for name in INBOUND[2:] if given[f"inbound_{name}"]]
        if further and not given["inbound_from"]:
            raise BadOption(
                sentence("The option %(name)s needs inbound_from and inbound_text", name=further[0]), f"options.{further[0]}"
            )

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.sends_receipts = self.settings["receipt_id"] is not None
        self.work_by(described(self.settings, tuple(self.credentials)))

    def of_message(self, message: Submission) -> dict[str, Any]:
        """The placeholders that there have always been: any other name is a secret's."""
        known = _names(tuple(self.credentials))
        return {name: value for name, value in super().of_message(message).items() if name in known}


def _names(secrets: tuple[str, ...]) -> tuple[str, ...]:
    """Placeholders of the message; a secret that was called as the newest of them before there was one stays a secret."""
    return MESSAGE_NAMES if VALID_SECONDS in secrets else (*MESSAGE_NAMES, VALID_SECONDS)


def described(settings: Mapping[str, Any], secrets: tuple[str, ...]) -> Vendor:
    """The options as the file of a vendor would say them."""
    return HttpGateway.vendor._replace(
        send=Send(_call(settings, secrets)), answer=_answer(settings), receipts=_receipts(settings), inbound=_inbound(settings)
    )


def _call(settings: Mapping[str, Any], secrets: tuple[str, ...]) -> Call:
    known = (*_names(secrets), *secrets)
    body, kind = settings["body"], settings["content_type"]
    filled = None if body is None else plain_filler(read_json(body), known) if kind == "json" else _form(read_form(body), known)
    return Call(
        url_filler(settings["url"], known, ()),
        settings["method"],
        "none" if body is None else kind,
        None,
        plain_filler(settings["headers"], known),
        filled,
    )


def _form(pairs: list[tuple[str, str]], known: tuple[str, ...]) -> Filler:
    fields = [(name, text_filler(value, known)) for name, value in pairs]
    return lambda values: [(name, fill(values)) for name, fill in fields]


def _answer(settings: Mapping[str, Any]) -> Answer:
    path, _, wanted = (settings["success"] or "").partition("=")
    return Answer(
        http=MOVED,
        code=(path.strip(),) if settings["success"] else (),
        codes={folded(" ".join(wanted.split())): ACCEPTED} if settings["success"] else {},
        otherwise=REFUSED,
        id=(settings["id_path"],) if settings["id_path"] else (),
        strict=False,
    )


def _receipts(settings: Mapping[str, Any]) -> Receipts | None:
    if settings["receipt_id"] is None:
        return None
    common, (id_path, status_path) = _on_the_way(settings["receipt_id"], settings["receipt_status"])
    words = {folded(word): SENT for word in ON_ITS_WAY} | {folded(word): FAILED for word in NOT_TAKEN}
    words |= {folded(word): FAILED for word in settings["failed"]}
    words |= {folded(word): DELIVERED for word in settings["delivered"]}
    ids, statuses = (id_path, settings["receipt_id"]), (status_path, settings["receipt_status"])
    return Receipts(path=common, id=ids, reference=ids, status=statuses, words=words, tells_unlisted=False, flat=bool(common))


def _inbound(settings: Mapping[str, Any]) -> Inbound | None:
    given = {name: settings[f"inbound_{name}"] for name in INBOUND if settings[f"inbound_{name}"]}
    if not given:
        return None
    common, rests = _on_the_way(*given.values())
    paths = {name: (rest, path) for (name, path), rest in zip(given.items(), rests, strict=True)}
    return Inbound(
        path=common,
        sender=paths["from"],
        text=paths["text"],
        to=paths.get("to", ()),
        id=paths.get("id", ()),
        date=paths.get("time", ()),
    )


def _on_the_way(*paths: str) -> tuple[str, list[str]]:
    """The common way of several paths (``results.messageId``, ``results.status``) and what is left of each."""
    common: list[str] = []
    rests = [path.split(".") for path in paths]
    while all(len(rest) > 1 and rest[0] == rests[0][0] for rest in rests):
        common.append(rests[0][0])
        rests = [rest[1:] for rest in rests]
    return ".".join(common), [".".join(rest) for rest in rests]
