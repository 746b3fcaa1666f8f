"""E-mail as it is composed and rendered: text and HTML, placeholders, headers, who it is to."""

from __future__ import annotations

import re
from email import message_from_bytes, policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.core.errors import InvalidInput, InvalidRecipient
from wesend.database import query
from wesend.gateways import registry
from wesend.messages.email import compose as mail
from wesend.messages.sending.compose import Skipped

from ...support.composed_mail import PAGE, accepted, composed, part, plan, rendered
from ...support.domain import batch, problems


@pytest.mark.parametrize(
    "text",
    [
        "Hello",
        "Two\nlines",
        "One\n\n\nfour",
        "  spaces  kept  ",
        "if a < b and c > d",
        "Grüße, ждать, 你好 🙂",
        "x" * 5000,
        "=20 =3D",
        ".dot\n..",
        "From me",
        "tab\there",
        "See https://example.com/?a=1&b=2",
        "Bob <b@example.com>",
    ],
)
def test_plain_text_goes_out_as_plain_text_unchanged_with_no_html_part(text):
    sent = rendered(text)
    assert (sent.get_content_type(), sent.is_multipart()) == ("text/plain", False)
    assert part(sent, "plain") == text + "\n"
    assert part(sent, "html") is None


def test_html_goes_out_with_a_text_part_before_it():
    sent = rendered("<p>Hello <b>Ann</b></p>")
    assert sent.get_content_type() == "multipart/alternative"
    assert [inner.get_content_type() for inner in sent.iter_parts()] == ["text/plain", "text/html"]
    assert part(sent, "plain") == "Hello Ann\n"
    assert "<p>Hello <b>Ann</b></p>" in part(sent, "html")


def test_the_text_part_shows_where_links_lead_without_tracking():
    assert part(rendered(f'<a href="{PAGE}">Pay</a>'), "plain") == f"Pay ({PAGE})\n"


HOSTILE = {"name": "<script>alert('x')</script> & \"co\"", "first_name": "Ann\r\nBcc: all@example.com"}


def test_values_are_escaped_in_html_and_not_in_plain_text():
    assert "Hi &lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt; &amp; &quot;co&quot;!" in part(
        rendered("<p>Hi {name}!</p>", HOSTILE), "html"
    )
    assert part(rendered("Hi {name}!", HOSTILE), "plain") == f"Hi {HOSTILE['name']}!\n"


def test_a_value_does_not_make_a_plain_mail_html():
    assert rendered("Hi {name}", {"name": "<b>x</b>"}).get_content_type() == "text/plain"


def test_without_a_contact_a_placeholder_is_empty_and_the_double_space_closed():
    assert part(rendered("Dear {first_name} {last_name} customer"), "plain") == "Dear customer\n"


def test_a_value_with_line_breaks_adds_no_header():
    sent = rendered("Hello", HOSTILE, subject="For {first_name}")
    assert sent["Subject"] == "For Ann Bcc: all@example.com"
    assert sent["Bcc"] is None


@pytest.mark.parametrize("subject", ["a\nb", "a\rb", "a\r\nBcc: x@example.com", "\n"])
def test_a_subject_of_several_lines_is_refused(subject):
    with pytest.raises(InvalidInput):
        composed(subject=subject)


