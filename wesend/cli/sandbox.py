"""`wesend sandbox`: its credentials, its rules, and a clean start."""

from __future__ import annotations

import json

import click
from flask import current_app

from ..accounts.credentials import apis
from ..adapters.sms.sandbox_numbers import OUTCOMES
from ..core import namespaces
from ..core.errors import InvalidInput
from ..gateways import simulated
from ..gateways.simulated import Rule
from ..sandbox import inbox as sandbox_inbox
from .shared import ACTOR, WHOLE, Answer, command, enter_application


@click.group("sandbox", invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def sandbox(context: click.Context, as_json: bool) -> None:
    """Make the sandbox account and print its published credentials; what follows steers it."""
    if context.invoked_subcommand is not None:
        return
    from ..sandbox.account import ensure_sandbox, published  # with all APIs, which its rules need not

    enter_application(context)
    data = published(ensure_sandbox(), current_app.config["WESEND"].base_url)
    if as_json:
        click.echo(json.dumps(data, ensure_ascii=False))
        return
    lines = [f"Sandbox account {data['account_id']} at {data['base_url']}"]
    for api in apis():
        lines += [f"  {api}"] + [f"    {name}: {value}" for name, value in data[api].items()]
    if not current_app.config["WESEND"].sandbox:
        lines.append("These are answered only while WESEND_SANDBOX is on; it is off now.")
    elif not current_app.config["WESEND"].sandbox_public:
        lines.append("These are answered to requests made on this machine, through no proxy.")
    click.echo("\n".join(lines))


NAMESPACE = click.option("--namespace", default=None, metavar="NAME", help="Only this namespace (run-42); default: everything.")


def _must_be_on() -> None:
    if not current_app.config["WESEND"].sandbox:
        raise InvalidInput("The sandbox is off: WESEND_SANDBOX=1 switches it on")


def _named(namespace: str | None) -> str | None:
    if namespace is not None and not namespaces.is_namespace(namespace):
        raise InvalidInput(f"A namespace has {namespaces.PROBLEM}")
    return namespace


@command("reset", NAMESPACE, group=sandbox)
def reset_sandbox(namespace: str | None) -> Answer:
    """Forget what was caught, written and ruled; without --namespace its wallets are full again, too."""
    from ..sandbox import resetting  # as above

    _must_be_on()
    counts = resetting.reset(_named(namespace), actor=ACTOR)
    return dict(counts), "Forgotten: " + ", ".join(f"{count} {name}" for name, count in counts.items())


@sandbox.group("rule")
def rule() -> None:
    """Rules: what becomes of the next messages to a number."""


def _shown(made: Rule) -> dict:
    delay = None if made.delay_ms is None else made.delay_ms / 1000
    return {
        "id": made.id,
        "to": made.recipient,
        "outcome": made.outcome,
        "delay": int(delay) if delay is not None and delay.is_integer() else delay,
        "times": made.times,
        "namespace": made.namespace,
    }


def _line(made: Rule) -> str:
    times = "always" if made.times is None else f"{made.times} times"
    return f"{made.id:>5}  {made.recipient}  {made.outcome}  {times}" + (f"  in {made.namespace}" if made.namespace else "")


@command(
    "add",
    click.argument("to"),
    click.argument("outcome", metavar="OUTCOME"),
    click.option("--delay", type=float, default=None, metavar="SECONDS", help="Until its receipt comes; of slow: of the call."),
    click.option("--times", type=WHOLE, default=None, metavar="N", help="For so many messages, 1 to 1000 (default: for all)."),
    click.option("--namespace", default=None, metavar="NAME", help="Only for what is sent in it (default: for all)."),
    group=rule,
)
def add_rule(to: str, outcome: str, delay: float | None, times: int | None, namespace: str | None) -> Answer:
    """Say what becomes of the next messages to TO."""
    _must_be_on()
    if outcome not in OUTCOMES:
        raise click.UsageError(f"OUTCOME is one of {', '.join(OUTCOMES)}")
    try:
        number = sandbox_inbox.one_number(to)
    except sandbox_inbox.UnknownRecipient as error:
        raise InvalidInput(f"{to!r} is no phone number") from error
    made = simulated.add(number, outcome, delay, times, _named(namespace))
    return _shown(made), _line(made)


@command("list", group=rule)
def list_rules() -> Answer:
    """List the rules that hold."""
    found = simulated.list_rules()
    return {"rules": [_shown(one) for one in found]}, "\n".join(map(_line, found)) or "No rules."


@command("remove", click.argument("rule_id", type=WHOLE, metavar="ID"), group=rule)
def remove_rule(rule_id: int) -> Answer:
    """Remove a rule."""
    simulated.remove(rule_id)
    return {"id": rule_id, "removed": True}, f"Rule {rule_id} removed."


COMMANDS = (sandbox,)
