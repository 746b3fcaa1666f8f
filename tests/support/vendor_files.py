"""A made-up vendor's file, and what a test changes of it."""

from __future__ import annotations

from pathlib import Path

from wesend.adapters.sms.engine.definition import Vendor
from wesend.adapters.sms.engine.gateway import VendorGateway
from wesend.adapters.sms.engine.loader import parse
from wesend.adapters.sms.engine.types import vendor_type

CALLBACK = "https://gw.example.com/callbacks/sms/g/t0ken"
ACME = """
format = 1
name = "acme"
label = "Acme"
countries = ["UG"]

[options.base_url]
kind = "url"
default = "https://api.acme.example"
[options.desk]
default = "front"

[secrets.api_key]
required = true

[auth]
kind = "header"
name = "X-Key"
value = "{api_key}"

[send]
url = "{base_url}/send"
to = "digits"
batch = 3
body = { from = "{sender}", text = "{text}", to = "{items}" }
[send.item]
number = "{to}"
ref = "{reference}"

[answer]
code = "code"
codes = { 200 = "accepted", 400 = "refused", 429 = "temporary" }
error = "message"
[answer.item]
path = "recipients"
to = "number"
code = "status"
codes = { queued = "accepted", bad = "refused", later = "temporary" }
id = "id"
cost = "price"
error = "why"

[receipt]
id = "id"
reference = "ref"
to = "to"
status = "status"
code = "err"
words = { DELIVRD = "delivered", UNDELIV = "failed", ENROUTE = "sent", LOST = "never_sent" }
own_fault = ["E7"]

[poll]
url = "{base_url}/report/{id}"
status = "status"
words = { DELIVRD = "delivered", UNDELIV = "failed" }
none = 404

[[sample]]
of = "answer"
body = '{"code": 200, "recipients": [{"number": "256772000001", "status": "queued", "id": "a1", "price": "KES 0.8000"}]}'
gives = [{ outcome = "accepted", id = "a1", cost = 0.8, currency = "KES" }]
"""


def changed(*changes: tuple[str, str], text: str = ACME) -> str:
    """The file with pieces of it replaced."""
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def vendor_of(text: str = ACME) -> Vendor:
    return parse(text.encode(), "acme.toml")


def gateway_of(
    url: str, text: str = ACME, *, timeout: float = 20.0, secrets: dict | None = None, **options: object
) -> VendorGateway:
    kind = vendor_type(vendor_of(text))
    given = {"api_key": "k3y"} if secrets is None else secrets
    return kind("g", {"base_url": url, **options}, given, timeout=timeout, callback_url=CALLBACK)


def write_file(instance: Path, text: str = ACME, name: str = "acme") -> Path:
    """As an operator puts it there, before the start."""
    folder = instance / "vendors"
    folder.mkdir(mode=0o700, exist_ok=True)
    (folder / f"{name}.toml").write_text(text)
    return folder / f"{name}.toml"
