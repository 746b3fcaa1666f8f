"""The vendors that come with wesend, each a file of this folder; whoever runs an instance may have files of their own."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..engine.gateway import VendorGateway

SUFFIX = ".toml"


def names() -> list[str]:
    """Their types' names, which are those of the files."""
    files = resources.files(__name__).iterdir()
    return sorted(file.name.removesuffix(SUFFIX) for file in files if file.name.endswith(SUFFIX))


def shipped(name: str) -> type[VendorGateway]:
    """The type that a file makes."""
    from ..engine.loader import parse  # with all that reads and runs such files: only who asks for a type needs it
    from ..engine.types import vendor_type

    file = resources.files(__name__) / f"{name}{SUFFIX}"
    return vendor_type(parse(file.read_bytes(), file.name))
