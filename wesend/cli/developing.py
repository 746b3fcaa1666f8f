"""`wesend wait`, `wesend listen`: for scripts, CI and a developer's own machine."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable

import click
from flask import current_app

from ..accounts.service import get_account
from ..core import clock
from ..core.errors import InvalidInput, NotFound
from ..sandbox import account as sandbox_account
from ..sandbox import caught_mail
from ..sandbox import inbox as sandbox_inbox
from ..sandbox.inbox import Wanted
from ..webhooks import listening
from ..webhooks.formats import formats
from .shared import ACTOR, Answer, command

LOOK_EVERY = 0.1
RECENT = 300  # seconds


class NothingCame(NotFound):
    pass


@command(
    "wait",
    click.option("--to", required=True, metavar="RECIPIENT", help="A phone in any form, or an e-mail address."),
    click.option("--extract", default=None, metavar="REGEX", help="Print what this finds in the text, or its group."),
    click.option("--since", default=None, help="The id of a message or a time (default: the last 5 minutes)."),
    click.option("--timeout", type=click.FloatRange(0, 3600), default=30.0, help="Seconds to wait (30)."),
)
def wait(to: str, extract: str | None, since: str | None, timeout: float) -> Answer:
    """Wait for what the sandbox catches for a recipient, and print the newest text; exit 1 when nothing came."""
    pattern = _pattern(extract)
    look = caught_mail.emails if "@" in to else sandbox_inbox.messages
    wanted = Wanted(to, _since(since or str(time.time() - RECENT)), newest_first=True)
    deadline = time.monotonic() + timeout
    while True:
        for found in _look(look, wanted):
            text = found["text"] or found.get("html") or ""
            match = pattern.search(text) if pattern else None
            if pattern is None or match is not None:
                extracted = (match[1] if match.re.groups else match[0]) if match else None
                return {**found, "extracted": extracted}, text if extracted is None else extracted
        if time.monotonic() >= deadline:
            raise NothingCame(f"Nothing came for {to} within {timeout:g} s" + (f" that {extract!r} fits" if extract else ""))
        time.sleep(LOOK_EVERY)


def _pattern(extract: str | None) -> re.Pattern | None:
    try:
        return re.compile(extract) if extract is not None else None
    except re.error as error:
        raise click.UsageError(f"--extract is no regular expression: {error}") from error


def _since(text: str) -> sandbox_inbox.Since | None:
    try:
        return sandbox_inbox.read_since(text)
    except sandbox_inbox.UnknownSince as error:
        raise InvalidInput(str(error)) from error


def _look(look: Callable[[Wanted], list[dict]], wanted: Wanted) -> list[dict]:
    try:
        return look(wanted)
    except sandbox_inbox.UnknownRecipient as error:
        raise InvalidInput(str(error)) from error


@command(
    "listen",
    click.option("--forward-to", "url", default=None, metavar="URL", help="Post every event there as well."),
    click.option("--account", "account_id", type=int, default=None, metavar="ID", help="Whose (default: the sandbox's)."),
    click.option("--format", "format_names", multiple=True, metavar="API", help="Only this API's; repeatable (default: all)."),
    click.option("--count", type=click.IntRange(1), default=None, help="End after so many events."),
)
def listen(url: str | None, account_id: int | None, format_names: tuple[str, ...], count: int | None) -> Answer:
    """Print the webhook events of an account as they happen, and forward them; ends with Ctrl-C."""
    chosen = list(format_names or formats())
    account = get_account(account_id if account_id is not None else _sandbox_account())
    as_json = click.get_current_context().params["as_json"]

    def show(event: listening.Heard) -> None:
        if as_json:
            click.echo(json.dumps(event._asdict(), ensure_ascii=False))
        else:
            click.echo(
                f"{clock.iso(clock.now_ms())}  {event.format}  {event.event}"
                + (f"  -> {event.status_code or event.error}" if url else "")
                + f"\n{json.dumps(event.payload, ensure_ascii=False)}"
            )

    with listening.listen(account.id, chosen, url, actor=ACTOR) as heard:
        if not as_json:
            shown = "\n".join(f"  {name}: {secret}" for name, secret in heard.secrets.items())
            click.echo(f"Listening to account {account.id} ({account.name}). Secrets of the signatures:\n{shown}")
        number = 0
        try:
            for event in heard:
                show(event)
                number += 1
                if number == count:
                    break
        except KeyboardInterrupt:
            pass
    return {"account_id": account.id, "events": number}, f"{number} events."


def _sandbox_account() -> int:
    account_id = sandbox_account.find_account()
    if account_id is None or not current_app.config["WESEND"].sandbox:
        raise InvalidInput("Name the account with --account: the sandbox is off")
    return account_id


COMMANDS = (wait, listen)
