"""`wesend audit`, `wesend doctor`."""

from __future__ import annotations

import sys

import click

from .shared import Answer, command


@command("audit")
def audit() -> Answer:
    """Prove that balances equal their ledgers and nothing was paid or refunded twice; exit 1 on a problem."""
    from ..operations.audit import audit as run_audit

    found = run_audit()
    data = {
        "ok": not found.problems,
        "wallets": found.wallets,
        "entries": found.entries,
        "messages": found.messages,
        "problems": found.problems,
    }
    text = f"{found.wallets} wallets, {found.entries} ledger entries, {found.messages} messages: " + (
        "no problem." if not found.problems else f"{len(found.problems)} problems.\n" + "\n".join(found.problems)
    )
    if found.problems:
        click.get_current_context().call_on_close(lambda: sys.exit(1))
    return data, text


@command("doctor", migrated=False)
def doctor() -> Answer:
    """Tell what is set up and what is missing, a line each; exit 1 when a file that was set up can't be used."""
    from ..operations import doctor as diagnosis  # of everything something

    findings = diagnosis.examine()
    words = {"ok": "ok     ", "missing": "missing", "warning": "warning", "error": "error  "}
    if any(finding.state == "error" for finding in findings):
        click.get_current_context().call_on_close(lambda: sys.exit(1))
    return (
        {
            "ok": all(finding.state not in ("warning", "error") for finding in findings),
            "checks": [finding._asdict() for finding in findings],
        },
        "\n".join(f"{words[finding.state]}  {finding.check}: {finding.detail}" for finding in findings),
    )


COMMANDS = (audit, doctor)
