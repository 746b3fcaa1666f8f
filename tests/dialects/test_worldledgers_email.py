"""World Ledgers: `POST /email`, and what recipients do with what came of it."""

from __future__ import annotations

import re

import pytest

from wesend.database import query
from wesend.messages.email import compose as mail
from wesend.messages.email import tracking

from ..support.accounts import new_worldledgers
from ..support.apis import WorldLedgers
from ..support.database import written
from ..support.jobs import ManualJobs
from ..support.worldledgers import accepted, add_contact, refused, sandbox_account

ANN, BEN = "ann@example.com", "ben@example.com"
PAGE = "https://shop.example.com/pay?a=1&b=2"


def caught(client, **wanted) -> list[dict]:
    answer = client.get("/sandbox/emails", query_string=wanted)
    assert answer.status_code == 200
    return answer.json["emails"]


def path_of(url: str) -> str:
    return "/t/" + url.rpartition("/t/")[2].strip("<>")


def test_the_documented_request_is_answered_as_documented(worldledgers):
    answer = worldledgers.email(
        "customer@example.com",
        "billing@example.com",
        subject="Payment reminder",
        message="<p>Hello {first_name}, please pay your invoice.</p>",
        send_at="2026-06-10 09:00:00",
        reference="billing-campaign-june",
    )
    data = accepted(answer)
    assert answer.json["message"] == "Emails scheduled successfully."
    assert re.fullmatch("MAIL-.+", data.pop("blast_id"))
    assert len(data.pop("message_ids")) == 2
    assert data == {"scheduled": 2, "skipped": [], "reference": "billing-campaign-june"}


def test_a_mail_is_caught_as_it_would_have_gone_out(client, worldledgers, jobs):
    [message_id] = accepted(worldledgers.email(ANN, subject="Code", message="Your code is 482910"))["message_ids"]
    assert (caught(client), worldledgers.status("email", message_id)["status"]) == ([], "pending")
    jobs.dispatch()
    [shown] = caught(client, to="ANN@example.com")
    assert set(shown) == {"id", "to", "from", "subject", "text", "html", "headers", "at"}
    assert (shown["to"], shown["from"], shown["subject"]) == (ANN, "wesend@127.0.0.1", "Code")
    assert (shown["text"], shown["html"]) == ("Your code is 482910", None)
    assert worldledgers.status("email", message_id)["status"] == "delivered"


def test_each_recipient_gets_a_mail_of_its_own(client, worldledgers, jobs):
    accepted(worldledgers.email(ANN, BEN, message="Hello"))
    jobs.dispatch()
    assert [(shown["to"], shown["headers"]["To"]) for shown in caught(client)] == [(ANN, ANN), (BEN, BEN)]


def test_html_has_a_text_part_and_values_are_escaped_in_it(app, client, worldledgers, jobs):
    add_contact(app, sandbox_account(app), "0722000001", "A <b> & co", email="Ann@Example.com", account_balance="5 < 6")
    accepted(worldledgers.email("ANN@example.com", subject="For {name}", message="<p>Hi {name}: {account_balance}</p>"))
    jobs.dispatch()
    [shown] = caught(client)
    assert shown["subject"] == "For A <b> & co"
    assert "<p>Hi A &lt;b&gt; &amp; co: 5 &lt; 6</p>" in shown["html"]
    assert shown["text"] == "Hi A <b> & co: 5 < 6"
    assert shown["headers"]["Content-Type"].startswith("multipart/alternative")


def test_plain_text_is_unchanged_and_its_values_are_not_escaped(app, client, worldledgers, jobs):
    add_contact(app, sandbox_account(app), "0722000001", "A <b> & co", email=ANN)
    accepted(worldledgers.email(ANN, message=f"Hi {{name}},\n\nsee {PAGE}\n  if a < b and c > d"))
    jobs.dispatch()
    [shown] = caught(client)
    assert (shown["text"], shown["html"]) == (f"Hi A <b> & co,\n\nsee {PAGE}\n  if a < b and c > d", None)


