"""What holds for every page, and what the dashboard leaves alone."""

from __future__ import annotations

import re

import pytest

from wesend.dashboard import frame

from ..support.dashboard import text_of

DIRECTIVES = ("default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'")


def pages(app) -> list[str]:
    """Every page of the dashboard whose address holds nothing variable."""
    return sorted(
        rule.rule
        for rule in app.url_map.iter_rules()
        if rule.endpoint.startswith("dashboard.") and "GET" in rule.methods and not rule.arguments
    )


def test_every_page_is_shown_with_strict_headers(app, operator):
    operator.pick(1)
    for path in pages(app):
        answer = operator.get(path)
        if answer.mimetype != "text/html":
            continue
        assert answer.status_code in (200, 302), path
        policy = answer.headers["Content-Security-Policy"]
        assert [part for part in DIRECTIVES if part not in policy] == [] and "unsafe" not in policy, path
        assert answer.headers["Cache-Control"] == "no-store" and answer.headers["X-Content-Type-Options"] == "nosniff"


def test_no_page_holds_a_script_or_a_style_of_its_own(app, operator):
    operator.pick(1)
    for path in pages(app):
        text = operator.get(path).text
        assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=", text) == [], path


def test_every_page_has_a_title_one_heading_and_labels(app, operator):
    operator.pick(1)
    for path in pages(app):
        answer = operator.get(path)
        if answer.status_code != 200 or answer.mimetype != "text/html":
            continue
        assert len(re.findall(r"<h1\b", answer.text)) == 1, path
        assert re.search(r"<title>[^<]+ · wesend</title>", answer.text), path
        ids = re.findall(r'\sid="([^"]+)"', answer.text)
        assert len(ids) == len(set(ids)), (path, [name for name in ids if ids.count(name) > 1])


def test_a_stranger_sees_no_page_at_all(app, stranger):
    for path in pages(app):
        answer = stranger.get(path)
        if answer.status_code == 302:
            assert answer.headers["Location"].startswith("/sign-in"), path
        else:
            assert path == "/sign-in" and answer.status_code == 200


def test_a_page_that_does_not_exist_is_a_page(stranger, operator):
    for visitor in (stranger, operator):
        answer = visitor.get("/no-such-page")
        assert answer.status_code == 404 and "There is no such page" in text_of(answer)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/v1/nothing", "/sandbox/nothing", "/t/x/y", "/callbacks/x"])
def test_what_is_served_beside_it_keeps_its_own_errors(client, path):
    answer = client.get(path)
    assert answer.status_code == 404 and answer.is_json
    assert "Content-Security-Policy" not in answer.headers


def test_the_apis_know_nothing_of_sessions_and_tokens(wesendall):
    answer = wesendall.send("0712345678")
    assert answer.status_code == 200
    assert "Set-Cookie" not in answer.headers and "Vary" not in answer.headers


def test_the_style_sheet_and_the_script_stay_small():
    assert (frame.STATIC / "app.css").stat().st_size < 34_000
    assert (frame.STATIC / "app.js").stat().st_size < 20_000


def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(app_with, stranger):
    cookie = stranger.get("/sign-in").headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Secure" not in cookie
    public = app_with(WESEND_BASE_URL="https://sms.example.com").test_client().get("/sign-in").headers["Set-Cookie"]
    assert "Secure" in public


def test_a_file_that_is_not_there_is_404_wherever_it_is_looked_for(client):
    """Flask's own folder of static files is off: its 404 had no page to be shown on."""
    for path in ("/static/app.css", "/assets/none.css", "/docs/static/none.js", "/favicon.ico", "/robots.txt"):
        assert client.get(path).status_code == 404, path


def test_what_every_page_loads_is_asked_for_once(stranger):
    """Style, script and pictures by a version in their address, the font by its name: a browser keeps them for a year."""
    loaded = set(re.findall(r'(?:href|src)="(/assets/[^"]+)"', stranger.get("/sign-in").text))
    assert {path.partition("?")[0].rpartition(".")[2] for path in loaded} == {"css", "js", "svg", "woff2"}
    for path in loaded:
        with stranger.get(path.replace("&amp;", "&")) as answer:
            answer.get_data()
        assert answer.status_code == 200 and answer.headers["Cache-Control"] == "public, max-age=31536000, immutable", path
    assert "immutable" not in stranger.get("/assets/app.css").headers["Cache-Control"]
