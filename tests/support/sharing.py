"""How pytest-xdist shares the suite out: whole files, between three processes, what takes long first."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).resolve().parent.parent
LONG = ("browser", "server", "hosts", "bench", "docs", "two_way", "security", "database", "gateways", "testing", "upgrade")
"""Folders of files that take longest: begun last, one of them would keep one process busy while the others are done."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Three, on any machine: half of what the suite takes is waiting for servers, which two cores have time for.

    None for files and single tests, which one process runs before three have started.
    """
    return 0 if any(".py" in argument for argument in config.args) else 3


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if hasattr(config, "workerinput"):
        items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    folder = item.path.relative_to(TESTS).parts[0]
    return LONG.index(folder) if folder in LONG else len(LONG)
