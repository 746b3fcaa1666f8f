"""The pages at /docs: served from here alone, under a strict policy."""

from __future__ import annotations

import re

import pytest

from ..support.published import APIS, CREDENTIALS

PAGES = ["/docs", *(f"/docs/{name}" for name in APIS)]


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_fetched_from_anywhere_else_and_no_script_stands_in_the_page(client, path):
    page = client.get(path).get_data(as_text=True)
    assert re.findall(r"""(?:src|href|spec-url)=["']([^/#][^"']*)""", page) == []
    assert "//" not in "".join(re.findall(r"""(?:src|href|spec-url)=["']([^"']*)""", page))
    assert re.findall(r"<script[^>]*>[^<]", page) == []
    assert re.findall(r"""\s(?:on\w+|style)=""", page) == []


@pytest.mark.parametrize("path", PAGES)
def test_everything_that_a_page_names_is_served(client, path):
    page = client.get(path).get_data(as_text=True)
    for named in re.findall(r"""(?:src|href|spec-url)=["']([^"']+)""", page):
        with client.get(named) as answer:
            assert answer.status_code == 200, named


def policy(client, path: str) -> dict[str, str]:
    parts = client.get(path).headers["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


@pytest.mark.parametrize("path", PAGES)
def test_the_policy_allows_only_what_comes_from_here(client, path):
    found = policy(client, path)
    assert found["default-src"] == found["base-uri"] == found["frame-ancestors"] == "'none'"
    assert set(" ".join(found.values()).split()) <= {"'none'", "'self'", "data:", "'unsafe-inline'"}
    assert found.get("script-src", "'self'") == "'self'"


def test_only_the_pages_of_rapidoc_allow_inline_styles(client):
    assert policy(client, "/docs")["style-src"] == "'self'"
    assert policy(client, "/docs/esms")["style-src"] == "'self' 'unsafe-inline'"


@pytest.mark.parametrize("name", APIS)
def test_the_published_credentials_are_shown_while_the_sandbox_is_on(app_with, name):
    secret = CREDENTIALS[name].secret
    for path in ("/docs", f"/docs/{name}"):
        assert secret in app_with().test_client().get(path).get_data(as_text=True)
        assert secret not in app_with(WESEND_SANDBOX="0").test_client().get(path).get_data(as_text=True)


def test_rapidoc_comes_with_its_licence(client):
    with client.get("/docs/static/rapidoc.LICENSE.txt") as answer:
        assert "MIT License" in answer.get_data(as_text=True)
