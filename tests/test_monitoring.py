"""docs/monitoring/: the rules load, and they and the board ask for nothing that /metrics does not have."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "docs" / "monitoring"
RULES, BOARD = FOLDER / "alerts.yml", FOLDER / "grafana.json"
NAME = re.compile(r"\bwesend_[a-z_0-9]+")


def asked_for(text: str) -> set[str]:
    return set(NAME.findall(text))


@pytest.fixture(scope="module")
def source() -> str:
    """Where the metrics are named."""
    return "\n".join(path.read_text() for path in (Path(__file__).parent.parent / "wesend" / "web").glob("metrics*.py"))


def is_told(name: str, source: str) -> bool:
    return any(f'"{name.removesuffix(end)}"' in source for end in ("", "_total", "_bucket", "_count", "_sum"))


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool of Debian's prometheus is not here")
def test_promtool_takes_the_rules():
    done = subprocess.run(["promtool", "check", "rules", str(RULES)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert re.search(r"(\d+) rules found", done.stdout)


@pytest.mark.parametrize("path", [RULES, BOARD], ids=lambda path: path.name)
def test_only_metrics_that_there_are(path, source):
    names = asked_for(path.read_text())
    assert len(names) > 8
    assert {name for name in names if not is_told(name, source)} == set()
    assert not is_told("wesend_made_up", source)


def test_every_panel_has_its_queries():
    board = json.loads(BOARD.read_text())
    assert all(target["expr"] for panel in board["panels"] for target in panel["targets"])
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


def test_every_alert_says_what_to_do():
    text = RULES.read_text()
    assert text.count("- alert: ") == text.count("          do: ") > 10
