"""What the commands share: --json, the app context with a migrated database, argument types."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from functools import wraps
from typing import IO, Any

import click
from flask.cli import with_appcontext

from ..core import money
from ..database.schema_version import bring_up_to_date

ACTOR = "cli"
Answer = tuple[dict[str, Any], str]
"""What a command found: as JSON, and in lines for people."""


SAMPLES = {
    "account_id": "1",
    "wallet": "wal_7f3k2m",
    "to": "+256712345678",
    "phone": "+256712345678",
    "url": "https://example.com/hooks/sms",
    "amount": "50000",
    "currency": "UGX",
    "country": "UG",
    "text": "'Hello'",
    "email": "ann@example.com",
    "file": "backup.db",
    "price": "35",
    "reason": "'Not yours'",
    "outcome": "failed",
    "message_id": "mo_0190c1d2",
}
"""What help writes for a parameter, by its name."""


class ExampleCommand(click.Command):
    """Its help ends with an example: its own, or its name with what it requires."""

    example: str | None = None

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        with formatter.section("Example"):
            for line in (self.example or self._simplest(ctx)).split("\n"):
                formatter.write(f"{'':{formatter.current_indent}}{line}\n")

    def _simplest(self, ctx: click.Context) -> str:
        words = [ctx.command_path]
        for parameter in self.params:
            if isinstance(parameter, click.Argument):
                words.append(_sample(parameter))
            elif parameter.required:
                words += [max(parameter.opts, key=len), _sample(parameter)]
        return " ".join(words)


def _sample(parameter: click.Parameter) -> str:
    name = parameter.name or ""
    if name in SAMPLES:
        return SAMPLES[name]
    if isinstance(parameter.type, click.Choice):
        return str(parameter.type.choices[0])
    is_number = isinstance(parameter.type, click.types.IntParamType) or name.endswith("_id") or name == "id"
    return "1" if is_number else (parameter.metavar or name).strip("[]").replace("_", "-")


def command(
    name: str, *parameters: Callable, group: click.Group | None = None, migrated: bool = True, example: str | None = None
) -> Callable[[Callable[..., Answer]], click.Command]:
    """A command with --json, run in an app context on an up-to-date database. It returns (data, lines for people).

    ``example``: what its help shows as one, where it is to be another than its name with what it requires.
    """

    def decorate(function: Callable[..., Answer]) -> click.Command:
        @wraps(function)
        def run(*, as_json: bool, **arguments: Any) -> None:
            if migrated:
                bring_up_to_date()
            data, text = function(**arguments)
            click.echo(json.dumps(data, ensure_ascii=False) if as_json else text)

        wrapped: Any = with_appcontext(run)
        for parameter in reversed(parameters):
            wrapped = parameter(wrapped)
        wrapped = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(wrapped)
        made: ExampleCommand = click.command(name, cls=ExampleCommand, help=function.__doc__)(wrapped)
        made.example = example
        if group is not None:
            group.add_command(made)
        return made

    return decorate


@contextmanager
def open_file(path: str) -> Iterator[IO[bytes]]:
    """A file, a pipe (``<(…)``) or, as -, standard input. What can't be opened is an OSError: one sentence, exit 1."""
    if path == "-":
        yield sys.stdin.buffer
        return
    with open(path, "rb") as file:
        yield file


@contextmanager
def csv_writer(path: str | None, header: Iterable[object]) -> Iterator[Callable[[Iterable[object]], object]]:
    """Writes the rows of a CSV, whose cells are safe in a spreadsheet already; ``-`` is standard output, None writes nothing."""
    if path is None:
        yield lambda _row: None
        return
    with nullcontext(sys.stdout) if path == "-" else open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        yield writer.writerow


def write_csv(path: str, header: Iterable[object], rows: Iterable[Iterable[object]]) -> None:
    with csv_writer(path, header) as write_row:
        for row in rows:
            write_row(row)


class Amount(click.ParamType):
    """A decimal amount → micro-units."""

    name = "amount"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        try:
            return money.to_micros(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


AMOUNT = Amount()
ACCOUNT = click.option("--account", "account_id", type=int, required=True, metavar="ID", help="The account's id.")
