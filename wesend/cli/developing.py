"""`wesend wait`, `wesend listen`: for scripts, CI and a developer's own machine; here, or at a sandbox elsewhere."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import click
from flask import current_app

from ..accounts.service import get_account
from ..accounts.sides import LIVE, SANDBOX
from ..core import clock, namespaces
from ..core.errors import InvalidInput, NotFound
from ..sandbox import inbox as sandbox_inbox
from ..sandbox.inbox import Wanted
from ..webhooks import listening, listening_secrets
from ..webhooks.formats import formats
from .elsewhere import NAMESPACE, URL, Elsewhere
from .shared import ACTOR, WHOLE, Answer, command

LOOK_EVERY = 0.1
RECENT = 300  # seconds


class NothingCame(NotFound):
    pass


@command(
    "wait",
    click.option("--to", required=True, metavar="RECIPIENT", help="A phone in any form, or an e-mail address."),
    click.option("--extract", default=None, metavar="REGEX", help="Print what this finds in the text, or its group."),
    click.option("--since", default=None, help="The id of a message, a time, or now (default: the last 5 minutes)."),
    click.option("--timeout", type=click.FloatRange(0, 3600), default=30.0, help="Seconds to wait (30)."),
    URL,
    NAMESPACE,
)
def wait(to: str, extract: str | None, since: str | None, timeout: float, server: str | None, namespace: str | None) -> Answer:
    """Wait for what the sandbox catches for a recipient, and print the newest text; exit 1 when nothing came."""
    pattern = _pattern(extract)
    begin = str(time.time()) if since == "now" else since or str(time.time() - RECENT)
    look = _looking_elsewhere(server, to, begin, namespace) if server is not None else _looking_here(to, begin, namespace)
    deadline = time.monotonic() + timeout
    while True:
        for found in look():
            text = found["text"] or found.get("html") or ""
            match = pattern.search(text) if pattern else None
            if pattern is None or match is not None:
                extracted = (match[1] if match.re.groups else match[0]) if match else None
                return {**found, "extracted": extracted}, text if extracted is None else extracted
        if time.monotonic() >= deadline:
            raise NothingCame(f"Nothing came for {to} within {timeout:g} s" + (f" that {extract!r} fits" if extract else ""))
        time.sleep(LOOK_EVERY)


Look = Callable[[], list[dict]]


def _looking_here(to: str, since: str, namespace: str | None) -> Look:
    if "@" in to:
        from ..sandbox import caught_mail  # with all that reads and writes mails

        look = caught_mail.emails
    else:
        look = sandbox_inbox.messages
    wanted = Wanted(to, _since(since), newest_first=True, namespace=_named(namespace))
    return lambda: _look(look, wanted)


def _looking_elsewhere(server: str, to: str, since: str, namespace: str | None) -> Look:
    kind, there = ("emails" if "@" in to else "messages"), Elsewhere(server)
    asked: dict[str, Any] = {"to": to, "since": since, "order": "desc", "namespace": _named(namespace)}
    return lambda: there.call("GET", kind, **asked)[kind]


def _named(namespace: str | None) -> str | None:
    if namespace is not None and not namespaces.is_namespace(namespace):
        raise InvalidInput(f"A namespace has {namespaces.PROBLEM}")
    return namespace


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
    click.option("--account", "account_id", type=WHOLE, default=None, metavar="ID", help="Whose (default: the sandbox's)."),
    click.option("--format", "format_names", multiple=True, metavar="API", help="Only this API's; repeatable (default: all)."),
    click.option("--count", type=click.IntRange(1), default=None, help="End after so many events."),
    click.option("--new-secret", is_flag=True, help="Sign with other secrets from now on (by itself they stay the same)."),
    URL,
    NAMESPACE,
)
def listen(
    url: str | None,
    account_id: int | None,
    format_names: tuple[str, ...],
    count: int | None,
    new_secret: bool,
    server: str | None,
    namespace: str | None,
) -> Answer:
    """Print the webhook events of an account as they happen, and forward them; ends with Ctrl-C."""
    if account_id is not None and (server is not None or namespace is not None):
        raise click.UsageError("--url and --namespace are for the sandbox: they don't go with --account")
    if server is not None:
        return _listen_elsewhere(Elsewhere(server), url, format_names, count, new_secret, _named(namespace))
    chosen = list(format_names or formats())
    account = get_account(account_id if account_id is not None else _sandbox_account())
    side = SANDBOX if account.is_sandbox else LIVE
    if new_secret:
        listening_secrets.renew(side, chosen)
    secrets = listening_secrets.secrets_of(side, chosen)
    with listening.listen(account.id, chosen, url, secrets=secrets, actor=ACTOR) as heard:
        _greet(f"account {account.id} ({account.name})", heard.secrets)
        number = _take((one for one in heard if _is_in(namespace, one)), count, forwards=url is not None)
    return {"account_id": account.id, "events": number}, f"{number} events."


def _is_in(namespace: str | None, heard: listening.Heard) -> bool:
    return namespace is None or heard.namespace == namespace


def _greet(whom: str, secrets: dict[str, str]) -> None:
    if not click.get_current_context().params["as_json"]:
        shown = "\n".join(f"  {name}: {secret}" for name, secret in secrets.items())
        click.echo(f"Listening to {whom}. Secrets of the signatures:\n{shown}")


def _take(heard: Iterable[listening.Heard], count: int | None, *, forwards: bool) -> int:
    """Show events until there were ``count``, or Ctrl-C; how many."""
    as_json, number = click.get_current_context().params["as_json"], 0
    try:
        for event in heard:
            if as_json:
                told = event._asdict()
                del told["namespace"]
                click.echo(json.dumps(told, ensure_ascii=False))
            else:
                click.echo(
                    f"{clock.iso(clock.now_ms())}  {event.format}  {event.event}"
                    + (f"  -> {event.status_code or event.error}" if forwards else "")
                    + f"\n{json.dumps(event.payload, ensure_ascii=False)}"
                )
            number += 1
            if number == count:
                break
    except KeyboardInterrupt:
        pass
    return number


def _listen_elsewhere(
    there: Elsewhere, url: str | None, format_names: tuple[str, ...], count: int | None, new_secret: bool, namespace: str | None
) -> Answer:
    secrets = there.call("POST" if new_secret else "GET", "webhook-secrets")["secrets"]
    unknown = [name for name in format_names if name not in secrets]
    if unknown:
        raise InvalidInput(f"{unknown[0]} is no webhook format: choose one of {', '.join(secrets)}")
    chosen = format_names or tuple(secrets)
    _greet(f"the sandbox at {there.url}", {name: secrets[name] for name in chosen})

    def heard() -> Iterator[listening.Heard]:
        for event in there.events(namespace):
            if event["format"] in chosen:
                status, error = _forward(url, event) if url is not None else (None, None)
                yield listening.Heard(event["format"], event["event"], json.loads(event["body"]), status, error)

    number = _take(heard(), count, forwards=url is not None)
    return {"url": there.url, "events": number}, f"{number} events."


def _forward(url: str, event: dict[str, Any]) -> tuple[int | None, str | None]:
    """Status and problem of a post."""
    from ..adapters.guarded_http import GuardedHttp  # with urllib3

    http = GuardedHttp(allow_private=True)
    try:
        answer = http.post(url, event["body"].encode(), event["headers"])
    finally:
        http.close()
    return answer.status_code, answer.error


def _sandbox_account() -> int:
    from ..sandbox import account as sandbox_account  # with all that it is made of

    account_id = sandbox_account.find_account()
    if account_id is None or not current_app.config["WESEND"].sandbox:
        raise InvalidInput("Name the account with --account: the sandbox is off")
    return account_id


COMMANDS = (wait, listen)
