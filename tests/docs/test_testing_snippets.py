"""docs/testing.md: each snippet, taken from the document as it stands, tests the small shop of shop/ against a server."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ..support.browser import CHROMIUM
from ..support.forked import ForkedServer
from ..support.server import PROJECT, Server

SHOP = Path(__file__).parent / "shop"
TEXT = (PROJECT / "docs" / "testing.md").read_text()
VITEST = "vitest@4.1.12"
BROKEN = {"TEXT": "Hello"}
"""The shop forgets the code."""


def snippet(title: str, language: str) -> str:
    """The one block in this language below a heading."""
    (section,) = re.findall(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", TEXT, re.DOTALL | re.MULTILINE)
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)
    return block


@pytest.fixture(scope="module")
def server(copy_instance, tmp_path_factory) -> Iterator[Server]:
    folder = copy_instance(tmp_path_factory.mktemp("snippets") / "instance")
    folder.chmod(0o700)
    with ForkedServer(folder, WESEND_SANDBOX_DELAY="0", WESEND_WORKERS="1") as started:
        yield started


@pytest.fixture(scope="module")
def keys(server) -> dict[str, str]:
    """Where the shop finds the server, and what it signs in with."""
    told = server.command("sandbox")["wesendall"]
    return {"WESEND_URL": server.url, **{name.upper(): str(value) for name, value in told.items()}}


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """A folder with the shop in it."""
    return shutil.copytree(SHOP, tmp_path / "project")


def run(folder: Path, *command: str, **environment: str) -> tuple[int, str]:
    """How a program in that folder ended, and what it told."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("WESEND_", "PYTEST_", "DJANGO_"))}
    told = {**clean, "PYTHONDONTWRITEBYTECODE": "1", "NO_COLOR": "1", **environment}
    ended = subprocess.run(command, cwd=folder, env=told, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=180)
    return ended.returncode, ended.stdout + ended.stderr


def run_pytest(folder: Path, *options: str, **environment: str) -> tuple[int, str]:
    return run(folder, sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *options, **environment)


def test_pytest(beside, keys):
    (beside / "test_shop.py").write_text(snippet("pytest", "python"))
    code, told = run_pytest(beside, "test_shop.py", WESEND_URL=keys["WESEND_URL"])
    assert code == 0 and "2 passed" in told, told


def test_django(beside):
    pytest.importorskip("django", reason="django is not installed: pip install '.[test]'")
    (beside / "test_sms.py").write_text(snippet("Django", "python"))
    code, told = run(beside, sys.executable, "-m", "django", "test", "--settings=orders", PYTHONPATH=str(beside))
    assert code == 0 and "Ran 1 test" in told, told


def test_playwright(beside, keys):
    if CHROMIUM is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    (beside / "conftest.py").write_text((SHOP / "browsing.py").read_text())
    (beside / "test_page.py").write_text(snippet("pytest", "python") + "\n\n" + snippet("Playwright", "python"))
    code, told = run_pytest(beside, "test_page.py::test_sign_in_by_code", WESEND_URL=keys["WESEND_URL"], CHROMIUM=CHROMIUM)
    assert code == 0 and "1 passed" in told, told


@pytest.fixture(scope="module")
def vitest(tmp_path_factory) -> Path:
    """The folder that it is installed in; skipped where there is no npm, or it can't be had."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        pytest.skip("node and npm are not installed")
    folder = tmp_path_factory.mktemp("vitest")
    command = (npm, "install", "--prefix", str(folder), "--ignore-scripts", "--no-audit", "--no-fund", VITEST)
    try:
        code, told = run(folder, *command, npm_config_fetch_retries="0")
    except subprocess.TimeoutExpired:
        pytest.skip(f"npm gave no {VITEST} within 3 minutes")
    if code:
        pytest.skip(f"npm gave no {VITEST}: {told.strip()[:200]}")
    return folder


def test_node(vitest, keys):
    shutil.copy(SHOP / "shop.js", vitest)
    (vitest / "shop.test.js").write_text(snippet("Node (vitest)", "js"))
    command = ("node", "node_modules/vitest/vitest.mjs", "run", "shop.test.js")
    code, told = run(vitest, *command, **keys)
    assert code == 0 and "1 passed" in told, told
    code, told = run(vitest, *command, **keys, **BROKEN)
    assert code == 1 and "1 failed" in told and "expected 'Hello' to match" in told, told


def test_php(beside, keys):
    php = shutil.which("php")
    if php is None:
        pytest.skip("php is not installed: apt-get install php-cli")
    (beside / "test.php").write_text(snippet("PHP", "php"))
    code, told = run(beside, php, "test.php", **keys)
    assert code == 0, told
    code, told = run(beside, php, "test.php", **keys, **BROKEN)
    assert code == 255 and "no code came" in told, told
