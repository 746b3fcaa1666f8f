"""The application that stands behind Flask's proxy.

An attribute of a proxy costs several times what one of the object itself does, and a send asked for dozens.
"""

from __future__ import annotations

from collections.abc import Callable

from flask import Flask, current_app

this_app: Callable[[], Flask] = current_app._get_current_object  # type: ignore[attr-defined]  # the proxy has it, its type does not tell
