"""Commands as an operator types them, on the application that the APIs of a test are asked of."""

from __future__ import annotations

import json

import pytest

from wesend.core.errors import WesendError


@pytest.fixture
def command(app):
    """``command("account", "set", 2, "--countries", "UG")`` → its JSON; a refusal is raised."""

    def run(*words: object) -> dict:
        result = app.test_cli_runner().invoke(args=[*map(str, words), "--json"])
        if isinstance(result.exception, WesendError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return json.loads(result.output)

    return run
