"""The vendors' files of an instance: read once at the start; what can't be used is told, and its type is not offered."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from flask import Flask, current_app, has_app_context

from ..adapters import money, sms
from ..adapters.sms.base import SmsGateway
from ..adapters.sms.engine import samples
from ..adapters.sms.engine.checks import BadVendorFile
from ..adapters.sms.engine.definition import Vendor
from ..adapters.sms.engine.loader import LARGEST, parse
from ..adapters.sms.engine.types import vendor_type
from ..core.errors import InvalidInput

FOLDER = "vendors"
SUFFIX = ".toml"


class Found(NamedTuple):
    """``problems``: type → the sentence that says why its file can't be used; ``replaced``: shipped types that are not used."""

    types: dict[str, type[SmsGateway]]
    problems: dict[str, str]
    replaced: tuple[str, ...]


NONE = Found({}, {}, ())


def init_app(app: Flask) -> None:
    found = app.extensions["wesend.vendors"] = read_folder(app.config["WESEND"].instance / FOLDER)
    for sentence in found.problems.values():
        app.logger.error("a vendor's file can't be used: %s", sentence)


def here() -> Found:
    """Those of this instance; none outside of an application."""
    return current_app.extensions.get("wesend.vendors", NONE) if has_app_context() else NONE


def sms_types() -> dict[str, type[SmsGateway]]:
    """Every SMS type that can be set up, the instance's own files taking the place of shipped ones."""
    found = here()
    if found is NONE or not (found.types or found.problems):
        return sms.TYPES
    shipped = {name: kind for name, kind in sms.TYPES.items() if name not in found.problems or name in sms.CODED}
    return {**shipped, **found.types}


def read_folder(folder: Path) -> Found:
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix == SUFFIX and not path.name.startswith("."))
    except OSError:
        return NONE
    types: dict[str, type[SmsGateway]] = {}
    problems: dict[str, str] = {}
    for file in files:
        try:
            types[file.stem] = vendor_type(_parsed(file))
        except BadVendorFile as problem:
            problems[file.stem] = str(problem)
    return Found(types, problems, tuple(name for name in types if name in sms.SHIPPED))


def _parsed(file: Path) -> Vendor:
    try:
        with open(file, "rb") as opened:
            content = opened.read(LARGEST + 1)
    except OSError as error:
        raise BadVendorFile(f"{file.name}: it can't be read: {error.strerror}") from None
    vendor = parse(content, file.name)
    if vendor.name in sms.CODED or vendor.name in money.TYPES or vendor.name.startswith("sandbox"):
        raise BadVendorFile(f"{file.name}: name: expected another than {vendor.name}, which is a type of its own")
    return vendor


def check_file(path: str) -> Vendor:
    """Read a file strictly and run its samples; InvalidInput with the first sentence of what is wrong."""
    file = Path(path)
    try:
        vendor = _parsed(file)
        samples.check(vendor, file.name)
    except BadVendorFile as problem:
        raise InvalidInput(str(problem)) from None
    return vendor
