"""The help of every command shows an example, and what it shows can be typed: each is read by the command that it names."""

from __future__ import annotations

import shlex

import click
import pytest

from wesend import cli
from wesend.cli.examples import EXAMPLES

from .test_contract import ALL


@pytest.mark.parametrize("words", ALL, ids=" ".join)
def test_the_example_is_read_by_the_command_that_shows_it(wesend, words):
    shown = wesend(*words, "--help").out.partition("\nExample:\n")[2]
    (line,) = [line.strip() for line in shown.splitlines() if line.strip()]
    typed = shlex.split(line)
    assert typed[: len(words) + 1] == ["wesend", *words]
    # Options that don't exist, arguments that are missing and values of a wrong kind raise.
    with ALL[words].make_context(words[-1], typed[len(words) + 1 :], parent=click.Context(cli.group)) as context:
        given = {name: value for name, value in context.params.items() if value not in (None, (), False)}
    named = {parameter.name: parameter.metavar for parameter in ALL[words].params}
    assert [value for name, value in given.items() if value in (name, named[name])] == [], "a place-holder"


def test_each_example_is_of_a_command():
    assert set(EXAMPLES) <= {" ".join(words) for words in ALL}


def test_the_event_that_is_triggered_is_one(app):
    from wesend.webhooks.formats import formats

    with app.app_context():
        assert EXAMPLES["webhook trigger"].split()[1] in next(iter(formats().values())).events
