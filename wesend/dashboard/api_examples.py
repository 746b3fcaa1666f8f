"""A first message by each of the APIs: as a cURL command to copy, and as a call that the page can make."""

from __future__ import annotations

import json
from typing import NamedTuple

from ..accounts.credentials import Credentials
from ..core import phones
from ..core.languages import marked
from ..core.phones import example_number
from ..dialects.dialect import registered
from ..dialects.first_message import Call, Wanted

TEXT = "Hello from wesend"
SENDER_NEEDED = marked("This API wants an approved sender ID: ask for one first.")
YOURS = Credentials("YOUR_PUBLIC_KEY", "YOUR_SECRET_KEY", ("api_key", "api_secret"))


class Example(NamedTuple):
    """``needs`` says what is missing before it can be run."""

    api: str
    title: str
    made: Call
    needs: str | None = None

    def curl(self, base_url: str) -> str:
        return " \\\n  ".join([f"curl {base_url}{self.made.path}", *self.made.options()])

    def call(self) -> str:
        """What app.js needs to make the call, as JSON."""
        return json.dumps({"url": self.made.path, "headers": self.made.headers, "body": self.made.text})


def examples(credentials: dict[str, Credentials], *, wallet_uid: str, to: str, sender: str | None) -> list[Example]:
    """One for each API that has credentials; ``to`` in E.164, ``sender`` an approved one, for the APIs that want one."""
    made = []
    for dialect in registered():
        given, first = credentials.get(dialect.name), dialect.first_message
        if given is not None:
            wanted = Wanted(wallet_uid, _number_for(first.country, to), sender if first.needs_sender else None, TEXT)
            needs = SENDER_NEEDED if first.needs_sender and not sender else None
            made.append(Example(dialect.name, dialect.title, first.call(given, wanted), needs))
    return made


def _number_for(country: str | None, to: str) -> str:
    """The number, or one of the only country that an API takes."""
    phone = phones.normalise(to, None)
    return to if country is None or (phone is not None and phone.country == country) else example_number(country)


def curl_of(api: str, base_url: str, *, wallet_uid: str, to: str, sender: str | None, text: str) -> str:
    """A message as the command that sends it again, by its own API (the first one's for one that came by none)."""
    dialect = next((dialect for dialect in registered() if dialect.name == api), registered()[0])
    call = dialect.first_message.call(YOURS, Wanted(wallet_uid, to, sender, text))
    return Example(dialect.name, dialect.title, call).curl(base_url)