def test_without_a_contact_placeholders_are_empty(client, worldledgers, jobs):
    accepted(worldledgers.email(ANN, message="Dear {first_name} {last_name} customer"))
    jobs.dispatch()
    assert caught(client)[0]["text"] == "Dear customer"


def test_invalid_and_repeated_addresses_are_skipped(worldledgers):
    data = accepted(worldledgers.email(ANN, "ANN@Example.com", "nobody", "a@b", "x@y.z\r\nBcc: all@example.com", ""))
    assert data["skipped"] == [
        {"recipient": "ANN@Example.com", "reason": "duplicate"},
        {"recipient": "nobody", "reason": "invalid"},
        {"recipient": "a@b", "reason": "invalid"},
        {"recipient": "x@y.z\r\nBcc: all@example.com", "reason": "invalid"},
        {"recipient": "", "reason": "invalid"},
    ]
    assert data["scheduled"] == 1


def test_nobody_valid_is_422_and_nothing_is_written(app, worldledgers):
    before = written(app)
    answer = worldledgers.email("nobody", "0712345678")
    assert refused(answer, 422, "recipients")
    assert "e-mail" in answer.json["message"]
    assert written(app) == before


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ("subject", "message", "recipients")),
        ({"subject": "Hi", "message": "Hi"}, ("recipients",)),
        ({"subject": "", "message": "Hi", "recipients": [ANN]}, ("subject",)),
        ({"subject": "Hi", "message": " ", "recipients": [ANN]}, ("message",)),
        ({"subject": "a\nBcc: all@example.com", "message": "Hi", "recipients": [ANN]}, ("subject",)),
        ({"subject": "a\rb", "message": "Hi", "recipients": [ANN]}, ("subject",)),
        ({"subject": "x" * 999, "message": "Hi", "recipients": [ANN]}, ("subject",)),
        ({"subject": "Hi", "message": "Hi", "recipients": ANN}, ("recipients",)),
        ({"subject": 1, "message": [], "recipients": [1]}, ("subject", "message", "recipients")),
        ({"subject": "Hi", "message": "Hi", "recipients": [ANN], "send_at": "2099-01-01 00:00:00"}, ("send_at",)),
    ],
)
def test_a_wrong_request_is_422_by_field_and_writes_nothing(app, worldledgers, body, fields):
    before = written(app)
    assert refused(worldledgers.post("/email", body), 422, *fields)
    assert written(app) == before


def test_mail_is_free(app, jobs):
    api, _ = new_worldledgers(app, balance="0")
    accepted(api.email(ANN, BEN))
    jobs.dispatch()
    assert api.credits() == 0


def test_a_mail_may_be_scheduled(app, client, clock, jobs):
    api, _ = new_worldledgers(app)
    [message_id] = accepted(api.email(ANN, send_at="2026-06-10 16:00:00"))["message_ids"]  # it is 15:00 there
    jobs.dispatch()
    assert (caught(client), api.status("email", message_id)["status"]) == ([], "pending")
    clock.advance(3600)
    jobs.dispatch()
    assert [shown["to"] for shown in caught(client)] == [ANN]


def test_more_than_a_hundred_go_the_way_of_a_bulk(client, worldledgers, jobs):
    data = accepted(worldledgers.email(*(f"user{number}@example.com" for number in range(150)), message="<p>Hi</p>"))
    assert (data["scheduled"], len(data["message_ids"])) == (150, 150)
    jobs.dispatch()
    assert len(caught(client, limit=1000)) == 150
    assert worldledgers.status("email", data["message_ids"][149])["recipient"] == "user149@example.com"


# -- tracking -----------------------------------------------------------------


@pytest.fixture
def sent(client, worldledgers, jobs):
    """An HTML mail with two links that arrived: as it was caught, with its id."""
    [message_id] = accepted(
        worldledgers.email(
            ANN, message=f"<p>Hi</p><a href=\"{PAGE.replace('&', '&amp;')}\">Pay</a> <a href='http://x.example/ü?q=a b'>X</a>"
        )
    )["message_ids"]
    jobs.dispatch()
    return {**caught(client)[0], "message_id": message_id}


