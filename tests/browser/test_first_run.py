"""The first quarter of an hour: the link that was printed, the checklist, a first message by every API."""

from __future__ import annotations

import re

import pytest

from ..support.server import Server


def test_the_printed_link_sets_the_password_and_every_apis_example_runs(tmp_path, visit):
    """On an instance of its own, started as a user would."""
    with Server(tmp_path / "instance", WESEND_WORKERS="1", WESEND_SANDBOX_DELAY="0") as server:
        link = re.search(r"http://\S+/sign-in/\S+", server.output())
        assert link
        somebody = visit()
        page = somebody.page
        page.goto(link[0])
        page.get_by_label("Your e-mail").fill("grace@example.com")
        page.get_by_label("Choose a password").fill("correct horse battery")
        page.get_by_role("button", name="Set the password and sign in").click()
        page.get_by_role("heading", name="Getting started").wait_for()
        page.get_by_text("1 of 4 done").wait_for()  # the sandbox's money
        for api in ("Wesendall", "Wasambazie", "eSMS Africa", "World Ledgers"):
            page.get_by_role("tab", name=api).click()
            panel = page.get_by_role("tabpanel", name=api)
            panel.get_by_role("button", name="Run it").click()
            panel.get_by_text(re.compile("HTTP 20[012]")).wait_for()
        page.get_by_text("2 of 4 done").wait_for()  # ticked by itself
        assert len(server.query("SELECT * FROM messages")) == 4
        page.goto(link[0])
        page.get_by_role("heading", name="This link is over").wait_for()


def test_an_account_of_ones_own_gets_keys_that_run(visit, server):
    account = server.command("account", "create", "Fresh", "--country", "KE")["account_id"]
    page = visit("owner", account).page
    page.get_by_role("link", name="For a developer").click()
    page.get_by_role("button", name="Make test keys").click()
    page.get_by_role("tabpanel", name="Wesendall").get_by_role("button", name="Run it").click()
    page.get_by_text("HTTP 200").wait_for()
    page.get_by_text("1 of 4 done").wait_for()  # the page that shows the keys follows too
    assert server.query("SELECT recipient LIKE '+254%' FROM messages WHERE account_id = ?", account) == [(1,)]


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_signing_in_and_the_checklist_are_usable_by_everybody(visit, width, scheme):
    stranger = visit(width=width, scheme=scheme)
    stranger.page.goto("/sign-in")
    assert stranger.serious_faults() == [] and stranger.fits()
    operator = visit("operator", width=width, scheme=scheme)
    assert operator.serious_faults() == [] and operator.fits()


def test_too_many_wrong_passwords_are_told_so(visit):
    page = visit().page
    for _ in range(6):
        page.goto("/sign-in")
        page.get_by_label("E-mail").fill("throttled@example.com")
        page.get_by_label("Password", exact=True).fill("a wrong one")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("alert").wait_for()
    assert "Too many attempts" in page.get_by_role("alert").inner_text()
