"""The application that commands run in. It loads what a command asks for, when it asks: most need little of wesend."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from flask import Flask, current_app
from flask.cli import ScriptInfo

from .. import DOMAINS, __version__, register_apis, register_gateways, register_opt_outs, register_schema, register_vendors
from ..binds.deliveries import BELL
from ..coordination import application, running
from ..coordination.leadership import TERM
from ..core import settings

PARTS: dict[str, tuple[Callable[[Flask], None], ...]] = {
    **dict.fromkeys(("wesend.credentials", "wesend.dialects", "wesend.formats", "wesend.published"), (register_apis,)),
    **dict.fromkeys(("wesend.schema", "migrate"), (register_schema,)),
    "wesend.vendors": (register_vendors,),
    "wesend.adapters": (register_vendors, register_gateways),
    **dict.fromkeys(("wesend.opt_outs_recorded", "wesend.opt_outs_removed"), (register_opt_outs,)),
}
"""Who registers an extension; all others are of all the domains."""
OF_SERVERS = (TERM, BELL)
"""What only a process that serves has."""


class Late(dict[str, Any]):
    """An application's extensions; who asks for one that is not there yet has it loaded."""

    def __init__(self, app: Flask):
        super().__init__({**app.extensions, **dict.fromkeys(OF_SERVERS)})
        self._app = app
        self._loaded: set[Callable[[Flask], None]] = set()

    def __missing__(self, name: str) -> Any:
        self._load(name)
        if name not in self:
            raise KeyError(name)
        return self[name]

    def get(self, name: str, default: Any = None) -> Any:
        if name not in self:
            self._load(name)
        return super().get(name, default)

    def _load(self, name: str) -> None:
        for register in PARTS.get(name, DOMAINS):
            if register not in self._loaded:
                self._loaded.add(register)
                register(self._app)


def make() -> Flask:
    """Speaks of the address that the running server told, where the environment names none."""
    app = application.begin(settings.load(running.seen_from_a_command(settings.environment())), __version__)
    app.extensions = Late(app)
    return app


def enter(context: click.Context) -> None:
    """Put this command's application around it, until it ends; Flask's own where it was called as one of Flask's."""
    if not current_app:
        chosen = context.find_object(ScriptInfo) or ScriptInfo(create_app=make, set_debug_flag=False)
        context.with_resource(chosen.load_app().app_context())
