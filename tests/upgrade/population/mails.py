"""E-mails: plain and HTML, opened and followed, live ones that were caught, waiting ones, and what an application handed in."""

from __future__ import annotations

import re
import smtplib
from email.message import EmailMessage

from tests.support.server import free_port
from wesend.core import clock
from wesend.messages.email import compose as mail
from wesend.operations import alerts
from wesend.sandbox import mail_catcher

from .places import MAIL
from .world import World, field

HTML = (
    '<p>Dear {first_name}, <a href="https://shop.example/pay?x=1&amp;y=2">pay</a> or <a href="https://shop.example/">look</a></p>'
)


def write(world: World, key: str, *recipients: str, **more) -> list[int]:
    given = {"subject": "News for {name}", "message": "Hello {first_name}", "recipients": list(recipients), **more}
    return world.call(key, "POST", "/api/v1/communication/email", json=given, expect=202)["data"]["message_ids"]


def fill_before(world: World) -> None:
    """Two days earlier: its text is not kept."""
    (old,) = write(world, "worldledgers", "grace@example.com", message=HTML)
    world.made["mails"] = {"old": old}
    world.settle()


def fill_first_day(world: World) -> None:
    made = world.made["mails"]
    for key in ("worldledgers", "worldledgers test"):
        (made[f"{key} plain"],) = write(world, key, "grace@example.com", reference="M1")
        (made[f"{key} html"], made[f"{key} unread"]) = write(world, key, "ann@example.com", "cal@example.com", message=HTML)
    world.settle()
    for key in ("worldledgers", "worldledgers test"):
        _read(world, made[f"{key} html"])
    (leaves,) = write(world, "worldledgers", "leaves@example.com", message=HTML)
    world.settle()
    client, token = world.app.test_client(), world.job(lambda: mail.tracking_url(mail.UNSUBSCRIBE, leaves)).rpartition("/")[2]
    assert client.post(f"/t/{token}").status_code == 200
    world.made["links"] = {
        "click": world.job(lambda: mail.tracking_url(mail.CLICK, made["worldledgers html"], 0)),
        "unsubscribe": world.job(lambda: mail.tracking_url(mail.UNSUBSCRIBE, made["worldledgers plain"])),
    }
    world.job(alerts.tell_of_low_balances)
    _hand_in(world)


def _read(world: World, message_id: int) -> None:
    """Its pixel is fetched and its first link followed."""
    client = world.app.test_client()
    for link, status in ((mail.OPEN, None), 200), ((mail.CLICK, 0), 302):
        url = world.job(lambda link=link: mail.tracking_url(link[0], message_id, *([link[1]] if link[1] is not None else [])))
        assert client.get("/t/" + url.rpartition("/")[2]).status_code == status, url


def _hand_in(world: World) -> None:
    """An application's own mail, by SMTP, to two people."""
    port = free_port()
    controller = mail_catcher.start(world.make_app(WESEND_SANDBOX_SMTP_PORT=str(port)))
    assert controller is not None
    letter = EmailMessage()
    letter["From"], letter["To"], letter["Subject"] = "app@shop.example", "ann@example.com, ben@example.com", "Your code"
    letter.set_content("Your code is 424242")
    letter.add_alternative("<p>Your code is <b>424242</b></p>", subtype="html")
    with smtplib.SMTP("127.0.0.1", port) as smtp:
        smtp.send_message(letter)
    controller.stop()


def fill_last_day(world: World) -> None:
    """What waits: for its time, to be caught, for a server that is away; a campaign of mails of the dashboard."""
    made, at = world.made["mails"], clock.iso(clock.now_ms() + clock.DAY)
    (made["scheduled"],) = write(world, "worldledgers", "grace@example.com", send_at=at)
    (made["scheduled test"],) = write(world, "worldledgers test", "grace@example.com", message=HTML, send_at=at)
    away = world.make_app(WESEND_SMTP_URL=f"smtp://127.0.0.1:{MAIL}")
    reply = away.test_client().post(
        "/api/v1/communication/email",
        headers=world.headers("worldledgers"),
        json={"subject": "By server", "message": HTML, "recipients": ["grace@example.com", "later@example.com"]},
    )
    assert reply.status_code == 202, reply.text
    made["smtp"] = reply.json["data"]["message_ids"]
    world.dispatch(away)
    page = world.page("owner@bank.example")
    shown = page.get("/emails/write")
    uid = field(shown, "uid")
    wallet = world.made["wallets"]["bank test"]
    sent = page.post(
        "/emails/write",
        uid=uid,
        wallet=wallet,
        addresses="reader@example.com",
        subject="Written",
        format="html",
        text="<p>By hand</p>",
        when="now",
    )
    assert sent.status_code == 303, re.sub(r"<[^>]+>", "", sent.text)
