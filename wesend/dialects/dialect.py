"""What all dialects share: authentication, rate limit, idempotency and error rendering as one parent blueprint.

A dialect gives its own words (how it authenticates, how it shows an error, how it answers again for a batch that
was paid for); the order of things is the same for all: 401, 403, 429, 503, idempotency, the view. What others need to
know of it (the domains, the dashboard, /docs) it registers itself, so that a new one is a folder and a place in the list.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from flask import Blueprint, Flask, Request, Response, current_app, g, request
from flask.typing import ResponseReturnValue
from marshmallow import Schema, ValidationError
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound

from ..accounts import idempotency
from ..accounts.credentials import Shape
from ..accounts.credentials import register as register_shape
from ..accounts.key_limits import require_usable
from ..accounts.key_use import note_use
from ..accounts.keys import Key
from ..accounts.roles import KeyHolder
from ..accounts.service import AccountInfo
from ..accounts.sides import SANDBOX, Side
from ..coordination.rate_limit import check_rate
from ..core import clock, namespaces, storage
from ..core.client_addresses import client_address, may_use_sandbox
from ..core.current_app import this_app
from ..core.current_request import this_g, this_request
from ..core.errors import AccountSuspended, InsufficientScope, InvalidCredentials, InvalidInput, WesendError
from ..messages.sending.bulk import was_taken_in
from ..messages.sending.options import Origin
from ..sandbox.published import Published
from ..sandbox.published import register as register_access
from ..wallets.service import WalletInfo, wallet_by_id
from ..webhooks import formats
from ..webhooks.formats import Format
from . import call_log, strictness
from .body import InvalidText, MalformedJson, json_object
from .documenting.operations import Document
from .fingerprint import fingerprints
from .first_message import FirstMessage

KEPT = frozenset({402, 403, 404, 422, 502})
"""Refusals that are a final answer: kept for the Idempotency-Key, beside every 2xx."""


Shown = tuple[dict[str, Any], int, dict[str, str]]
"""An error as a dialect shows it: body, status, headers."""

NAMESPACE = "HTTP_" + namespaces.HEADER.upper().replace("-", "_")
READING = ("GET", "HEAD", "OPTIONS")
TO_READ, TO_WRITE = frozenset({"query"}), frozenset({"send"})
"""The scopes of most calls."""


class InvalidIdempotencyKey(WesendError):
    sentence = "An Idempotency-Key has 1 to 255 visible ASCII characters"


class CurlCommand(Protocol):
    """A call of an API as the dashboard hands it out. ``user``: public half and secret; ``fill``: word in it → value."""

    @property
    def title(self) -> str: ...

    def curl(self, base_url: str, wallet_uid: str, user: str, fill: dict[str, str]) -> str: ...


class SecondPrefix(NamedTuple):
    """Another prefix under which a part of an API is served, where the rest of that prefix is another dialect's.

    ``parts``: the first steps below it that are this dialect's.
    """

    prefix: str
    parts: tuple[str, ...]


class Dialect:
    """One vendor's API: its blueprint and its words.

    ``title`` is what people call it; ``credentials`` the shape of its keys; ``sandbox`` its published access to the
    sandbox; ``first_message`` how one is sent by it; ``document`` what /docs shows of it; ``commands`` (section → calls)
    those that the dashboard hands out, if it has any.

    ``authenticate()`` gives the key of the current request or raises; ``show_error(error)`` gives
    ``(body, status, headers)`` for a WesendError, ValidationError or HTTPException; ``answer_again(subject)`` renders
    the answer to a request that paid for ``batch:…`` or ``deposit:…`` and died.

    ``scopes``: endpoint → the scopes of which a key needs one, where they are others than `query` to read and `send` to
    write. ``body_limits``: endpoint → bytes of its body, where it may have more than others.
    """

    def __init__(
        self,
        name: str,
        prefix: str,
        *,
        title: str,
        credentials: Shape,
        sandbox: Published,
        first_message: FirstMessage,
        document: Document,
        authenticate: Callable[[], Key],
        show_error: Callable[[Exception], Shown],
        answer_again: Callable[[str], ResponseReturnValue],
        webhook_format: Format,
        rate_limit: int | None = None,
        public_endpoints: frozenset[str] = frozenset(),
        scopes: Mapping[str, frozenset[str]] | None = None,
        body_limits: Mapping[str, int] | None = None,
        second: SecondPrefix | None = None,
        commands: Mapping[str, Sequence[CurlCommand]] | None = None,
    ):
        self.name, self.prefix, self.title = name, prefix, title
        self.credentials, self.sandbox = credentials, sandbox
        self.first_message, self.document, self.commands = first_message, document, commands or {}
        self.authenticate, self.show_error, self.answer_again = authenticate, show_error, answer_again
        self.rate_limit = rate_limit
        self.public_endpoints, self.scopes, self.body_limits = public_endpoints, scopes or {}, body_limits or {}
        self.webhook_format = webhook_format
        self.second = second
        self.blueprint = self._blueprint(name, prefix)
        self.blueprints = [self.blueprint]
        if second is not None:
            self.blueprints.append(self._blueprint(name + second.prefix.replace("/", "_"), second.prefix))

    def _blueprint(self, name: str, prefix: str) -> Blueprint:
        made = Blueprint(name, __name__, url_prefix=prefix)
        made.before_request(self._before)
        made.after_request(self._after)
        made.register_error_handler(WesendError, self.render)
        made.register_error_handler(ValidationError, self.render)
        return made

    def add(self, child: Blueprint, *, everywhere: bool = True) -> None:
        """Serve a part of the API; under the second prefix, too, if there is one and ``everywhere``."""
        for blueprint in self.blueprints if everywhere else self.blueprints[:1]:
            blueprint.register_blueprint(child)

    @property
    def prefixes(self) -> list[str]:
        """Below each of them a path is this dialect's, unless a longer one of another's fits."""
        if self.second is None:
            return [self.prefix]
        return [self.prefix, *(f"{self.second.prefix}/{part}" for part in self.second.parts)]

    def register(self, app: Flask) -> None:
        for blueprint in self.blueprints:
            app.register_blueprint(blueprint)
        app.extensions.setdefault("wesend.dialects", []).append(self)
        register_shape(app, self.name, self.credentials)
        register_access(app, self.name, self.sandbox)
        formats.register(app, self.webhook_format)

    # -- the order of things ---------------------------------------------

    def _before(self) -> ResponseReturnValue | None:
        asked, here = this_request(), this_g()
        here.arrived_at = clock.now_ms()
        endpoint = self._endpoint_of(asked)
        if self.public_endpoints and endpoint in self.public_endpoints:
            here.address = client_address()
            here.key = self._key_or_none(here.address)
            return None
        key = here.key = self.authenticate()
        if key.is_sandbox and not may_use_sandbox():
            raise InvalidCredentials
        address = here.address = client_address()
        require_usable(key, address)
        note_use(key, address)
        if not key.account.is_active:
            raise AccountSuspended
        if key.scopes.isdisjoint(self._scopes_of(asked, endpoint)):
            raise InsufficientScope
        if endpoint in self.body_limits:
            here.body_limit = self.body_limits[endpoint]
        settings = this_app().config["WESEND"]
        limit = settings.rate_limit if settings.rate_limit is not None else self.rate_limit
        if limit is not None:
            check_rate(key.id, limit)
        if asked.method not in READING:
            storage.here().require()
        here.namespace = self._namespace(asked, key) if key.side == SANDBOX else None
        name = asked.environ.get("HTTP_IDEMPOTENCY_KEY", "").strip()
        if name and asked.method == "POST":
            return self._claim(key, name)
        return None

    def _key_or_none(self, address: str) -> Key | None:
        """The key that a call shows where nobody need show one: a wrong one is none, and so is one that may not be used."""
        try:
            key = self.authenticate()
            require_usable(key, address)
        except InvalidCredentials:
            return None
        return None if not key.account.is_active or (key.is_sandbox and not may_use_sandbox()) else key

    def _namespace(self, asked: Request, key: Key) -> str | None:
        """Where in the sandbox's inbox what this call sends is caught: as it says, else as its key does."""
        given = asked.environ.get(NAMESPACE)
        if given is None or not this_app().config["WESEND"].sandbox:
            return key.namespace
        if not namespaces.is_namespace(given):
            raise ValidationError({namespaces.HEADER: [namespaces.PROBLEM]})
        return given

    def _endpoint_of(self, asked: Request) -> str:
        """The endpoint by its name under the first prefix."""
        return f"{self.name}.{(asked.endpoint or '').partition('.')[2]}"

    def _scopes_of(self, asked: Request, endpoint: str) -> frozenset[str]:
        """Of which a key must have one for a request."""
        return self.scopes.get(endpoint) or (TO_READ if asked.method in READING else TO_WRITE)

    def _claim(self, key: Key, name: str) -> ResponseReturnValue | None:
        if len(name) > 255 or not name.isascii() or not name.isprintable():
            raise InvalidIdempotencyKey
        namespace = g.namespace
        # Runs beside one another may use the same names.
        found = idempotency.begin(key.id, name if namespace is None else f"{namespace} {name}", *fingerprints())
        if isinstance(found, idempotency.Answer):
            response = Response(found.body, found.status_code, content_type=found.content_type)
            response.headers["Idempotency-Replayed"] = "true"
            return response
        if isinstance(found, idempotency.Paid):
            g.claim = found.claim
            kind, _, uid = found.subject.partition(":")
            if kind == "batch" and not was_taken_in(uid):
                # A crash cut its intake short and it was undone, its key with it: carry the request out anew.
                return self._claim(key, name)
            return self.answer_again(found.subject)
        g.claim = found
        return None

    def _after(self, response: Response) -> Response:
        claim = this_g().pop("claim", None)
        if claim is not None:
            final = 200 <= response.status_code < 300 or (response.status_code in KEPT and not g.get("not_carried_out", False))
            if final:
                idempotency.keep(
                    claim, idempotency.Answer(response.status_code, response.get_data(as_text=True), response.content_type or "")
                )
            else:
                idempotency.release(claim)
        call_log.note(response)
        return response

    def render(self, error: Exception) -> Response:
        """An error in this dialect's envelope."""
        if not isinstance(error, WesendError) or isinstance(error, InvalidInput | MalformedJson | InvalidText):
            g.not_carried_out = True  # a validation error: the key stays free for the corrected request
        shown, status, headers = self.show_error(error)
        this_g().error_code = call_log.code_of(error, shown)
        response: Response = current_app.json.response(shown)  # type: ignore[assignment]  # it makes Flask's own
        response.status_code = status
        response.headers.update(headers)
        return response


