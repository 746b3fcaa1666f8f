"""E-mail as it is tracked: links that lead through us, their tokens, opens, clicks, unsubscribing."""

from __future__ import annotations

import re

import pytest

from wesend.messages.email import compose as mail
from wesend.messages.email import tracking
from wesend.messages.sending.compose import Skipped
from wesend.messages.sending.options import Options
from wesend.routing import opt_outs

from ...support.composed_mail import PAGE, accepted, composed, part, plan, rendered
from ...support.domain import assert_counted, make_wallet, message, problems, timeline


def test_links_are_numbered_in_order_and_only_those_that_are_led(context):
    html = '<a href="https://a.example/">a</a><a href="mailto:x@y.z">m</a><a href=\'https://b.example/\'>b</a>'
    sent = part(rendered(html), "html")
    found = re.findall(r"/t/([^\"]+)", sent)
    assert [mail.read_token(token) for token in found] == [("c", 7, 0), ("c", 7, 1), ("o", 7, None)]
    assert "mailto:x@y.z" in sent


@pytest.mark.parametrize(
    ("html", "end"),
    [
        ("<body><p>Hi</p></body></html>", "</body></html>"),
        ("<BODY>İİİİ</BODY >", "</BODY >"),
        ("<p>Hi</p>", ""),
        ("<body><!-- </body> -->x</body>", "</body>"),
    ],
)
def test_the_pixel_stands_at_the_end_of_the_body(html, end):
    pixel = re.escape('<img src="http') + "[^>]+>"
    assert re.search(pixel + re.escape(end) + "$", mail.track(html, 1))


def test_a_token_is_read_as_it_was_signed():
    for kind, link in (("o", None), ("u", None), ("c", 0), ("c", 3)):
        token = mail.tracking_url(kind, 12, link).rpartition("/t/")[2]
        assert mail.read_token(token) == (kind, 12, link)


def test_a_tampered_token_is_refused_at_every_character():
    token = mail.tracking_url("c", 12, 0).rpartition("/t/")[2]
    for position, character in enumerate(token):
        for other in {"A", "B", "-", "."} - {character}:
            changed = token[:position] + other + token[position + 1 :]
            read = mail.read_token(changed)
            # The last character of base64 has bits that mean nothing.
            assert read is None or position == len(token) - 1 and read == ("c", 12, 0)
    for strange in ("", ".", "x", token + "x", token[:-2], token * 2, "é", "\0", "." + token, "x" * 10_000):
        assert mail.read_token(strange) is None


def test_a_token_of_another_installation_is_refused(context, tmp_path):
    from ...conftest import make_app

    token = mail.tracking_url("c", 12, 0).rpartition("/t/")[2]
    with make_app(tmp_path / "other", WESEND_SECRET_KEY="another").app_context():
        assert mail.read_token(token) is None


def test_a_click_is_an_opening_too_and_each_is_noted_once():
    [row] = accepted(text=f'<a href="{PAGE}">Pay</a>')
    for _ in range(2):
        tracking.note_clicked(message(row["id"]), PAGE)
        tracking.note_opened(message(row["id"]))
    tracking.note_clicked(message(row["id"]), PAGE + "/other")
    assert timeline(row["id"]) == ["opened", "clicked", "clicked"]


def test_a_link_that_a_mail_does_not_have_leads_nowhere():
    [row] = accepted(text=f'<a href="{PAGE}">Pay</a>')
    assert [mail.link_target(row["id"], link) for link in (0, 1, -1)] == [PAGE, None, None]
    assert mail.link_target(row["id"] + 1, 0) is None


def test_who_unsubscribed_gets_nothing_more_from_this_account_and_everything_from_others():
    wallet, other = (make_wallet("10", "SMS", is_sandbox=True) for _ in range(2))
    [row] = accepted("Ann@Example.com", wallet=wallet)
    for _ in range(2):
        tracking.unsubscribe(message(row["id"]))
    [skipped, planned] = plan(composed(wallet=wallet), "ANN@example.com", "ben@example.com")
    assert (skipped, planned.recipient) == (Skipped("ANN@example.com", "opted_out", 0), "ben@example.com")
    assert plan(composed(wallet=other), "ann@example.com")[0].recipient == "ann@example.com"
    assert opt_outs.opted_out(wallet.account_id, "sms", ["ann@example.com"], "sandbox") == set()


def test_what_was_scheduled_for_who_unsubscribed_is_taken_back(clock):
    wallet, other = (make_wallet("10", "SMS", is_sandbox=True) for _ in range(2))
    later = Options("scheduled", scheduled_at=int(clock() + 3600) * 1000)
    [seen] = accepted("ann@example.com", wallet=wallet)
    waiting = accepted("Ann@example.com", "ben@example.com", wallet=wallet, options=later)
    [foreign] = accepted("ann@example.com", wallet=other, options=later)
    tracking.unsubscribe(message(seen["id"]))
    assert [message(row["id"])["status"] for row in (*waiting, foreign)] == ["cancelled", "scheduled", "scheduled"]
    assert message(waiting[0]["id"])["error_code"] == "opted_out"
    assert_counted()
    assert problems() == []
