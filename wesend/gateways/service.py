"""Gateways as the operator sets them up: checked by their type, secrets sealed, shown never again."""

from __future__ import annotations

import json
import re
import secrets as random
from typing import Any, NamedTuple

from ..accounts import audit_log, roles
from ..accounts.roles import OPERATE, Actor
from ..adapters.options import BadOption, destination, read_options
from ..core import clock, vault
from ..core.errors import GatewayExists, GatewayNotFound, InvalidInput
from ..core.languages import Sentence, said_by, sentence
from ..database import Row, Tx, atomic, query, query_one
from ..database.rows import GatewayRow
from . import balances, breaker, links, registry
from .registry import kind_of, types

NAME = re.compile(r"[a-z0-9][a-z0-9_\-]{0,39}")


class GatewayInfo(NamedTuple):
    """``kind`` is sms or money; ``problem`` is why it can't be used now; ``callback_url``: where the vendor
    brings receipts or results, if it brings any.

    ``options`` as they were given; of ``secrets`` only the names.
    """

    name: str
    type: str
    kind: str
    callback_url: str | None
    problem: Sentence | None
    options: dict[str, Any]
    secrets: tuple[str, ...] = ()


def set_gateway(
    name: str, type_name: str, options: dict[str, str], secrets: dict[str, str], *, actor: Actor, is_new: bool = False
) -> GatewayInfo:
    """Make a gateway or set it anew; secrets that are not given again stay, as its callback address does.

    Where the gateway's address changes, no secret stays: whoever may set it up could else have the secrets sent to
    themselves, which nobody is shown. An empty text removes a secret. InvalidInput tells in ``fields`` which setting
    is wrong. ``is_new``: GatewayExists instead of setting one anew.
    """
    roles.require(actor, OPERATE)
    name = named(name)
    if not NAME.fullmatch(name):
        raise _refused_name(f"{name!r} is not a gateway's name: small letters, digits, - and _, at most 40")
    if type_name not in types():
        raise InvalidInput(
            sentence("%(type_name)s is no type of gateway: choose one of %(types)s", type_name=type_name, types=", ".join(types()))
        )
    if name in registry.RESERVED:
        if type_name == registry.BUILT_IN.get(name) and not options and not secrets:
            return built_in(name)
        raise _refused_name(f"{name} is always there and can't be set: choose another name")
    before = query_one("SELECT * FROM gateways WHERE name = ?", (name,))
    if before is not None and before["type"] == type_name:
        kept = {word: secret for word, secret in _secrets_of(before).items() if word not in secrets}
        if kept and _leads_elsewhere(before, options, {**kept, **secrets}):
            raise InvalidInput(
                sentence(
                    "The address of %(name)s changes: give its secrets again (%(sorted)s)",
                    name=name,
                    sorted=", ".join(sorted(kept)),
                ),
                {f"secrets.{word}": ["Give it again: the gateway's address has changed"] for word in kept},
            )
        secrets = {**kept, **secrets}
    secrets = {word: secret for word, secret in secrets.items() if secret.strip()}
    token = before["callback_token"] if before is not None else random.token_urlsafe(24)
    _try_to_build(name, type_name, options, secrets, token)
    row = {
        "name": name,
        "type": type_name,
        "options": json.dumps(options),
        "secrets": vault.seal_table(secrets),
        "callback_token": token,
        "created_at": clock.now_ms(),
    }
    with atomic() as tx:
        if is_new and tx.one("SELECT 1 FROM gateways WHERE name = ?", (name,)) is not None:
            raise GatewayExists(
                sentence("There is a gateway named %(name)s already: change that one, or choose another name", name=name)
            )
        _store(tx, row)
        detail = f"{type_name}: {', '.join(sorted({*options, *secrets}))}" if before is None else _changes(before, row, secrets)
        audit_log.record(tx, actor=actor, action="gateway.set", subject=name, detail=detail)
    return get_gateway(name)


PLAIN = re.compile(r"[\w.:+-]{1,40}")
"""Of an option, what the audit log tells: an address or a template may hold what is nobody's to read there."""


def _changes(before: Row, after: dict[str, Any], secrets: dict[str, str]) -> str:
    """What changed from what to what; of secrets and longer options that they did."""
    was, now = ({"type": row["type"], **json.loads(row["options"])} for row in (before, after))
    known = _secrets_of(before)
    told = [
        f"{word} {was.get(word, 'none')} → {now.get(word, 'none')}"
        if all(PLAIN.fullmatch(options.get(word, "none")) for options in (was, now))
        else f"{word} changed"
        for word in {**was, **now}
        if was.get(word) != now.get(word)
    ]
    told += [f"{word} changed" for word in sorted({*known, *secrets}) if known.get(word) != secrets.get(word)]
    return ", ".join(told) or "unchanged"


