"""requirements.lock is in step with pyproject.toml; the image has what the program needs, and runs as nobody."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

PROJECT = Path(__file__).resolve().parent.parent
PYPROJECT = tomllib.loads((PROJECT / "pyproject.toml").read_text())
ASKED = [*PYPROJECT["project"]["dependencies"], *PYPROJECT["project"]["optional-dependencies"]["postgresql"]]
"""The image serves on either engine, so the driver of the second one is locked, too."""
DIRECT = {canonicalize_name(wanted.name): wanted for wanted in map(Requirement, ASKED)}
DOCKERFILE = (PROJECT / "Dockerfile").read_text()


def locked() -> dict[str, tuple[str, str]]:
    """Name → (version, everything that is said of it: hashes and who needs it)."""
    text = (PROJECT / "requirements.lock").read_text()
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)[1:]
    found = {}
    for block in blocks:
        match = re.match(r"([A-Za-z0-9._-]+)==(\S+)", block)
        assert match, block
        found[canonicalize_name(match[1])] = (match[2], block)
    return found


@pytest.mark.parametrize("name", DIRECT)
def test_every_dependency_is_locked_within_its_range(name):
    assert name in locked(), "run .ci/lock"
    assert DIRECT[name].specifier.contains(locked()[name][0]), "run .ci/lock"


def test_nothing_is_locked_that_pyproject_no_longer_asks_for():
    asked = {name for name, (_, block) in locked().items() if "(pyproject.toml)" in block}
    assert asked == set(DIRECT), "run .ci/lock"


def test_everything_locked_is_an_exact_version_with_hashes_from_no_named_place():
    for name, (version, block) in locked().items():
        assert re.fullmatch(r"[0-9][0-9A-Za-z.+!]*", version), name
        assert re.findall(r"--hash=sha256:[0-9a-f]{64}\b", block), name
        assert "://" not in block and " @ " not in block, name


def test_the_image_installs_by_hash_has_a_health_check_and_does_not_run_as_root():
    assert "--require-hashes" in DOCKERFILE and "HEALTHCHECK" in DOCKERFILE
    assert re.search(r"^USER (?!root|0)\w+", DOCKERFILE, re.MULTILINE)


def test_whatever_the_image_copies_is_there_and_let_through():
    ignored = (PROJECT / ".dockerignore").read_text().split()
    for line in re.findall(r"^COPY (.+)", DOCKERFILE, re.MULTILINE):
        for name in line.split()[:-1]:
            assert (PROJECT / name).exists(), name
            assert f"!{name}" in ignored or f"!{name}/**" in ignored, name


def test_neither_instances_nor_settings_get_into_an_image():
    ignored = (PROJECT / ".dockerignore").read_text().split()
    assert ignored[0] == "*"
    assert [entry for entry in ignored if entry.startswith(("!instance", "!.env", "!.git", "!tests"))] == []