def account() -> AccountInfo:
    return this_g().key.account


def key_wallet() -> WalletInfo:
    """The wallet that the current request's key pays from."""
    return wallet_by_id(this_g().key.wallet_id)


def side() -> Side:
    """The side of the current request's key, beyond which nothing exists for it: given to every service that looks up,
    lists or changes what is an account's."""
    return this_g().key.side


def actor() -> KeyHolder:
    """Who the audit log names for what the current request does."""
    here = this_g()
    key = here.key
    return KeyHolder(key.account.id, key.id, key.prefix, here.address)


def origin() -> Origin:
    """Where the current request's send comes from."""
    here = this_g()
    key: Key = here.key
    return Origin(
        key.api,
        key.id,
        here.get("claim"),
        daily_limit_micros=key.limits.daily_micros,
        valid_for=key.limits.valid_for,
        namespace=here.get("namespace"),
    )


def load(schema: Schema, data: Mapping[str, Any]) -> dict:
    """Check ``data`` against a module-level schema; a ValidationError is shown by the dialect.

    Of a body that is to be read strictly, unknown fields are errors, too.
    """
    if this_g().get("json") is data and strictness.is_asked():
        return strictness.load(schema, data)
    return schema.load(data)


def require_no_fields() -> None:
    """Of a call that reads no body: where one came that is to be read strictly, each of its fields is an error."""
    if strictness.is_asked():
        strictness.require_known(json_object(optional=True), ())


