"""Credentials of the APIs, each in its vendor's shape. Each dialect registers its own shape when the app is made."""

from __future__ import annotations

import hmac
import secrets
import string
from hashlib import sha256
from typing import NamedTuple

from flask import Flask

from ..core.current_app import this_app
from ..core.errors import InvalidInput
from ..core.languages import sentence

LETTERS_AND_DIGITS = string.ascii_letters + string.digits
URL_SAFE = LETTERS_AND_DIGITS + "-_"


class Credentials(NamedTuple):
    """What the client is given: ``public`` is absent where the dialect has one key only. ``names`` are the wire's."""

    public: str | None
    secret: str
    names: tuple[str, ...]

    def shown(self) -> dict[str, str]:
        values = (self.secret,) if self.public is None else (self.public, self.secret)
        return dict(zip(self.names, values, strict=True))


class Token(NamedTuple):
    """A random text of ``length`` characters after a prefix, which may be another one on a sandbox wallet."""

    live: str
    length: int = 32
    sandbox: str | None = None
    alphabet: str = LETTERS_AND_DIGITS

    @property
    def prefixes(self) -> tuple[str, ...]:
        return (self.live,) if self.sandbox is None else (self.live, self.sandbox)

    def new(self, *, for_sandbox: bool) -> str:
        prefix = self.sandbox if for_sandbox and self.sandbox is not None else self.live
        return prefix + "".join(secrets.choice(self.alphabet) for _ in range(self.length))


class Shape(NamedTuple):
    """What an API's credentials look like: a secret, and a public half where there is one. ``names`` are the wire's.

    ``is_short``: the protocol has no room for a secret that could be stored as a bare hash: it is kept under the instance's key.
    """

    names: tuple[str, ...]
    secret: Token
    public: Token | None = None
    is_short: bool = False

    @property
    def prefixes(self) -> tuple[str, ...]:
        """What a part of such credentials begins with, where it begins with anything."""
        tokens = (self.secret,) if self.public is None else (self.public, self.secret)
        return tuple(prefix for token in tokens for prefix in token.prefixes if prefix)

    def new(self, *, for_sandbox: bool) -> Credentials:
        public = None if self.public is None else self.public.new(for_sandbox=for_sandbox)
        return Credentials(public, self.secret.new(for_sandbox=for_sandbox), self.names)


def register(app: Flask, api: str, shape: Shape) -> None:
    app.extensions.setdefault("wesend.credentials", {})[api] = shape


def _shapes() -> dict[str, Shape]:
    return this_app().extensions.get("wesend.credentials", {})


def apis() -> tuple[str, ...]:
    """The APIs that a key may be for."""
    return tuple(_shapes())


def digest_of(api: str, secret: str) -> str:
    """What is stored of a secret."""
    given = secret.encode("utf-8", "surrogatepass")
    shape = _shapes().get(api)
    if shape is None or not shape.is_short:
        return sha256(given).hexdigest()
    key = sha256(b"wesend short secrets\0" + str(this_app().config["SECRET_KEY"]).encode()).digest()
    return hmac.new(key, given, sha256).hexdigest()


def new_credentials(api: str, *, for_sandbox: bool) -> Credentials:
    """Fresh credentials in the API's own shape."""
    if api not in _shapes():
        raise InvalidInput(sentence("%(api)s is not an API of wesend: choose one of %(apis)s", api=api, apis=", ".join(apis())))
    return _shapes()[api].new(for_sandbox=for_sandbox)
