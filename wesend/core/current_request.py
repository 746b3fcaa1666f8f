"""The request and its `g` that stand behind Flask's proxies, for the paths that every request takes (see `current`)."""

from __future__ import annotations

from collections.abc import Callable

from flask import Request, g, request
from flask.ctx import _AppCtxGlobals

this_request: Callable[[], Request] = request._get_current_object  # type: ignore[attr-defined]  # the proxy has it, its type does not tell
this_g: Callable[[], _AppCtxGlobals] = g._get_current_object
