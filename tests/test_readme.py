"""README names everything that an operator can set or run: what is added to the code is added there."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from wesend import cli
from wesend.settings import VARIABLES

README = Path(__file__).resolve().parent.parent / "README.md"


def commands(group: click.Group = cli.group, words: str = "wesend") -> list[str]:
    """Every command as it is typed; groups themselves left out."""
    found = []
    for name, command in sorted(group.commands.items()):
        typed = f"{words} {name}"
        found += commands(command, typed) if isinstance(command, click.Group) else [typed]
    return found


@pytest.fixture(scope="module")
def readme() -> str:
    return README.read_text(encoding="utf-8")


@pytest.mark.parametrize("variable", VARIABLES.values())
def test_every_setting_is_named(readme, variable):
    assert re.search(rf"\b{variable}\b", readme), f"README.md does not name {variable}"


def test_no_setting_is_named_that_does_not_exist(readme):
    assert set(re.findall(r"\bWESEND_[A-Z_]*[A-Z]\b", readme)) - set(VARIABLES.values()) == set()


@pytest.mark.parametrize("command", commands())
def test_every_command_is_named(readme, command):
    assert re.search(rf"\b{re.escape(command)}\b", readme), f"README.md does not name `{command}`"


def test_no_command_is_named_that_does_not_exist(readme):
    groups = {typed.rsplit(" ", 1)[0] for typed in commands() if typed.count(" ") == 2}
    singles = {typed for typed in commands() if typed.count(" ") == 1}
    named = set(re.findall(r"(?:`|^\s*\$ )(wesend [a-z]+(?: [a-z]+)?)", readme, re.MULTILINE))
    assert [words for words in named if words not in commands() and words.rsplit(" ", 1)[0] not in singles
            and words not in singles | groups] == []
