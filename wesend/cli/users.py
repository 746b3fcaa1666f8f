"""`wesend user`."""

from __future__ import annotations

import click
from flask import current_app

from ..accounts import roles, users
from ..accounts.roles import User
from ..accounts.second_factor import factors
from .shared import ACTOR, WHOLE, Answer, command


@click.group()
def user() -> None:
    """Users of the dashboard: create, list, give a new sign-in link, take second factors away."""


def _with_link(found: User) -> Answer:
    from ..accounts import sign_in  # with passkeys and what reads certificates, which a list needs not

    url = f"{current_app.config['WESEND'].base_url}/sign-in/{sign_in.issue_link(found, actor=ACTOR)}"
    return (
        {"user_id": found.id, "sign_in_url": url},
        f"User {found.id} ({found.email}, {found.role}) sets a password here, once, within 30 minutes:\n  {url}",
    )


@command(
    "create",
    click.argument("email"),
    click.option(
        "--role", type=click.Choice(roles.ROLES), default=None, help="Default: operator, or owner when an account is given."
    ),
    click.option("--account", "account_id", type=WHOLE, default=None, metavar="ID", help="The account of an owner or a member."),
    group=user,
)
def create_user(email: str, role: str | None, account_id: int | None) -> Answer:
    """Create a user and print a one-time sign-in link.

    An operator works on every account; an owner manages one; a member sends and reads there.
    """
    role = role or (roles.OPERATOR if account_id is None else roles.OWNER)
    return _with_link(users.create_user(email, role, account_id, actor=ACTOR))


@command("link", click.argument("email"), group=user)
def link_user(email: str) -> Answer:
    """Print a new one-time link for a user who lost the password."""
    return _with_link(users.find_by_email(email))


@command("list", group=user)
def list_users() -> Answer:
    """List the users of the dashboard."""
    rows = [
        {"user_id": row["id"], "email": row["email"], "role": row["role"], "account_id": row["account_id"]}
        for row in users.list_users(actor=ACTOR)
    ]
    return {"users": rows}, "\n".join(
        f"{row['user_id']:>5}  {row['role']:<8}  {row['email']}" + (f"  account {row['account_id']}" if row["account_id"] else "")
        for row in rows
    ) or "No users yet."


@command("reset-factors", click.argument("email"), group=user)
def reset_factors(email: str) -> Answer:
    """Take a user's second factors and recovery codes away, who then signs in by the password alone."""
    found = users.find_by_email(email)
    removed = factors.reset(found, actor=ACTOR)
    return (
        {"user_id": found.id, "email": found.email, "removed": removed},
        f"{found.email} has no second factor any more ({removed} removed), and is signed out everywhere.",
    )


COMMANDS = (user,)
