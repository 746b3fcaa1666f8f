"""Gateways as the operator sets them up: checked by their type, secrets sealed, shown never again."""

from __future__ import annotations

import json
import re
import secrets as random
from typing import Any, NamedTuple

from flask import current_app

from .. import clock, vault
from ..accounts import audit_log
from ..database import Row, atomic, query, query_one
from ..errors import GatewayNotFound, InvalidInput
from . import breaker, registry
from .registry import kind_of, types

NAME = re.compile(r"[a-z0-9][a-z0-9_\-]{0,39}")


class GatewayInfo(NamedTuple):
    """``kind`` is sms or money; ``problem`` is why it can't be used now; ``callback_url`` is for the vendor to call."""

    name: str
    type: str
    kind: str
    callback_url: str | None
    problem: str | None
    options: dict[str, Any]


def set_gateway(name: str, type_name: str, options: dict[str, str], secrets: dict[str, str], *, actor: str) -> GatewayInfo:
    """Make a gateway or set it anew; secrets that are not given again stay, as its callback address does."""
    name = name.strip().lower()
    if not NAME.fullmatch(name):
        raise InvalidInput(f"{name!r} is not a gateway's name: small letters, digits, - and _")
    if type_name not in types():
        raise InvalidInput(f"{type_name} is no type of gateway: choose one of {', '.join(types())}")
    if name in registry.BUILT_IN:
        if type_name == registry.BUILT_IN[name] and not options and not secrets:
            return built_in(name)
        raise InvalidInput(f"{name} is always there and can't be set: choose another name")
    before = query_one("SELECT * FROM gateways WHERE name = ?", (name,))
    if before is not None and before["type"] == type_name:
        secrets = {**vault.unseal_table(before["secrets"]), **secrets}
    token = before["callback_token"] if before is not None else random.token_urlsafe(24)
    try:
        registry.build(name, type_name, options, secrets, callback_address(name, type_name, token) or "").close()
    except ValueError as error:
        raise InvalidInput(str(error)) from error
    row = {"name": name, "type": type_name, "options": json.dumps(options), "secrets": vault.seal_table(secrets),
           "callback_token": token, "created_at": clock.now_ms()}
    with atomic() as tx:
        tx.execute("INSERT INTO gateways (name, type, options, secrets, callback_token, created_at)"
                   " VALUES (:name, :type, :options, :secrets, :callback_token, :created_at) ON CONFLICT (name) DO UPDATE"
                   " SET type = excluded.type, options = excluded.options, secrets = excluded.secrets", row)
        breaker.forget(tx, name)
        audit_log.record(tx, actor=actor, action="gateway.set", subject=name,
                         detail=f"{type_name}: {', '.join(sorted({*options, *secrets}))}")
    return get_gateway(name)


def remove_gateway(name: str, *, actor: str) -> None:
    """Gone; its routes lead nowhere, and what was queued for it is sent another way or refunded."""
    row = _find(name)
    with atomic() as tx:
        tx.execute("DELETE FROM gateways WHERE id = ?", (row["id"],))
        breaker.forget(tx, name)
        audit_log.record(tx, actor=actor, action="gateway.remove", subject=name)


def _find(name: str) -> Row:
    row = query_one("SELECT * FROM gateways WHERE name = ?", (name,))
    if row is None:
        raise GatewayNotFound(f"There is no gateway named {name}")
    return row


def get_gateway(name: str) -> GatewayInfo:
    return built_in(name) if name in registry.BUILT_IN else _info(_find(name))


def list_gateways() -> list[GatewayInfo]:
    """Those that are always there, then those that were set up."""
    return [built_in(name) for name in registry.BUILT_IN] + [
        _info(row) for row in query("SELECT * FROM gateways ORDER BY name")]


def built_in(name: str) -> GatewayInfo:
    return GatewayInfo(name, registry.BUILT_IN[name], kind_of(registry.BUILT_IN[name]), None, None, {})


def _info(row: Row) -> GatewayInfo:
    kind = kind_of(row["type"])
    adapter = (registry.money_gateway if kind == "money" else registry.sms_gateway)(row["name"])
    problem = "its secrets can't be read with this secret key" if adapter is None else breaker.problem_of(row["name"])
    return GatewayInfo(row["name"], row["type"], kind, callback_address(row["name"], row["type"], row["callback_token"]),
                       problem, json.loads(row["options"]))


def callback_address(name: str, type_name: str, token: str) -> str | None:
    """Where the vendor brings receipts or results; None for a type whose vendor brings none."""
    if not registry.hears_callbacks(types()[type_name]):
        return None
    return f"{current_app.config['WESEND'].base_url}/callbacks/{kind_of(type_name)}/{name}/{token}"


def callback_token(name: str) -> str | None:
    row = query_one("SELECT callback_token FROM gateways WHERE name = ?", (name,))
    return row[0] if row else None
