"""The vendors' files of an instance: read once at the start; what can't be used is told, and its type is not offered."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from flask import Flask, current_app, has_app_context

from ..adapters.sms import types as sms
from ..adapters.sms.base import SmsGateway

FOLDER = "vendors"


class Found(NamedTuple):
    """``problems``: type → the sentence that says why its file can't be used; ``replaced``: shipped types that are not used."""

    types: dict[str, type[SmsGateway]]
    problems: dict[str, str]
    replaced: tuple[str, ...]


NONE = Found({}, {}, ())


def init_app(app: Flask) -> None:
    found = app.extensions["wesend.vendors"] = _read(app.config["WESEND"].instance / FOLDER)
    for sentence in found.problems.values():
        app.logger.error("a vendor's file can't be used: %s", sentence)


def _read(folder: Path) -> Found:
    if not folder.is_dir():
        return NONE
    from .vendor_files import read_folder  # all vendors with it: an instance without files can wait for that

    try:
        return Found(*read_folder(folder))
    except OSError:
        return NONE


def here() -> Found:
    """Those of this instance; none outside of an application."""
    return current_app.extensions.get("wesend.vendors", NONE) if has_app_context() else NONE


def sms_types() -> Mapping[str, type[SmsGateway]]:
    """Every SMS type that can be set up, the instance's own files taking the place of shipped ones."""
    found = here()
    if found is NONE or not (found.types or found.problems):
        return sms.TYPES
    return ChainMap(found.types, sms.TYPES.without(found.problems.keys() - sms.CODED.keys()))
