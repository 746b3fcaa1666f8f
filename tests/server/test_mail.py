"""Mail on a running server: to a mail server that refuses, goes away and comes back; caught on the sandbox's port."""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator
from email.message import EmailMessage

import pytest
import requests

from tests.support.forked import ForkedServer
from tests.support.mail import DROP, MailServer
from tests.support.server import Server, free_port
from wesend.messages.email.held import HELD

from ..support.published import CREDENTIALS

HEADERS = {"X-API-Key": CREDENTIALS["worldledgers"].secret}


class Shop:
    """A customer's account with World Ledgers' API, on a server that sends its mail to ``post``."""

    def __init__(self, server: Server):
        self.server = server
        account = str(server.command("account", "create", "Shop", "--country", "KE")["account_id"])
        wallet = server.command("wallet", "create", "--account", account, "--currency", "SMS")["wallet_id"]
        key = server.command("key", "create", "--account", account, "--wallet", wallet, "--api", "worldledgers")
        self.headers = {"X-API-Key": key["api_key"]}

    def email(self, *recipients: str, message: str = "Hello") -> list[int]:
        answer = requests.post(
            self.server.url + "/api/v1/communication/email",
            headers=self.headers,
            timeout=30,
            json={"subject": "Hi", "message": message, "recipients": recipients},
        )
        assert answer.status_code == 202, answer.text
        return answer.json()["data"]["message_ids"]

    def status(self, message_id: int) -> dict:
        answer = requests.get(f"{self.server.url}/api/v1/communication/email/{message_id}", headers=self.headers, timeout=30)
        return answer.json()["data"]

    def wait_for(self, message_id: int, status: str) -> dict:
        Server.wait_until(lambda: self.status(message_id)["status"] == status, 60, f"the mail is never {status}", every=0.3)
        return self.status(message_id)

    def timeline(self, message_id: int) -> list[str]:
        return [
            event for (event,) in self.server.query("SELECT event FROM message_events WHERE message_id = ? ORDER BY id", message_id)
        ]


@pytest.fixture(scope="module")
def post() -> Iterator[MailServer]:
    with MailServer(user=("me", "secret")) as server:
        yield server


@pytest.fixture(scope="module")
def shop(new_instance, post) -> Iterator[Shop]:
    with ForkedServer(
        new_instance(),
        WESEND_SMTP_URL=f"smtp://me:secret@127.0.0.1:{post.port}",
        WESEND_MAIL_BACKOFF="0.2",
        WESEND_MAIL_FROM="Shop <shop@example.org>",
        WESEND_RATE_LIMIT="100000",
    ) as server:
        yield Shop(server)


def test_a_mail_is_sent_by_smtp_and_is_delivered_when_the_server_has_it(shop, post):
    [message_id] = shop.email("ann@example.com", message="<p>Hi</p>")
    assert shop.wait_for(message_id, "delivered")["response"] == "Success"
    [taken] = [taken for taken in post.taken if taken.to == ["ann@example.com"]]
    assert (taken.sender, taken.user) == ("shop@example.org", "me")
    assert taken.message["From"] == "Shop <shop@example.org>"
    assert [part.get_content_type() for part in taken.message.iter_parts()] == ["text/plain", "text/html"]
    assert taken.message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert shop.timeline(message_id) == ["submitted", "delivered"]


def test_live_mail_is_not_in_the_sandbox_and_sandbox_mail_never_leaves(shop, post):
    shop.wait_for(shop.email("live@example.com")[0], "delivered")
    answer = requests.post(
        shop.server.url + "/api/v1/communication/email",
        headers=HEADERS,
        timeout=30,
        json={"subject": "Hi", "message": "Hello", "recipients": ["test@example.com"]},
    )
    assert answer.status_code == 202
    caught = requests.get(shop.server.url + "/sandbox/emails?wait=30", timeout=60).json()["emails"]
    assert [mail["to"] for mail in caught] == ["test@example.com"]
    assert "test@example.com" not in [address for taken in post.taken for address in taken.to]


def test_4xx_is_tried_again_until_it_is_taken_once(shop, post):
    post.says("RCPT", "450 Greylisted", "451 Later")
    [message_id] = shop.email("grey@example.com")
    shop.wait_for(message_id, "delivered")
    assert shop.timeline(message_id) == ["retrying", "retrying", "submitted", "delivered"]
    assert len([taken for taken in post.taken if taken.to == ["grey@example.com"]]) == 1


def test_5xx_is_failed_with_what_the_server_said_and_not_tried_again(shop, post):
    post.says("RCPT", "550 No such user here")
    [message_id] = shop.email("gone@example.com")
    assert "550 No such user here" in shop.wait_for(message_id, "failed")["response"]
    assert shop.timeline(message_id) == ["failed"]


