"""The systemd unit that the documents show: systemd itself finds no fault in it, and it stays well locked up."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
EXPOSURE = 2.0
"""Of 10, as `systemd-analyze security` counts; it was 1.4."""


@pytest.fixture(scope="module")
def unit(tmp_path_factory) -> Path:
    [text] = re.findall(
        r"^```ini\n# /etc/systemd/system/wesend\.service\n(.*?)^```", (PROJECT / "README.md").read_text(), re.DOTALL | re.MULTILINE
    )
    path = tmp_path_factory.mktemp("unit") / "wesend.service"
    path.write_text(text.replace("/opt/wesend/.venv/bin/python", sys.executable))
    return path


def analyze(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(["systemd-analyze", "--no-pager", *arguments], capture_output=True, text=True, timeout=60)


def test_systemd_understands_every_line_of_it(unit):
    done = analyze("verify", str(unit))
    assert [line for line in done.stderr.splitlines() if "wesend" in line] == []
    assert done.returncode == 0, done.stderr


def test_it_is_locked_up(unit):
    done = analyze("security", "--offline=true", str(unit))
    level = re.search(r"Overall exposure level for wesend\.service: ([0-9.]+)", done.stdout)
    assert level, done.stdout + done.stderr
    assert float(level[1]) <= EXPOSURE