def events(app) -> list[str]:
    with app.app_context():
        return [
            row["event"] for row in query("SELECT event FROM message_events ORDER BY id") if row["event"] in ("opened", "clicked")
        ]


def test_the_pixel_is_a_picture_and_notes_the_opening_once(app, client, sent):
    [pixel] = re.findall(r'<img src="([^"]+)"', sent["html"])
    for _ in range(2):
        answer = client.get(path_of(pixel))
        assert (answer.status_code, answer.content_type) == (200, "image/gif")
        assert answer.data.startswith(b"GIF89a") and answer.headers["Cache-Control"] == "no-store"
    assert events(app) == ["opened"]


def test_a_link_leads_where_it_led_and_notes_the_click(app, client, sent):
    first, second = re.findall(r'href="([^"]+)"', sent["html"])
    assert PAGE not in sent["html"] and f"Pay ({PAGE})" in sent["text"]
    answer = client.get(path_of(first))
    assert (answer.status_code, answer.headers["Location"]) == (302, PAGE)
    assert client.get(path_of(second)).headers["Location"] == "http://x.example/%C3%BC?q=a%20b"
    assert events(app) == ["opened", "clicked", "clicked"]


def test_a_scanner_that_only_asks_for_the_head_has_neither_opened_nor_clicked(app, client, sent):
    [pixel] = re.findall(r'<img src="([^"]+)"', sent["html"])
    link = re.findall(r'href="([^"]+)"', sent["html"])[0]
    assert [client.head(path_of(url)).status_code for url in (pixel, link)] == [200, 302]
    assert events(app) == []


@pytest.mark.parametrize(
    "target",
    [
        "http://x.example/&#10;Set-Cookie: a=b",
        "http://x.example/\x01\x7f",
        "https://[::1]/",
        "http://user:pw@x.example:80/#frag",
        "http://münchen.example/",
        "HTTP://X.EXAMPLE",
    ],
)
def test_a_strange_link_is_followed_without_harm(client, worldledgers, jobs, target):
    accepted(worldledgers.email(ANN, message=f'<a href="{target}">x</a>'))
    jobs.dispatch()
    [link] = re.findall(r'href="([^"]+)"', caught(client)[0]["html"])
    answer = client.get(path_of(link))
    assert answer.status_code == 302
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Location"].isascii() and answer.headers["Location"].isprintable()


def test_there_is_no_open_redirect(app, client, sent):
    """Nothing but what was signed leads anywhere, and nothing in the request says where to."""
    first, _ = re.findall(r'href="([^"]+)"', sent["html"])
    token = path_of(first)[3:]
    for wrong in (
        token[:-1] + ("A" if token[-1] != "A" else "E") + "x",
        token[1:],
        token.partition(".")[0],
        "x",
        "..",
        "https://evil.example",
    ):
        assert client.get(f"/t/{wrong}").status_code == 404, wrong
    with app.app_context():
        beyond = mail.tracking_url("c", sent["message_id"], 2), mail.tracking_url("c", sent["message_id"] + 1, 0)
    assert [client.get(path_of(url)).status_code for url in beyond] == [404, 404]
    assert client.get(f"/t/{token}?url=https://evil.example").headers["Location"] == PAGE


def test_links_lead_on_for_400_days_and_unsubscribing_works_for_ever(app, client, clock, worldledgers, jobs):
    accepted(worldledgers.email(ANN, message=f'<a href="{PAGE}">Pay</a>'))
    jobs.dispatch()
    [mail_] = caught(client)
    [link], [pixel] = (re.findall(pattern, mail_["html"]) for pattern in (r'href="([^"]+)"', r'<img src="([^"]+)"'))
    clock.advance(400 * 86400 - 1)
    assert client.get(path_of(link)).status_code == 302
    clock.advance(2)
    assert [client.get(path_of(url)).status_code for url in (link, pixel)] == [404, 404]
    assert client.get(path_of(mail_["headers"]["List-Unsubscribe"])).status_code == 200
    assert client.post(path_of(mail_["headers"]["List-Unsubscribe"])).status_code == 200


