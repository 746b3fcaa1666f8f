"""`wesend …` in this process, on this test's own instance."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import NamedTuple

import pytest

from wesend import cli


class Outcome(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        """The one JSON object that was printed."""
        assert self.code == 0, self.err
        return json.loads(self.out)


@pytest.fixture
def wesend(app) -> Callable[..., Outcome]:
    """``wesend("account", "create", "Shop")``."""
    runner = app.test_cli_runner()

    def run(*arguments) -> Outcome:
        result = runner.invoke(cli.group, [str(argument) for argument in arguments], prog_name="wesend")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Outcome(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def account(wesend) -> int:
    return wesend("account", "create", "Shop", "--json").json["account_id"]


@pytest.fixture
def wallet(wesend, account) -> str:
    return wesend("wallet", "create", "--account", account, "--currency", "UGX", "--json").json["wallet_id"]