def register_http_errors(app: Flask, elsewhere: Callable[[HTTPException], Any] | None = None) -> None:
    """Unrouted 404s and 405s never reach a blueprint: one handler picks the dialect by its longest prefix.

    ``elsewhere`` answers for paths of no dialect; None from it leaves them to the plain JSON.
    """

    def show(error: HTTPException) -> ResponseReturnValue:
        status = error.code
        if status is None or status < 400:
            return error
        dialect = dialect_of(app, request.path)
        if dialect is not None and isinstance(error, NotFound):
            error = _wrong_method() or error
        if dialect is None:
            shown = elsewhere(error) if elsewhere is not None else None
            if shown is not None:
                return shown
            return {"error": error.name.lower().replace(" ", "_"), "message": error.description}, status
        response = dialect.render(error)
        for name, value in error.get_headers():
            if name in ("Allow", "Retry-After", "WWW-Authenticate"):
                response.headers.setdefault(name, value)
        return response

    app.register_error_handler(HTTPException, show)


def _wrong_method() -> MethodNotAllowed | None:
    """What a 404 should have been: where a route ends in a slash and the path does not, the router forgets its methods."""
    router = current_app.create_url_adapter(request)
    allowed = list(router.allowed_methods(request.path + "/")) if router is not None and request.url_rule is None else []
    return MethodNotAllowed(allowed) if allowed else None


def registered() -> list[Dialect]:
    """Those of the current application, in the order of the list."""
    return this_app().extensions["wesend.dialects"]


def titles() -> dict[str, str]:
    """What people call each API, by its name."""
    return {dialect.name: dialect.title for dialect in registered()}


def dialect_of(app: Flask, path: str) -> Dialect | None:
    """Whose prefix is the longest that a path lies below."""
    fitting = [
        (len(prefix), dialect)
        for dialect in app.extensions.get("wesend.dialects", ())
        for prefix in dialect.prefixes
        if path == prefix or path.startswith(prefix + "/")
    ]
    return max(fitting, key=lambda found: found[0], default=(0, None))[1]
