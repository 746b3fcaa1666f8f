"""Where the migrations lie: inside an installed package, in a clone beside it."""

from __future__ import annotations

from pathlib import Path

from ..core.settings import PROJECT

PACKAGED = Path(__file__).resolve().parents[1] / "migrations"
MIGRATIONS = PACKAGED if PACKAGED.is_dir() else PROJECT / "migrations"
