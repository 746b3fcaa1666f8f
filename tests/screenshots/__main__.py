"""`python -m tests.screenshots [FOLDER]`: a server with a shop in it, and pictures of its pages (docs/screenshots)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from wesend.database.schema_version import bring_up_to_date

from ..conftest import close, make_app
from ..support.browser import CHROMIUM
from ..support.server import PROJECT, Server
from . import pages
from .carrier import Carrier
from .shop import fill


def _migrated(folder: Path) -> Path:
    app = make_app(folder)
    with app.app_context():
        bring_up_to_date()
        close(app)
    return folder


def main(target: Path) -> None:
    target.mkdir(parents=True, exist_ok=True)
    carrier = Carrier()
    try:
        with tempfile.TemporaryDirectory(prefix="wesend-screenshots-") as name:
            folder = Path(name)
            shop = fill(_migrated(folder / "migrated"), folder / "instance", carrier)
            with Server(folder / "instance") as server, sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
                for picture, name in pages.take(browser, server, shop, carrier):
                    (target / name).write_bytes(picture)
                    print(f"{name}: {len(picture) // 1024} KB")
                browser.close()
    finally:
        carrier.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else PROJECT / "docs" / "screenshots")
