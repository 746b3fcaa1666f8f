"""People of the landed version: they sign in, and every page that leads from another opens."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from ..support.dashboard import Visitor
from .outside import landed, sign_in
from .population.people import BANK, CLOSED, SHOP

HREF = re.compile(r'(?:href|src)="(/[^"#]*)"')
NO_PAGES = ("/static/", "/docs/openapi", "/docs/postman", "/sign-out", "/t/")
OF_A_KIND = 3
"""Pages that differ in an id or a query alone: so many of each are opened."""


def kind_of(path: str) -> str:
    path, _, query = path.partition("?")
    return (
        re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}|wal_\w+|/\d+", "#", path)
        + "?"
        + ",".join(sorted(part.partition("=")[0] for part in query.split("&")))
    )


def walk(visitor: Visitor, start: str) -> dict[str, int]:
    """Every page that leads from another, with its status."""
    found: dict[str, int] = {}
    kinds: Counter[str] = Counter()
    waiting = [start]
    while waiting:
        path = waiting.pop()
        if path in found or kinds[kind_of(path)] >= OF_A_KIND:
            continue
        kinds[kind_of(path)] += 1
        answer = visitor.get(path)
        found[path] = answer.status_code
        if answer.mimetype == "text/html" and answer.status_code == 200:
            waiting += [href.replace("&amp;", "&") for href in HREF.findall(answer.text) if not href.startswith(NO_PAGES)]
    return found


@pytest.mark.parametrize(
    ("email", "account", "least"),
    [
        ("root@example.com", SHOP, 100),
        ("root@example.com", BANK, 60),
        ("root@example.com", CLOSED, 50),
        ("owner@shop.example", None, 80),
        ("member@shop.example", None, 60),
        ("owner@bank.example", None, 50),
        ("owner@closed.example", None, 15),
    ],
)
def test_every_page_opens(upgraded, email, account, least):
    visitor = sign_in(upgraded.app, email)
    if account is not None:
        visitor.pick(account)
    found = walk(visitor, "/")
    assert {path: status for path, status in found.items() if status != 200 and not (300 <= status < 400)} == {}
    assert len(found) >= least, sorted(found)


def test_a_link_that_is_open_sets_a_password_until_its_time_is_over(upgraded, clock):
    guest, path = Visitor(upgraded.app), f"/sign-in/{landed()['link']}"
    guest.get(path)
    assert guest.post(path, password="a heron stands in the reeds").status_code == 303
    assert guest.get("/").status_code == 200
    assert Visitor(upgraded.app).get(path).status_code == 410, "it is used up"


def test_a_link_whose_time_is_over_leads_nowhere_and_a_wrong_password_is_refused(upgraded, clock):
    stranger = Visitor(upgraded.app)
    clock.advance(1860)
    assert stranger.get(f"/sign-in/{landed()['link']}").status_code == 410
    assert stranger.post("/sign-in", email="root@example.com", password="another guess").status_code == 401


def test_what_is_read_there_is_what_was_sent(upgraded):
    owner = sign_in(upgraded.app, "owner@shop.example")
    made = landed()["messages"]
    for name in ("delivered", "undelivered", "unknown", "parts", "parts under way"):
        page = owner.get(f"/messages/{made[name]}")
        assert page.status_code == 200 and ("Hello" in page.text or "A text of several parts" in page.text), name
    bank = sign_in(upgraded.app, "owner@bank.example")
    listed = bank.get("/emails").text
    assert "News for" in listed and "By server" in listed
    for uid in set(re.findall(r'href="/emails/([0-9a-f-]{36})"', listed)):
        assert bank.get(f"/emails/{uid}").status_code == 200 and bank.get(f"/emails/{uid}/html").status_code == 200