def test_how_long_they_lead_on_is_a_setting(app_with, clock):
    app = app_with(WESEND_LINK_DAYS="2")
    client = app.test_client()
    accepted(WorldLedgers(client).email(ANN, message=f'<a href="{PAGE}">Pay</a>'))
    ManualJobs(app).dispatch()
    [link] = re.findall(r'href="([^"]+)"', caught(client)[0]["html"])
    clock.advance(2 * 86400 + 1)
    assert client.get(path_of(link)).status_code == 404


@pytest.mark.parametrize("status", ["scheduled", "queued", "cancelled"])
def test_a_mail_that_was_sent_to_nobody_has_no_links(app, client, worldledgers, clock, status):
    """Nobody makes a link of ours to their own page by writing a mail that never leaves."""
    at = {"send_at": "2026-06-11 12:00:00"} if status == "scheduled" else {}
    [message_id] = accepted(worldledgers.email(ANN, message=f'<a href="{PAGE}">Pay</a>', **at))["message_ids"]
    with app.app_context():
        if status == "cancelled":
            tracking.unsubscribe(tracking.find_mail(message_id))
        assert query("SELECT status FROM messages WHERE id = ?", (message_id,))[0][0] == status
        link, pixel = mail.tracking_url("c", message_id, 0), mail.tracking_url("o", message_id)
    assert [client.get(path_of(url)).status_code for url in (link, pixel)] == [404, 404]
    assert events(app) == []


def test_only_unsubscribing_is_done_by_post(client, sent):
    [pixel] = re.findall(r'<img src="([^"]+)"', sent["html"])
    link, _ = re.findall(r'href="([^"]+)"', sent["html"])
    assert [client.post(path_of(url)).status_code for url in (pixel, link)] == [405, 405]


# -- unsubscribing ------------------------------------------------------------


def test_one_click_unsubscribes_and_nothing_more_is_sent(client, worldledgers, jobs, sent):
    assert sent["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    url = sent["headers"]["List-Unsubscribe"]
    assert re.fullmatch(r"<http://127\.0\.0\.1:8000/t/[\w.\-]+>", url)
    answer = client.post(path_of(url), data={"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    data = accepted(worldledgers.email("Ann@EXAMPLE.com", BEN))
    assert data["skipped"] == [{"recipient": "Ann@EXAMPLE.com", "reason": "unsubscribed"}]
    assert refused(worldledgers.email(ANN), 422, "recipients")


def test_looking_at_the_page_unsubscribes_nobody(client, worldledgers, sent):
    """Mail scanners follow every link."""
    answer = client.get(path_of(sent["headers"]["List-Unsubscribe"]))
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    assert b'<form method="post">' in answer.data
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert accepted(worldledgers.email(ANN))["skipped"] == []


def test_another_account_may_still_write(app, client, sent):
    client.post(path_of(sent["headers"]["List-Unsubscribe"]))
    api, _ = new_worldledgers(app)
    assert accepted(api.email(ANN))["skipped"] == []


def test_what_was_scheduled_before_is_taken_back(app, client, clock, jobs):
    api, _ = new_worldledgers(app)
    accepted(api.email(ANN))
    [later] = accepted(api.email(ANN, send_at="2026-06-12 09:00:00"))["message_ids"]
    jobs.dispatch()
    client.post(path_of(caught(client)[0]["headers"]["List-Unsubscribe"]))
    shown = api.status("email", later)
    assert (shown["status"], shown["response"]) == ("failed", "Unsubscribed")
    clock.advance(3 * 24 * 3600)
    jobs.dispatch()
    assert len(caught(client)) == 1


def test_plain_text_can_be_unsubscribed_too(client, worldledgers, jobs):
    accepted(worldledgers.email(ANN))
    jobs.dispatch()
    assert client.post(path_of(caught(client)[0]["headers"]["List-Unsubscribe"])).status_code == 200
    assert refused(worldledgers.email(ANN), 422, "recipients")


def test_mail_is_in_no_other_apis_lists(client, wesendall, worldledgers, jobs):
    accepted(worldledgers.email(ANN))
    jobs.dispatch()
    assert wesendall.history() == []
    assert client.get("/sandbox/messages").json["messages"] == []