def test_the_headers_are_those_of_a_mail_that_can_be_unsubscribed(app_with):
    app = app_with(WESEND_BASE_URL="https://gateway.with-a-long-name.example.com", WESEND_MAIL_FROM="Shop <shop@example.org>")
    with app.app_context():
        raw = mail.render(mail.Mail(7, "uid-7", "ann@example.com", "Grüße", "Hi", "plain", 0)).as_bytes()
        sent = message_from_bytes(raw, policy=policy.default)
        assert (sent["From"], sent["To"], sent["Subject"]) == ("Shop <shop@example.org>", "ann@example.com", "Grüße")
        assert sent["Message-ID"] == "<uid-7@gateway.with-a-long-name.example.com>"
        assert sent["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        # In one piece, and not as an encoded word, which no mail program would follow.
        [line] = [line for line in raw.split(b"\r\n") if line.startswith(b"List-Unsubscribe:")]
        token = re.fullmatch(rb"List-Unsubscribe: <https://gateway.with-a-long-name.example.com/t/([\w.\-]+)>", line)[1]
        assert mail.read_token(token.decode()) == ("u", 7, None)


def test_the_sender_is_at_the_host_of_the_base_url_where_none_is_set(app_with):
    with app_with(WESEND_BASE_URL="https://gw.example.com:8443").app_context():
        assert mail.mail_from() == "wesend@gw.example.com"


@given(st.text(max_size=300), st.text(max_size=60), st.sampled_from(["html", "plain"]))
def test_whatever_is_written_is_a_clean_mail(text, subject, format_):
    """Seven bits, CRLF only, no line beyond SMTP's limit, and the headers that were meant."""
    text, subject = (value.encode("utf-8", "ignore").decode().replace("\0", "") for value in (text, subject))
    subject = " ".join(subject.split())
    raw = mail.render(mail.Mail(7, "uid-7", "ann@example.com", subject, text, format_, 0)).as_bytes()
    assert raw.isascii()
    assert b"\n" not in raw.replace(b"\r\n", b"") and b"\r" not in raw.replace(b"\r\n", b"")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    head = raw.partition(b"\r\n\r\n")[0]
    names = re.findall(rb"(?m)^([\w-]+):", head)
    assert sorted(names) == sorted(set(names))
    assert {name.decode() for name in names} <= {
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "List-Unsubscribe",
        "List-Unsubscribe-Post",
        "Content-Type",
        "Content-Transfer-Encoding",
        "MIME-Version",
    }


def test_addresses_are_repeated_whatever_their_case():
    first, second, third = plan(composed(), " Ann@Example.com ", "ann@example.COM", "nobody")
    assert first.recipient == "Ann@Example.com"
    assert (second, third) == (Skipped("ann@example.COM", "duplicate", 1), Skipped("nobody", "invalid_recipient", 2))


def test_nobody_to_write_to_is_told_of_addresses_and_not_of_phones():
    with pytest.raises(InvalidRecipient, match="No recipient is a valid e-mail address") as caught:
        accepted("nobody")
    assert caught.value.fields == {"recipient": ["Not an e-mail address"]}


def test_mail_costs_nothing_and_is_counted_with_its_batch_only():
    [row] = accepted()
    assert (row["cost_micros"], row["segments"], batch(row["batch_id"])["cost_micros"]) == (0, 0, 0)
    assert query("SELECT * FROM daily_counts") == []
    assert problems() == []


@pytest.mark.parametrize(
    ("smtp", "sandbox", "gateway"),
    [(False, False, None), (True, False, "smtp"), (False, True, "sandbox-mail"), (True, True, "sandbox-mail")],
)
def test_a_sandbox_wallets_mail_never_leaves_and_other_mail_only_to_a_server_that_is_set(app_with, smtp, sandbox, gateway):
    with app_with(**({"WESEND_SMTP_URL": "smtp://127.0.0.1:9"} if smtp else {})).app_context():
        found = registry.mail_gateway(is_sandbox=sandbox)
        assert (found.name if found else None) == gateway
        assert registry.mail_gateway_name(is_sandbox=sandbox) == (gateway or "smtp")


SAMPLES = "order your has Müller naïve Łódź заказ мир 日本 🎉 – €100 , “quoted” of a é".split()
WORDS = st.lists(st.sampled_from(SAMPLES), min_size=1, max_size=60)


@given(WORDS.map(" ".join))
def test_a_long_subject_loses_no_space_between_its_words(words):
    assert rendered("Hello", subject=words)["Subject"] == words


@pytest.mark.parametrize("tail", ["", " e", " é"])
@pytest.mark.parametrize("inner", ["a=0D=0AReply-To:_z@example.org", "a=0D=0A=0D=0AHello", "evil"])
def test_what_looks_encoded_in_a_subject_is_text_and_no_header(inner, tail):
    subject = f"=?utf-8?q?{inner}?={tail}"
    sent = rendered("Hello", subject=subject)
    assert (sent["Subject"], sent["Reply-To"], sent.get_content().strip()) == (subject, None, "Hello")


@pytest.mark.parametrize("inner", ["a=0D=0ABcc=3Az", "evil", "bob=2C_x=40z=2Eorg"])
def test_what_looks_encoded_in_an_address_is_the_address(inner):
    to = f"=?utf-8?q?{inner}?=@example.org"
    raw = mail.render(mail.Mail(7, "uid-7", to, "Hi", "Hello", mail.PLAIN, 0)).as_bytes()
    assert f"\r\nTo: {to}\r\n".encode() in raw
