"""Every function of the package is checked with types: nothing is exempt, and nothing is silenced without a code and a reason."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
MYPY = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
SILENCED = re.compile(r"# type: ignore(?P<code>\[[a-z-]+(, [a-z-]+)*\])?(?P<reason>.*)")


def test_mypy_checks_every_module_and_refuses_functions_without_types():
    assert "wesend" in MYPY["files"] and "exclude" not in MYPY
    for refused in ("disallow_untyped_defs", "disallow_incomplete_defs", "warn_unreachable", "warn_unused_ignores"):
        assert MYPY[refused] is True
    for override in MYPY["overrides"]:
        own = [name for name in override["module"] if name.startswith("wesend")]
        loosened = set(override) - {"module", "disable_error_code"}
        assert not own or (loosened == set() and override["disable_error_code"] == ["name-defined"]), override


def test_whatever_mypy_is_told_to_pass_over_has_a_code_and_a_reason():
    found = [
        (f"{path.relative_to(ROOT)}:{number}", match)
        for path in sorted((ROOT / "wesend").rglob("*.py"))
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if (match := SILENCED.search(line))
    ]
    assert found
    assert [place for place, match in found if not match["code"]] == []
    assert [place for place, match in found if not match["reason"].strip(" #")] == []
