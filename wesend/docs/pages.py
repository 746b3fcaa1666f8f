"""`/docs`: the index, a page an API, and the documents themselves. Nothing is fetched from elsewhere."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, abort, current_app, jsonify, render_template, url_for
from flask.typing import ResponseReturnValue

from ..core.client_addresses import may_use_sandbox
from ..core.current_app import this_app
from ..core.number_words import in_words
from ..dialects.dialect import Dialect, registered
from ..dialects.documenting.operations import Document
from .document import document
from .postman import collection

blueprint = Blueprint(
    "docs", __name__, url_prefix="/docs", template_folder="templates", static_folder="static", static_url_path="/static"
)
STRICT = {
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
RAPIDOC = {**STRICT, "script-src": "'self'", "connect-src": "'self'", "style-src": "'self' 'unsafe-inline'"}
"""RapiDoc sets styles inside its shadow DOM."""


@blueprint.get("")
def show_index() -> ResponseReturnValue:
    return _page(
        "docs/index.html",
        STRICT,
        dialects=registered(),
        count=in_words(len(registered())),
        base_url=current_app.config["WESEND"].base_url,
        ways={dialect.name: _way(dialect.document) for dialect in registered()},
    )


def _way(document: Document) -> str:
    """How credentials are shown, in words."""
    words = {
        name: scheme.openapi.get("name") or {"basic": "HTTP Basic", "bearer": "Bearer"}[scheme.openapi["scheme"]]
        for name, scheme in document.schemes.items()
    }
    return " or ".join(" and ".join(words[name] for name in names) for names in document.security)


@blueprint.get("/<name>")
def show_api(name: str) -> ResponseReturnValue:
    dialect = _dialect(name)
    given = dialect.sandbox.credentials.shown() if may_use_sandbox() else {}
    schemes = dialect.document.schemes if given else {}
    keys = {scheme: [given[variable] for variable in found.variables] for scheme, found in schemes.items()}
    return _page("docs/api.html", RAPIDOC, dialect=dialect, dialects=registered(), keys=keys)


@blueprint.get("/openapi/<name>.json")
def show_document(name: str) -> ResponseReturnValue:
    return _download(_document(_dialect(name)))


@blueprint.get("/postman/<name>.json")
def show_collection(name: str) -> ResponseReturnValue:
    response = _download(collection(_dialect(name), current_app.config["WESEND"].base_url))
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.postman_collection.json"'
    return response


def _dialect(name: str) -> Dialect:
    return next((dialect for dialect in registered() if dialect.name == name), None) or abort(404)


def _document(dialect: Dialect) -> dict[str, Any]:
    """Made once; nothing in it changes while the application runs."""
    made = this_app().extensions.setdefault("wesend.docs", {})
    if dialect.name not in made:
        made[dialect.name] = document(this_app(), dialect)
    return made[dialect.name]


def _download(found: dict[str, Any]) -> Response:
    response = jsonify(found)
    response.headers["Cache-Control"] = "no-cache"
    return response


def _page(template: str, policy: dict[str, str], **values: Any) -> Response:
    response = Response(
        render_template(
            template,
            home=url_for(".show_index"),
            sandbox=may_use_sandbox(),
            smpp_port=this_app().config["WESEND"].smpp_port,
            **values,
        ),
        mimetype="text/html",
    )
    response.headers["Content-Security-Policy"] = "; ".join(f"{name} {value}" for name, value in policy.items())
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    return response