def test_a_connection_that_is_dropped_before_the_content_is_made_again(shop, post):
    post.says("MAIL", DROP)
    [message_id] = shop.email("dropped@example.com")
    shop.wait_for(message_id, "delivered")
    assert len([taken for taken in post.taken if taken.to == ["dropped@example.com"]]) == 1


def test_a_mail_of_unknown_outcome_is_never_sent_again_by_itself(shop, post):
    post.says("DATA", DROP)
    [message_id] = shop.email("unknown@example.com")
    Server.wait_until(lambda: shop.timeline(message_id) == ["unknown"], 60, "its outcome is not unknown")
    shop.wait_for(shop.email("after@example.com")[0], "delivered")
    assert shop.status(message_id)["status"] == "processing"
    assert shop.timeline(message_id) == ["unknown"]


def test_mail_survives_a_mail_server_that_goes_away_and_comes_back(new_instance):
    port = free_port()
    with ForkedServer(new_instance(), WESEND_SMTP_URL=f"smtp://127.0.0.1:{port}", WESEND_MAIL_BACKOFF="0.2") as server:
        shop = Shop(server)
        [message_id] = shop.email("ann@example.com")
        Server.wait_until(lambda: "retrying" in shop.timeline(message_id), 60, "it is not tried again")
        assert shop.status(message_id)["status"] == "pending"
        server.kill()
        server.start()
        with MailServer(port) as post:
            shop.wait_for(message_id, "delivered")
            assert [taken.to for taken in post.taken] == [["ann@example.com"]]
        assert server.command("audit")["ok"]


def test_without_a_mail_server_it_is_held_through_restarts_and_leaves_when_one_is_set(new_instance):
    with ForkedServer(new_instance(), WESEND_SANDBOX_DELAY="0.1") as server:
        shop = Shop(server)
        [message_id] = shop.email("ann@example.com")
        requests.post(
            server.url + "/api/v1/communication/email",
            headers=HEADERS,
            timeout=30,
            json={"subject": "Hi", "message": "Hello", "recipients": ["test@example.com"]},
        )
        assert [mail["to"] for mail in requests.get(server.url + "/sandbox/emails?wait=30", timeout=60).json()["emails"]] == [
            "test@example.com"
        ]
        assert (shop.status(message_id)["status"], shop.status(message_id)["response"]) == ("pending", HELD)
        [mail] = [entry for entry in server.command("doctor")["checks"] if entry["check"] == "Mail"]
        assert mail["state"] == "warning" and mail["detail"].startswith("1 live mail is held")
        with MailServer() as post:
            server.stop()
            server.environment["WESEND_SMTP_URL"] = f"smtp://127.0.0.1:{post.port}"
            server.start()
            shop.wait_for(message_id, "delivered")
            assert [taken.to for taken in post.taken] == [["ann@example.com"]]
        assert shop.timeline(message_id) == ["submitted", "delivered"]


# -- the sandbox --------------------------------------------------------------


@pytest.fixture(scope="module")
def sandbox(new_instance) -> Iterator[Server]:
    with ForkedServer(new_instance(), WESEND_SANDBOX_SMTP_PORT=str(free_port()), WESEND_SANDBOX_DELAY="0.1") as server:
        yield server


def smtp_to(server: Server) -> smtplib.SMTP:
    """A connection to the catcher, which listens once a worker runs the jobs."""
    made: list[smtplib.SMTP] = []

    def connected() -> bool:
        try:
            made.append(smtplib.SMTP("127.0.0.1", int(server.environment["WESEND_SANDBOX_SMTP_PORT"]), timeout=30))
        except OSError:
            return False
        return True

    Server.wait_until(connected, 30, "nobody listens on the sandbox's SMTP port")
    return made[0]


