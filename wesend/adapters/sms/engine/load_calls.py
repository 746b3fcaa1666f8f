"""The parts of a vendor's file that make requests: calls, how they are authorised, how a call to us is checked."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..placeholders import PLACEHOLDER
from . import checks
from .checks import BadVendorFile, Expected, Table
from .definition import Auth, Call, Check
from .templates import filler, names_in, text_filler, url_filler

METHODS = ("GET", "POST", "PUT", "PATCH")


class Names(NamedTuple):
    """Of the options, of those that are URLs, and of the secrets."""

    options: tuple[str, ...]
    addresses: tuple[str, ...]
    secrets: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        return self.options + self.secrets


def templates_of(table: Table, key: str, document: Any, known: tuple[str, ...]) -> None:
    """BadVendorFile for a placeholder that nobody fills."""
    for name in names_in(document):
        if name not in known:
            raise table.wrong(key or None, f"unknown placeholder {{{name}}}{checks.nearest(name, known)}")


def read_call(
    table: Table,
    names: Names,
    more: tuple[str, ...],
    *,
    in_url: tuple[str, ...] = (),
    method: str = "POST",
    content_type: str | None = None,
) -> Call:
    """``more``: the placeholders of this call beside options and secrets; ``in_url``: those that a URL takes, too."""
    known = names.all + more
    url = table.read("url", checks.text, required=True)
    templates_of(table, "url", url, names.all + in_url)
    first = PLACEHOLDER.match(url)
    if not (url.startswith(("https://", "http://")) or (first and first[1] in names.addresses)):
        raise table.wrong("url", f"expected an address that begins with {{base_url}} or https://, not {checks.shown(url)}")
    method = table.read("method", checks.one_of(*METHODS), method)
    default_type = content_type or ("none" if method == "GET" else "json")
    content_type = table.read("content_type", checks.one_of("json", "form", "none"), default_type)
    query, headers = table.read("query", checks.table_of_scalars), table.read("headers", checks.table_of_texts)
    body = table.read("body", checks.document if content_type == "json" else _form)
    for key, value in (("query", query), ("headers", headers), ("body", body)):
        templates_of(table, key, value, known)
    if body is not None and content_type == "none":
        raise table.wrong("body", 'expected none with content_type = "none"')
    return Call(
        url_filler(url, names.all + in_url, names.addresses),
        method,
        content_type,
        None if not query else filler(query, known),
        None if not headers else filler(headers, known),
        None if body is None else filler(body, known),
        any("callback_url" in names_in(part) for part in (query, headers, body)),
    )


def _form(value: Any) -> dict:
    if not isinstance(value, dict) or not checks.of_scalars(value):
        raise Expected("a table of texts and numbers, as a form holds them")
    return value


def read_auth(table: Table | None, names: Names) -> Auth:
    if table is None:
        return Auth()
    kind = table.read("kind", checks.one_of("none", "basic", "header", "bearer", "oauth"), required=True)

    def template(key: str, more: tuple[str, ...] = (), default: str | None = None, *, required: bool = False) -> Any:
        text = table.read(key, checks.text, default, required=required)
        templates_of(table, key, text, names.all + more)
        return None if text is None else text_filler(text, names.all + more)

    auth = Auth(kind)
    if kind == "basic":
        auth = auth._replace(user=template("user", required=True), password=template("password", required=True))
    elif kind == "header":
        auth = auth._replace(name=table.read("name", checks.text, required=True), value=template("value", required=True))
    elif kind == "bearer":
        table.read("token", checks.text, required=True)
        template("token")
        auth = auth._replace(value=text_filler(f"Bearer {table.values['token']}", names.all))
    elif kind == "oauth":
        auth = Auth(
            kind,
            template("user"),
            template("password"),
            table.read("name", checks.text, table.read("header", checks.text, "Authorization")),
            template("value", ("token",), "Bearer {token}"),
            read_call(table, names, ()),
            table.read("token", checks.paths, ("access_token",)),
            table.read("expires_in", checks.paths, ("expires_in",)),
            table.read("lifetime", checks.integer(1, 366 * 24 * 3600), 3600),
            frozenset(table.read("stale", checks.statuses, (401,))),
        )
        if "token" in names.all:
            raise table.wrong("kind", "expected no option or secret named token: {token} is what the call brings")
        if (auth.user is None) != (auth.password is None):
            raise table.wrong("password", "expected user and password together")
    table.done()
    return auth


def read_check(table: Table | None, names: Names) -> Check | None:
    if table is None:
        return None
    kind = table.read("kind", checks.one_of("secret", "hmac"), required=True)
    header = table.read("header", checks.text)

    def template(key: str) -> Any:
        text = table.read(key, checks.text, required=True)
        templates_of(table, key, text, names.all)
        if not any(name in names.secrets for name in names_in(text)):
            raise table.wrong(key, f"expected a secret's placeholder, not {checks.shown(text)}")
        return filler(text, names.all)

    if kind == "secret":
        check = Check(kind, header, table.read("field", checks.path), template("is"))
        if (check.header is None) == (check.field is None):
            raise table.wrong("header", "expected either header or field")
    else:
        over = table.read("over", checks.any_text, "{body}")
        templates_of(table, "over", over, names.all + ("body",))
        check = Check(
            kind,
            header,
            None,
            None,
            table.read("hash", checks.one_of("sha1", "sha256", "sha512"), "sha256"),
            template("key"),
            table.read("as", checks.one_of("hex", "base64"), "hex"),
            table.read("prefix", checks.any_text, ""),
            over,
        )
        if header is None:
            raise table.wrong("header", "is missing")
        if "body" not in names_in(over):
            raise table.wrong("over", "expected {body} in it")
    table.done()
    return check


__all__ = ["BadVendorFile", "Names", "read_auth", "read_call", "read_check", "templates_of"]