def _refused_name(sentence: str) -> InvalidInput:
    return InvalidInput(sentence, {"name": [sentence]})


def _try_to_build(name: str, type_name: str, options: dict[str, str], secrets: dict[str, str], token: str) -> None:
    """InvalidInput for settings that the type can't use."""
    try:
        registry.build(name, type_name, options, secrets, registry.callback_address(name, type_name, token)).close()
    except ValueError as error:
        setting = error.setting if isinstance(error, BadOption) else None
        said = said_by(error)
        raise InvalidInput(said, {setting: [said]} if setting else None) from error


def _leads_elsewhere(before: Row, options: dict[str, str], secrets: dict[str, str]) -> bool:
    """Whether secrets that are kept would go to another address than they were given for.

    ``secrets``: with which it would be used. Where the address before can't be told (a newer version reads its settings
    more strictly), every address is another one.
    """
    kind = types()[before["type"]]
    try:
        new = destination(kind, read_options(kind, options, {name: secret for name, secret in secrets.items() if secret.strip()}))
    except BadOption:
        return False  # it is refused by its own words, and never used
    try:
        return new != destination(kind, read_options(kind, json.loads(before["options"]), _secrets_of(before)))
    except BadOption:
        return True


STORE = """
    INSERT INTO gateways (name, type, options, secrets, callback_token, created_at)
        VALUES (:name, :type, :options, :secrets, :callback_token, :created_at)
    ON CONFLICT (name) DO UPDATE SET type = excluded.type, options = excluded.options, secrets = excluded.secrets
"""


def _store(tx: Tx, row: dict[str, Any]) -> None:
    tx.execute(STORE, row)
    breaker.forget(tx, row["name"])
    balances.forget(tx, row["name"])


def named(name: str) -> str:
    """A gateway's name as it is kept: small letters, however it was written."""
    return name.strip().lower()


def _secrets_of(row: Row) -> dict[str, str]:
    """Those that were given before; none when the secret key is another one now, so that they can be given again."""
    try:
        return vault.unseal_table(row["secrets"])
    except vault.Unreadable:
        return {}


def remove_gateway(name: str, *, actor: Actor) -> None:
    """Gone; its routes lead nowhere, and what was queued for it is sent another way or refunded."""
    roles.require(actor, OPERATE)
    name = named(name)
    if name in registry.BUILT_IN:
        raise InvalidInput(sentence("%(name)s is always there and can't be removed", name=name))
    row = _find(name)
    with atomic() as tx:
        tx.execute("DELETE FROM gateways WHERE id = ?", (row["id"],))
        breaker.forget(tx, name)
        balances.forget(tx, name)
        audit_log.record(tx, actor=actor, action="gateway.remove", subject=name)


def _find(name: str) -> GatewayRow:
    row = query_one("SELECT * FROM gateways WHERE name = ?", (name,))
    if row is None:
        raise GatewayNotFound(sentence("There is no gateway named %(name)s", name=name))
    return row


def get_gateway(name: str) -> GatewayInfo:
    name = named(name)
    return built_in(name) if name in registry.BUILT_IN else _info(_find(name))


def list_gateways() -> list[GatewayInfo]:
    """Those that are always there, then those that were set up."""
    return [built_in(name) for name in registry.BUILT_IN] + [_info(row) for row in query("SELECT * FROM gateways ORDER BY name")]


def built_in(name: str) -> GatewayInfo:
    return GatewayInfo(name, registry.BUILT_IN[name], kind_of(registry.BUILT_IN[name]), None, None, {})


def _info(row: Row) -> GatewayInfo:
    kind = kind_of(row["type"])
    adapter = (registry.money_gateway if kind == "money" else registry.sms_gateway)(row["name"])
    of_type = types().get(row["type"])
    hears = of_type is not None and registry.hears_callbacks(of_type)
    problem = _why_not(row) if adapter is None else breaker.problem_of(row["name"]) or links.problem_of(row["name"])
    return GatewayInfo(
        row["name"],
        row["type"],
        kind,
        registry.callback_address(row["name"], row["type"], row["callback_token"]) if hears else None,
        problem,
        json.loads(row["options"]),
        tuple(_secrets_of(row)),
    )


def _why_not(row: Row) -> Sentence:
    """Why no adapter could be built of what was set up."""
    try:
        secrets = vault.unseal_table(row["secrets"])
        _try_to_build(row["name"], row["type"], json.loads(row["options"]), secrets, row["callback_token"])
    except vault.Unreadable:
        return sentence("its secrets can't be read with this secret key")
    except InvalidInput as error:
        return said_by(error)
    return sentence("it could not be used a moment ago")


def callback_token(name: str) -> str | None:
    row = query_one("SELECT callback_token FROM gateways WHERE name = ?", (name,))
    return row[0] if row else None
