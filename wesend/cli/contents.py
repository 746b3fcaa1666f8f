"""The table of contents of the commands: in which module each stands, and what it does, as the list of them tells."""

from __future__ import annotations

from typing import NamedTuple


class Place(NamedTuple):
    """``module``: of this package; ``summary``: as the command's own help begins, so that a list of all loads none."""

    module: str
    summary: str


COMMANDS = {
    "account": Place(
        "accounts", "Accounts: create, list, show, set, suspend, resume, export, close; and what becomes of what was late."
    ),
    "audit": Place(
        "checks", "Prove that balances equal their ledgers and nothing was paid or refunded twice; exit 1 on a problem."
    ),
    "backup": Place("upkeep", "Write a consistent copy of the database to a new file, while it serves; without keys."),
    "blocklist": Place("guards", "Numbers and prefixes to which nobody sends: add, list, remove."),
    "deposit": Place("gateways", "Deposits: list, ask the gateway again."),
    "doctor": Place(
        "checks", "Tell what is set up and what is missing, a line each; exit 1 when a file that was set up can't be used."
    ),
    "gateway": Place("gateways", "Gateways: types, set up, list, test, remove."),
    "group": Place("contacts", "Contact groups: create, list."),
    "host": Place("hosts", "The servers of this wesend."),
    "key": Place("keys", "API keys: create, list, bound, roll, revoke."),
    "listen": Place("developing", "Print the webhook events of an account as they happen, and forward them; ends with Ctrl-C."),
    "move": Place(
        "upkeep", "Copy everything from SQLite into an empty PostgreSQL database, while no server runs; the file stays as it is."
    ),
    "networks": Place(
        "routing",
        "List the networks of a country, or of all that are known, with the prefixes of their numbers; porting is not seen.",
    ),
    "opt-out": Place("contacts", "Opt-outs: who gets nothing more from an account."),
    "pause": Place("upkeep", "Let nothing more leave, neither messages nor webhooks; what is sent is accepted and queued."),
    "person": Place("people", "People's data: what is held of somebody, exported or erased."),
    "price-list": Place("prices", "Price lists of accounts: create, set, show, list, import."),
    "rate": Place("routing", "Exchange rates: set, list."),
    "reconcile": Place("business", "Compare a carrier's bill, a CSV, with what was sent through its gateway."),
    "report": Place("business", "Reports of the business: margin."),
    "restore": Place("upkeep", "Put a backup in the database's place, with dispatch paused; the old database is kept."),
    "resume": Place("upkeep", "Let messages and webhooks leave again, those first that wait."),
    "route": Place("routing", "Routes and prices: set, list."),
    "sandbox": Place("sandbox", "Make the sandbox account and print its published credentials; what follows steers it."),
    "send": Place("sending", "Send one SMS."),
    "sender": Place("contacts", "Sender IDs: add, list, approve, reject."),
    "smpp": Place("smpp", "Binds of customers' SMPP clients: list, end."),
    "statement": Place(
        "business", "Tell what a month moved in an account's wallets, by day and country; it adds up with the ledger."
    ),
    "two-way": Place("two_way", "Numbers that people write to: requests, approvals, prices, the inbox."),
    "up": Place("serving", "Migrate the database, make the sandbox when it is on, and serve."),
    "user": Place("users", "Users of the dashboard: create, list, give a new sign-in link, take second factors away."),
    "wait": Place(
        "developing", "Wait for what the sandbox catches for a recipient, and print the newest text; exit 1 when nothing came."
    ),
    "wallet": Place("wallets", "Wallets: create, list, credit, debit, show, set, alert."),
    "webhook": Place("webhooks", "Webhooks: add, list, switch, look at what was delivered, deliver again."),
}
