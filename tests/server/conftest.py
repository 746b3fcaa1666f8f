"""Servers of a module's own, on a copy of the migrated database; each test that breaks one starts its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def new_instance(copy_instance, tmp_path_factory) -> Callable[[], Path]:
    """Makes instance folders with the sandbox in them, each in a folder of its own."""

    def make() -> Path:
        folder = copy_instance(tmp_path_factory.mktemp("server") / "instance")
        folder.chmod(0o700)
        return folder

    return make
