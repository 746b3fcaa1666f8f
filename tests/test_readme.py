"""README names everything that an operator can set or run: what is added to the code is added there.

Nor does any document name what is not there.
"""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from tests.architecture_pictures import FOLDER, PICTURES
from tests.test_architecture import LAYERS
from wesend import cli
from wesend.core.settings import VARIABLES

PROJECT = Path(__file__).resolve().parent.parent
README = PROJECT / "README.md"
DOCUMENTS = [README, PROJECT / "CHANGELOG.md", PROJECT / "CONTRIBUTING.md", *sorted((PROJECT / "docs").rglob("*.md"))]
TYPED = r"(wesend [a-z]+(?:-[a-z]+)*(?: [a-z]+(?:-[a-z]+)*)?)"
DECISIONS = sorted((PROJECT / "docs" / "decisions").glob("*.md"))
LINK = re.compile(r"\]\(([^)\s]+)\)")


def commands(group: click.Group = cli.group, words: str = "wesend") -> list[str]:
    """Every command as it is typed; groups themselves left out."""
    found = []
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        typed = f"{words} {name}"
        found += commands(command, typed) if isinstance(command, click.Group) else [typed]
    return found


@pytest.fixture(scope="module")
def readme() -> str:
    return README.read_text(encoding="utf-8")


@pytest.mark.parametrize("variable", VARIABLES.values())
def test_every_setting_is_named(readme, variable):
    assert re.search(rf"\b{variable}\b", readme), f"README.md does not name {variable}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_no_setting_is_named_that_does_not_exist(path):
    """WESEND_URL is the pytest plugin's."""
    assert set(re.findall(r"\bWESEND_[A-Z_]*[A-Z]\b", path.read_text())) - {*VARIABLES.values(), "WESEND_URL"} == set()


@pytest.mark.parametrize("command", commands())
def test_every_command_is_named(readme, command):
    assert re.search(rf"\b{re.escape(command)}\b", readme), f"README.md does not name `{command}`"


def anchors(path: Path) -> set[str]:
    """What the headings of a document may be linked by."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_and_picture_leads_somewhere(path):
    lost = []
    for link in LINK.findall(path.read_text()):
        name, _, anchor = link.partition("#")
        target = path.parent / name if name else path
        if "://" not in link and not (target.exists() and (not anchor or anchor in anchors(target))):
            lost.append(link)
    assert lost == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_no_command_is_named_that_does_not_exist(path):
    groups = {typed.rsplit(" ", 1)[0] for typed in commands() if typed.count(" ") >= 2}
    singles = {typed for typed in commands() if typed.count(" ") == 1}
    text = path.read_text()
    named = set(re.findall(rf"`{TYPED}", text))
    for code in re.findall(r"^\s*```sh\n(.*?)^\s*```", text, re.DOTALL | re.MULTILINE):
        named |= set(re.findall(rf"^\s*{TYPED}", code, re.MULTILINE))
    assert [
        words
        for words in named
        if words not in commands() and words.rsplit(" ", 1)[0] not in singles and words not in singles | groups
    ] == []


def test_the_example_of_an_environment_file_has_every_setting():
    named = re.findall(r"^# (WESEND_\w+)=$", (PROJECT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(named) == sorted(set(VARIABLES.values()))  # each once: two settings are read out of WESEND_DATABASE_URL


def test_every_package_is_told_of(readme):
    """In the table of "How it is built"."""
    cells = re.findall(r"^\| (`[^|]+`) \|", readme.partition("## How it is built")[2], re.MULTILINE)
    told = set(re.findall(r"\w+", " ".join(cells)))
    assert [name for names in LAYERS for name in names if name not in told | {"", "models"}] == []


@pytest.mark.parametrize("name", ["architecture.md", *(f"decisions/{path.name}" for path in DECISIONS)])
def test_every_file_that_the_architecture_names_is_there(name):
    named = re.findall(r"`((?:wesend/|tests/)?[a-z_]+(?:/[a-z_]+)*\.py)`", (PROJECT / "docs" / name).read_text())
    places = (PROJECT, PROJECT / "wesend", PROJECT / "wesend" / "messages" / "sending")
    assert [path for path in named if not any((place / path).exists() for place in places)] == []


def test_the_pictures_of_the_architecture_are_drawn_from_the_code_as_it_is():
    """`python -m tests.architecture_pictures` draws them anew."""
    assert {name: (FOLDER / name).read_text() for name in PICTURES} == {name: draw() for name, draw in PICTURES.items()}
