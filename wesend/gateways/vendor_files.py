"""The vendors' files of an instance, read and checked."""

from __future__ import annotations

from pathlib import Path

from ..adapters.money import types as money
from ..adapters.sms import types as sms
from ..adapters.sms.base import SmsGateway
from ..adapters.sms.engine import samples
from ..adapters.sms.engine.checks import BadVendorFile
from ..adapters.sms.engine.definition import Vendor
from ..adapters.sms.engine.loader import LARGEST, parse
from ..adapters.sms.engine.types import vendor_type
from ..core.errors import InvalidInput

SUFFIX = ".toml"


def read_folder(folder: Path) -> tuple[dict[str, type[SmsGateway]], dict[str, str], tuple[str, ...]]:
    """Types, problems and what is replaced, as `vendors.Found` has them; OSError where the folder can't be read."""
    files = sorted(path for path in folder.iterdir() if path.suffix == SUFFIX and not path.name.startswith("."))
    types: dict[str, type[SmsGateway]] = {}
    problems: dict[str, str] = {}
    for file in files:
        try:
            types[file.stem] = vendor_type(_parsed(file))
        except BadVendorFile as problem:
            problems[file.stem] = str(problem)
    return types, problems, tuple(name for name in types if name in sms.SHIPPED)


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
