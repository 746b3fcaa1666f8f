"""The vendors that come with wesend, each a file of this folder; whoever runs an instance may have files of their own."""

from __future__ import annotations

from importlib import resources

from ..engine.gateway import VendorGateway
from ..engine.loader import parse
from ..engine.types import vendor_type


def shipped() -> dict[str, type[VendorGateway]]:
    """Their types by name."""
    files = sorted(
        (file for file in resources.files(__name__).iterdir() if file.name.endswith(".toml")), key=lambda file: file.name
    )
    return {kind.type: kind for kind in (vendor_type(parse(file.read_bytes(), file.name)) for file in files)}
