"""The bench's code runs; its figures are for people, not for tests."""

from __future__ import annotations

import json

from .__main__ import main
from .report import BARS, Bar
from .rounds import BARE, EMPTY, WESEND


def test_one_short_round_measures_every_system_and_tells_of_its_bars(tmp_path, capsys):
    file = tmp_path / "figures.json"
    short = ["--rounds", "1", "--seconds", "1", "--concurrency", "8", "--client", "python"]
    assert main([*short, "--json", str(file)]) == 0
    found = json.loads(file.read_text())
    rows = {row["system"]: row for row in found["rows"]}
    assert rows.keys() == {BARE, EMPTY, WESEND}
    assert all(row["per_second"] > 0 and 0 < row["p50_ms"] <= row["p99_ms"] for row in rows.values())
    assert rows[EMPTY]["ratio_to_empty"] == 1 and rows[WESEND]["cpu_s_per_1000"] > 0
    assert [bar["bar"] for bar in found["bars"]] == [bar.name for bar in BARS if bar.concurrency == 8]
    printed = capsys.readouterr().out
    assert all(name in printed for name in (*rows, *(bar["bar"] for bar in found["bars"])))


def test_a_bar_tells_whether_it_is_held():
    rows = [{"system": WESEND, "concurrency": 8, "p99_ms": 30.1}, {"system": EMPTY, "concurrency": 8, "p99_ms": 1}]
    checked = Bar("p99", 8, "p99_ms", False, 30).check(rows)
    assert checked == {"bar": "p99", "limit": 30, "measured": 30.1, "held": False}
    assert Bar("p99", 32, "p99_ms", False, 30).check(rows) is None