def application_mail(to: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "app@example.org", to, "Your code"
    message.set_content(text)
    return message


def get_emails(server: Server, **query: str) -> list[dict]:
    answer = requests.get(server.url + "/sandbox/emails", params=query, timeout=60)
    assert answer.status_code == 200
    return answer.json()["emails"]


def test_a_test_reads_the_code_that_its_application_sent_by_sms(sandbox):
    """The application is given the published credentials; the test knows only the number and waits."""
    published = sandbox.command("sandbox")["worldledgers"]["api_key"]
    answer = requests.post(
        sandbox.url + "/api/v1/communication/sms",
        headers={"X-API-Key": published},
        timeout=30,
        json={"message": "Your code is 482910", "recipients": ["0722000001"]},
    )
    assert answer.status_code == 202
    [message] = requests.get(sandbox.url + "/sandbox/messages", params={"to": "0722000001", "wait": 30}, timeout=60).json()[
        "messages"
    ]
    assert re.search(r"code is (\d{6})$", message["text"])[1] == "482910"
    message_id = answer.json()["data"]["message_ids"][0]
    Server.wait_until(
        lambda: (
            requests.get(f"{sandbox.url}/api/v1/communication/sms/{message_id}", headers=HEADERS, timeout=30).json()["data"][
                "response"
            ]
            == "Success (sandbox)"
        ),
        30,
        "it is not delivered",
        every=0.6,
    )


def test_a_test_reads_the_code_that_its_application_sent_by_its_own_mail(sandbox):
    with smtp_to(sandbox) as smtp:
        smtp.login("any", "password")
        smtp.send_message(application_mail("otp+1@example.com", "Your code is 771204"))
    [mail] = get_emails(sandbox, to="OTP+1@example.com", wait="30")
    assert re.search(r"code is (\d{6})$", mail["text"])[1] == "771204"
    assert (mail["from"], mail["subject"]) == ("app@example.org", "Your code")


def test_a_mail_is_caught_in_the_namespace_of_its_header(sandbox):
    for name in ("run-1", "run-2", None):
        message = application_mail("named@example.com", f"in {name}")
        if name is not None:
            message["X-Sandbox-Namespace"] = name
        with smtp_to(sandbox) as smtp:
            smtp.send_message(message)
    assert len(get_emails(sandbox, to="named@example.com")) == 3
    [found] = get_emails(sandbox, to="named@example.com", namespace="run-1")
    assert found["text"].strip() == "in run-1"
    assert get_emails(sandbox, to="named@example.com", namespace="run-3") == []


def test_wait_since_a_mail_waits_for_the_next_one(sandbox):
    with smtp_to(sandbox) as smtp:
        smtp.send_message(application_mail("next@example.com", "First"))
        [first] = get_emails(sandbox, to="next@example.com", wait="30")
        smtp.send_message(application_mail("next@example.com", "Second"))
        assert [mail["text"] for mail in get_emails(sandbox, to="next@example.com", since=first["id"], wait="30")] == ["Second"]


def test_a_mail_in_foreign_letters_and_to_several_is_caught_for_each(sandbox):
    with smtp_to(sandbox) as smtp:
        message = application_mail("one@example.com, zwei@example.com", "Grüße 🙂\n.\nEnde")
        smtp.send_message(message)
    for to in ("one@example.com", "zwei@example.com"):
        assert [mail["text"] for mail in get_emails(sandbox, to=to, wait="30")] == ["Grüße 🙂\n.\nEnde"]


LONG_LINE = "x" * 1200 + "\u00e4" * 100_000
ODD_MAILS = {
    b"utf8mb4": "Gr\u00fc\u00dfe".encode(),
    b"unknown-8bit": "Gr\u00fc\u00dfe".encode("cp1252"),
    b"us-ascii": "Gr\u00fc\u00dfe".encode(),
}


def test_long_lines_and_unknown_charsets_are_caught(sandbox):
    with smtp_to(sandbox) as smtp:
        smtp.sendmail("app@example.org", ["long@example.com"], f"Subject: x\r\n\r\n{LONG_LINE}\r\nEnd\r\n".encode())
        for number, (charset, content) in enumerate(ODD_MAILS.items()):
            smtp.sendmail(
                "app@example.org",
                [f"odd{number}@example.com"],
                b"Content-Type: text/plain; charset=" + charset + b"\r\n\r\n" + content + b"\r\n",
            )
    [mail] = get_emails(sandbox, to="long@example.com", wait="30")
    assert LONG_LINE.startswith(mail["text"]) and mail["truncated"] is True
    whole = requests.get(f"{sandbox.url}/sandbox/emails/{mail['id']}", timeout=30).json()
    assert whole["text"] == LONG_LINE + "\nEnd" and "truncated" not in whole
    for number in range(len(ODD_MAILS)):
        [mail] = get_emails(sandbox, to=f"odd{number}@example.com", wait="30")
        assert mail["text"] == "Gr\u00fc\u00dfe"


def test_a_strict_port_refuses_long_lines(new_instance):
    with ForkedServer(new_instance(), WESEND_SANDBOX_SMTP_PORT=str(free_port()), WESEND_SANDBOX_SMTP_STRICT="1") as server:
        with smtp_to(server) as smtp, pytest.raises(smtplib.SMTPDataError):
            smtp.sendmail("app@example.org", ["long@example.com"], b"Subject: x\r\n\r\n" + b"x" * 1200 + b"\r\n")


def test_nothing_listens_for_mail_unless_a_port_is_set_and_the_sandbox_is_on(new_instance):
    port = free_port()
    with ForkedServer(new_instance(), WESEND_SANDBOX_SMTP_PORT=str(port), WESEND_SANDBOX="0") as server:
        Server.wait_until(lambda: server.scheduler() is not None, 30, "nobody runs the jobs")
        with pytest.raises(ConnectionRefusedError):
            smtplib.SMTP("127.0.0.1", port, timeout=5)
