"""Each dialect of the list. They load marshmallow and most domains: a command that only names one asks for `NAMES`."""

from __future__ import annotations

from importlib import import_module

from . import NAMES
from .dialect import Dialect

DIALECTS: tuple[Dialect, ...] = tuple(import_module(f".{name}", __package__).dialect for name in NAMES)
