"""What the commands share: --json, the app context with a migrated database, argument types."""

from __future__ import annotations

import codecs
import csv
import errno
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from functools import wraps
from pathlib import Path
from typing import IO, Any, TextIO

import click

from ..core import money

ACTOR = "cli"
Answer = tuple[dict[str, Any], str]
"""What a command found: as JSON, and in lines for people."""


class ExampleCommand(click.Command):
    """Its help ends with an example."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_epilog(ctx, formatter)
        from ..dialects import NAMES
        from .examples import EXAMPLES

        arguments = EXAMPLES.get(ctx.command_path.partition(" ")[2], "").replace("{api}", NAMES[0])
        with formatter.section("Example"):
            formatter.write(f"{'':{formatter.current_indent}}{ctx.command_path} {arguments}".rstrip() + "\n")


def enter_application(context: click.Context, *, migrated: bool = True) -> None:
    """Put the application around a command, on an up-to-date database if ``migrated``."""
    from ..database.schema_version import bring_up_to_date  # help and usage errors need neither
    from . import application

    application.enter(context)
    if migrated:
        bring_up_to_date()


def command(
    name: str, *parameters: Callable, group: click.Group | None = None, migrated: bool = True
) -> Callable[[Callable[..., Answer]], click.Command]:
    """A command with --json, run in an app context on an up-to-date database. It returns (data, lines for people)."""

    def decorate(function: Callable[..., Answer]) -> click.Command:
        @wraps(function)
        @click.pass_context
        def run(context: click.Context, /, *, as_json: bool, **arguments: Any) -> None:
            has_csv = arguments.get("csv_path") == "-"
            if has_csv and as_json:
                raise click.UsageError("--csv - is standard output, where --json prints its object: name a file")
            enter_application(context, migrated=migrated)
            data, text = function(**arguments)
            if as_json:
                click.echo(json.dumps(data, ensure_ascii=not is_utf8(sys.stdout)))
            else:
                click.echo(text, err=has_csv)

        wrapped: Any = run
        for parameter in reversed(parameters):
            wrapped = parameter(wrapped)
        wrapped = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")(wrapped)
        made: ExampleCommand = click.command(name, cls=ExampleCommand, help=function.__doc__)(wrapped)
        if group is not None:
            group.add_command(made)
        return made

    return decorate


def csv_option(told: str) -> Callable:
    """Where a command writes a CSV; what else it tells goes to standard error where that is standard output."""
    return click.option("--csv", "csv_path", default=None, metavar="FILE", help=f"{told}; - is standard output.")


def is_utf8(stream: TextIO | None) -> bool:
    """Whether every letter can be written to it."""
    return stream is None or codecs.lookup(stream.encoding).name == "utf-8"


def standard_input() -> TextIO:
    if sys.stdin is None:  # Python's word for one that was closed
        raise OSError(errno.EBADF, "Standard input is closed")
    return sys.stdin


@contextmanager
def open_file(path: str) -> Iterator[IO[bytes]]:
    """A file, a pipe (``<(…)``) or, as -, standard input. What can't be opened is an OSError: one sentence, exit 1."""
    if path == "-":
        yield standard_input().buffer
        return
    with open(path, "rb") as file:
        yield file


@contextmanager
def csv_writer(path: str | None, header: Iterable[object]) -> Iterator[Callable[[Iterable[object]], object]]:
    """Writes the rows of a CSV, whose cells are safe in a spreadsheet already; ``-`` is standard output, None writes nothing.

    Each is in the audit log, as one that a page gives is.
    """
    if path is None:
        yield lambda _row: None
        return
    with nullcontext(sys.stdout) if path == "-" else open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        yield writer.writerow
    _note_export(path)


def _note_export(path: str) -> None:
    from ..accounts import audit_log

    subject = "standard output" if path == "-" else Path(path).name
    audit_log.note(actor=ACTOR, action="export", subject=subject, detail=click.get_current_context().command_path)


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


class Worded(click.ParamType):
    """A text that says something: an empty one, of a script whose variable has no value, would lift what it is to set."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        if not text.strip():
            self.fail("it is empty", param, ctx)
        return text


LARGEST = 2**63 - 1


class WholeNumber(click.types.IntParamType):
    """One that a database holds: of a larger one it could only say that it is too large, in words of its own."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        number: int = super().convert(value, param, ctx)
        if abs(number) > LARGEST:
            self.fail(f"{str(number)[:40]} is too large", param, ctx)
        return number


AMOUNT = Amount()
WORDED = Worded()
WHOLE = WholeNumber()
ACCOUNT = click.option("--account", "account_id", type=WHOLE, required=True, metavar="ID", help="The account's id.")
