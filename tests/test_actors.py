"""Whoever acts is an argument: what the edges call of the domains takes ``actor`` and asks ``roles`` itself.

So no page, command, API or job can show or change an account's things past the rule, and no façade is needed that only
checks and calls on.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache

import pytest

from .support.source import modules, nodes_of, path_of, tree_of, unit
from .test_architecture import DOMAINS

EDGES = ("dialects", "callbacks", "dashboard", "cli", "docs", "web", "sweeps", "jobs", "server")
OF_AN_ACCOUNT = set(
    "account account_id wallet wallet_id group groups group_id contact_id composer message message_id batch "
    "batch_id batch_uid uid deposit_id endpoint endpoint_id delivery delivery_id key_id user_id sender_id wanted search".split()
)
"""Parameters that name an account's things."""

LOOKED_UP = "by the id in a row, or in a key, that was found for the actor: on the path of every send"
A_ROW = "tells what a row says that was found for the actor"
A_TOKEN = "the token in a mail's link is the right: its reader is nobody's user"
NOBODY = "housekeeping of every account, by row id"
EXCEPTIONS = {
    "accounts.languages.of_account": "whom it is written to, whoever asks; as what is known of an account below",
    "accounts.service.get_account": "what is known of an account before anybody's rights in it can be told",
    "messages.campaigns.again.can_be": A_ROW,
    "messages.campaigns.again.rounds": A_ROW,
    "messages.campaigns.form_values.read_options": "reads a form in the account's zone",
    "messages.email.compose.link_target": A_TOKEN,
    "messages.email.held.is_held": A_ROW,
    "messages.email.tracking.find_mail": A_TOKEN,
    "messages.email.tracking.is_tracked": A_TOKEN,
    "messages.email.tracking.note_clicked": A_TOKEN,
    "messages.email.tracking.note_opened": A_TOKEN,
    "messages.email.tracking.unsubscribe": A_TOKEN,
    "messages.reporting.sent.load_sent": "by the id of a batch that was found for the actor, or that a webhook tells of",
    "messages.sending.accept.get_batch_by_id": LOOKED_UP,
    "messages.sending.bulk.sweep_rejected": NOBODY,
    "messages.sending.bulk.was_taken_in": "by the id that the key's own Idempotency-Key holds",
    "messages.sending.no_route.countries": "of numbers that were just given",
    "messages.sending.rescheduling.may_be_rescheduled": A_ROW,
    "messages.sending.rescheduling.read_time": "reads a form in the account's zone",
    "messages.state.mail_texts.text_of": A_ROW,
    "routing.pricing.home_price": "a price, which is everybody's",
    "sandbox.account.published": "published credentials",
    "sandbox.caught_mail.emails": "what the sandbox caught, which is shown to whoever may use it",
    "sandbox.inbox.messages": "what the sandbox caught, which is shown to whoever may use it",
    "wallets.top_up.is_offered": "which gateways take a currency, which is everybody's to know",
    "wallets.top_up.networks": "which networks a country has, which is everybody's to know",
    "binds.terms.terms_of": "of a key that was looked up for the actor, or that has shown its secret",
    "wallets.service.called": A_ROW,
    "wallets.service.wallet_by_id": LOOKED_UP,
    "wallets.service.wallets_of_side": "a filter by ids; what is shown through it is asked for",
}


def names_in(module: str) -> dict[str, str]:
    """What each imported name of a module stands for, as a dotted name within wesend."""
    package = module.split(".") if path_of(module).name == "__init__.py" else module.split(".")[:-1]
    found = {}
    for node in nodes_of(module):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1]
            for alias in node.names:
                found[alias.asname or alias.name] = ".".join([*base, *filter(None, [node.module]), alias.name])
    return found


def used_by(module: str) -> Iterator[str]:
    """Dotted names within wesend that a module uses: ``wallets.service.find_wallet``."""
    names = names_in(module)
    for node in nodes_of(module):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names:
            yield f"{names[node.value.id]}.{node.attr}"
        elif isinstance(node, ast.Name) and node.id in names:
            yield names[node.id]


@cache
def used() -> set[str]:
    return {name for module in modules() if unit(module) in EDGES for name in used_by(module)}


DOMAIN_MODULES = [module for module in modules() if unit(module) in DOMAINS]


def functions(module: str) -> Iterator[ast.FunctionDef]:
    return (node for node in tree_of(module).body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"))


def parameters(function: ast.FunctionDef) -> set[str]:
    given = function.args
    return {argument.arg for argument in (*given.posonlyargs, *given.args, *given.kwonlyargs)}


def without_actor() -> set[str]:
    return {
        name
        for module in DOMAIN_MODULES
        for function in functions(module)
        if (name := f"{module}.{function.name}") in used()
        and parameters(function) & OF_AN_ACCOUNT
        and "actor" not in parameters(function)
    }


def test_what_the_edges_call_of_an_accounts_things_takes_the_actor():
    assert without_actor() - set(EXCEPTIONS) == set()


def test_every_exception_is_still_one():
    assert set(EXCEPTIONS) - without_actor() == set()


def test_the_test_sees_both_forms_of_calls():
    assert {"contacts.groups.create_group", "wallets.service.find_wallet", "messages.sending.actions.retry"} <= used()


def asks(function: ast.FunctionDef) -> bool:
    """Whether it asks ``roles``, or hands the actor on to what does."""
    return any(isinstance(node, ast.Name) and node.id == "actor" for statement in function.body for node in ast.walk(statement))


def test_whoever_takes_an_actor_asks_or_hands_it_on():
    assert [
        f"{module}.{function.name}"
        for module in DOMAIN_MODULES
        for function in functions(module)
        if "actor" in parameters(function) and not asks(function)
    ] == []


@pytest.mark.parametrize("edge", ["dashboard", "dialects"])
def test_no_page_and_no_api_acts_as_the_machine(edge):
    assert [
        f"wesend/{module}:{node.lineno}"
        for module in modules()
        if unit(module) == edge
        for node in nodes_of(module)
        if isinstance(node, ast.keyword) and node.arg == "actor" and not isinstance(node.value, ast.Call | ast.Name)
    ] == []


def only_checks(function: ast.FunctionDef) -> bool:
    """Whether it asks for a right and calls one other function, and that is all."""
    body = [node for node in function.body if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))]
    checks = [node for node in body if isinstance(node, ast.Expr) and ast.unparse(node).startswith("roles.require")]
    rest = [node for node in body if node not in checks]
    return bool(checks) and len(rest) == 1 and isinstance(rest[0], ast.Expr | ast.Return) and isinstance(rest[0].value, ast.Call)


def is_facade(tree: ast.Module) -> bool:
    found = [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]
    return bool(found) and all(map(only_checks, found))


FACADE = '''
def delete_group(account, group_id, *, actor):
    """Gone."""
    roles.require(actor, SEND, account.id)
    service.delete_group(account.id, group_id)

def create_group(account, name, *, actor):
    roles.require(actor, SEND, account.id)
    return service.create_group(account.id, name)
'''


def test_no_module_only_checks_and_calls_on():
    assert is_facade(ast.parse(FACADE)), "the test knows one when it sees one"
    assert [module for module in DOMAIN_MODULES if is_facade(tree_of(module))] == []
