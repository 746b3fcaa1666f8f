"""The bench's code runs; its figures are for people, not for tests."""

from __future__ import annotations

import json

import pytest

from . import __main__ as command
from . import report
from .figure import Yardstick, figure
from .sizes import Sizes

TINY = Sizes(rounds=1, seconds=0.2, concurrencies=(8,), wrk=False, contacts=100, listed=10_000, incoming=200)


def test_one_command_measures_prints_a_table_and_writes_json(tmp_path, capsys):
    """The benches that look deepest into wesend; the others are built from parts that other tests use, too."""
    names = ["singles", "bulk", "million", "inbox", "margins"]
    assert command.main(["--only", *names, "--json", str(tmp_path / "figures.json")], sizes=TINY) == 0
    found = json.loads((tmp_path / "figures.json").read_text())
    assert {"cores", "python", "sqlite"} <= found["machine"].keys() and found["date"] and found["failed"] == {}
    assert {each["bench"] for each in found["figures"]} == set(names)
    # CPU is counted in ticks of 10 ms: a round this short may see none.
    assert all(
        each["ratio_to"] and (each["measured"] > 0 and each["ratio"] > 0 or each["unit"] == "s" and "c=8" in each["name"])
        for each in found["figures"]
    )
    assert [each["bar"]["limit"] for each in found["figures"] if each["bench"] == "singles" and each["bar"]] == [0.2, 30, 1.1]
    printed = capsys.readouterr().out
    assert all(each["name"] in printed for each in found["figures"])


@pytest.mark.parametrize(
    ("given", "held"),
    [
        ({"at_most": 30}, True),
        ({"at_most": 29.9}, False),
        ({"at_least": 30}, True),
        ({"at_least": 30.1}, False),
        ({"at_least_times": 0.2}, True),
        ({"at_least_times": 0.21}, False),
        ({}, None),
    ],
)
def test_a_figure_tells_whether_its_bar_is_held(given, held):
    assert figure("sends", 30, "/s", beside=Yardstick("empty", 150), **given).held is held


def test_a_table_marks_what_is_not_held_and_is_aligned():
    head, first, second = report.table(
        {
            "bulk": [
                figure("accept", 7, "s", at_most=6, beside=Yardstick("bare sqlite3", 3.5)),
                figure("single sends", 1234, "/s", at_least=70),
            ]
        }
    ).splitlines()
    assert first.split() == ["bulk", "accept", "7.00", "s", "<=", "6", "NOT", "HELD", "2.00", "x", "bare", "sqlite3"]
    assert first.index("<=") == second.index(">=") == head.index("bar")
    assert first.index("7.00") + 4 == second.index("1,234") + 5


def test_a_bench_that_comes_to_no_end_is_told_and_the_others_are_measured(monkeypatch, capsys):
    def broken(_sizes):
        yield figure("before it broke", 1, "s")
        raise RuntimeError("no server")

    monkeypatch.setattr(command, "BENCHES", {"start": broken, "memory": lambda _sizes: [figure("idle", 90, "MB")]})
    assert command.main([], sizes=TINY) == 1
    printed = capsys.readouterr().out
    assert "start FAILED: RuntimeError: no server" in printed
    assert "before it broke" in printed and "idle" in printed
