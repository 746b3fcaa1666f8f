"""E-mail as it is composed, rendered and tracked: text and HTML, links, tokens, headers, hostile input."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.accounts.service import get_account
from wesend.core import markup
from wesend.core.email_address import is_address
from wesend.core.errors import InvalidInput, InvalidRecipient
from wesend.database import query
from wesend.gateways import registry
from wesend.messages.email import compose as mail
from wesend.messages.email import tracking
from wesend.messages.sending import send
from wesend.messages.sending.compose import Addressee, Skipped
from wesend.messages.sending.options import Options, Origin
from wesend.messages.state import mail_texts
from wesend.routing import opt_outs

from ...support.domain import assert_counted, batch, make_wallet, message, problems, timeline

ORIGIN = Origin("worldledgers")
PAGE = "https://shop.example.com/pay"


def composed(text: str = "Hello", *people: tuple[str, dict], subject: str = "Hi", wallet=None) -> mail.MailComposer:
    wallet = wallet or make_wallet("10", "SMS", is_sandbox=True)
    return mail.MailComposer(get_account(wallet.account_id), wallet, subject, text)


def plan(composer: mail.MailComposer, *given_: str, values: dict | None = None) -> list:
    return list(composer.plan(Addressee(text, None, values) for text in given_ or ("ann@example.com",)))


def rendered(text: str, values: dict | None = None, subject: str = "Hi") -> EmailMessage:
    """A mail as its receiver's program reads it."""
    composer = composed(text, subject=subject)
    [planned] = plan(composer, values=values)
    stored = mail.Mail(7, "uid-7", planned.recipient, planned.subject, composer.text_for(values or {}), planned.encoding, 0)
    return message_from_bytes(mail.render(stored).as_bytes(), policy=policy.default)  # type: ignore[return-value]


def part(message_: EmailMessage, subtype: str) -> str | None:
    found = message_.get_body(preferencelist=(subtype,))
    return None if found is None else found.get_content().replace("\r\n", "\n")


def accepted(*recipients: str, text: str = "<p>Hello</p>", wallet=None, options: Options = Options()) -> list:
    wallet = wallet or make_wallet("10", "SMS", is_sandbox=True)
    done = send.send(
        composed(text, wallet=wallet),
        (Addressee(to, None) for to in recipients or ("ann@example.com",)),
        origin=ORIGIN,
        options=options,
        in_request=False,
    )
    return send.load_sent(done.batch_uid).messages


# -- what is HTML, and what is not --------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "<p>Hello</p>",
        "<P CLASS=x>Hello",
        "Hello<br>there",
        "Hello<br/>there",
        "a <b>bold</b> word",
        "<!DOCTYPE html><x>",
        '<a href="x">y</a>',
        "<div\nid=x>",
        "text </p>",
        "<h1>Big</h1>",
        "<blockquote>Said</blockquote>",
        "<small>s</small>",
    ],
)
def test_a_text_with_a_tag_is_html(text):
    assert markup.looks_like_html(text)


@pytest.mark.parametrize(
    "text",
    [
        "Hello",
        "if a < b and c > d",
        "a<b",
        "1 < 2",
        "x <- y -> z",
        "Bob <b@example.com>",
        "<3 you",
        "<a@example.com> wrote",
        "see <https://example.com/>",
        "<i.e.> this",
        "< p >",
        "<unknown>",
        "&lt;p&gt;",
        "<p",
        "<p <",
    ],
)
def test_a_text_without_one_is_plain(text):
    assert not markup.looks_like_html(text)


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


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("a<br>b<br/>c", "a\nb\nc"),
        ("<ul><li>x</li><li>y</li></ul>", "- x\n\n- y"),
        ("<style>p { color: red }</style>Hi", "Hi"),
        ("<script>if (a < b) x('</p>')</script>Hi", "Hi"),
        ("<head><title>T</title></head><body>Hi</body>", "Hi"),
        ("<!-- no <p>this</p> -->Hi", "Hi"),
        ("a &amp; b&nbsp;c", "a & b c"),
        ("<table><tr><td>Total</td><td>5</td></tr></table>", "Total 5"),
        ('<a href="https://x.y/z">Pay</a>', "Pay (https://x.y/z)"),
        ('<a href="mailto:a@b.c">Write</a>', "Write"),
        ("a < b <b>c</b>", "a < b c"),
        ("Hi <p", "Hi <p"),
        ('<img alt="a > b" src=x>Hi', "Hi"),
        ("<p>İstanbul</p>", "İstanbul"),
        ("<p></p>", ""),
    ],
)
def test_the_text_part_says_what_the_html_says(html, text):
    assert markup.text_of(html) == text + "\n"


# -- links --------------------------------------------------------------------


@pytest.mark.parametrize(
    "tag",
    [
        f'<a href="{PAGE}">',
        f"<a href='{PAGE}'>",
        f"<a href={PAGE}>",
        f'<A\nHREF = "{PAGE}">',
        f'<a class="x y" href="{PAGE}" id=z>',
        f"<a class=x href={PAGE} >",
        f'<a title="a > b" href="{PAGE}">',
        f'<a title=\'href="x"\' href="{PAGE}">',
        f'<a data-href="https://elsewhere.example" href="{PAGE}">',
        f'<a href=" {PAGE}\n">',
        f'<a/href="{PAGE}">',
        f'<a hidden href="{PAGE}" href="https://second.example">',
        f'<area href="{PAGE}">',
    ],
)
def test_a_link_is_led_through_us_in_every_quoting(tag):
    assert markup.links(tag) == [PAGE]
    led = markup.lead_links(f"Hi {tag}pay</a>!", lambda number: f"https://us.example/t/{number}")
    assert 'href="https://us.example/t/0"' in re.sub(r"\s*=\s*", "=", led).replace("HREF", "href")
    assert PAGE not in led
    assert (led[:3], led[-8:]) == ("Hi ", "pay</a>!")
    assert markup.links(led) == ["https://us.example/t/0"]


@pytest.mark.parametrize(
    "html",
    [
        '<a href="mailto:a@example.com">',
        '<a href="tel:+254712345678">',
        '<a href="#top">',
        '<a href="/relative">',
        "<a href>",
        '<a href="">',
        '<a href="javascript:alert(1)">',
        f'<!-- <a href="{PAGE}"> -->',
        f"<p title='<a href=\"{PAGE}\">'>",
        f"<script>'<a href={PAGE}>'</script>",
        f"{PAGE}",
        f'<b href="{PAGE}">',
        f'<abbr href="{PAGE}">',
        '<a href="http://[">',
        '<a href="http://x:port/">',
        '<a href="https://">',
        f'<a href="{PAGE}',
        '<a href="http://a..b/">',
    ],
)
def test_what_is_no_link_to_a_page_stays_as_it_is(html):
    assert markup.links(html) == []
    assert markup.lead_links(html, lambda _: "https://us.example/") == html


@pytest.mark.parametrize(
    ("written", "target"),
    [
        ("?a=1&amp;b=2", "?a=1&b=2"),
        ("?a=1&b=2", "?a=1&b=2"),
        ("?a=1&region=UG&copy=2&section=3", "?a=1&region=UG&copy=2&section=3"),
        ("?x=&#65;&#x42;", "?x=AB"),
        ("?a=&quot;", '?a="'),
        ("?a=1&#10;b", "?a=1b"),
        ("?a=&copy;", "?a=©"),
    ],
)
def test_the_target_is_read_as_browsers_read_it(written, target):
    assert markup.links(f'<a href="{PAGE}{written}">') == [PAGE + target]


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


def test_the_text_part_shows_where_links_lead_without_tracking():
    assert part(rendered(f'<a href="{PAGE}">Pay</a>'), "plain") == f"Pay ({PAGE})\n"


# -- placeholders and headers -------------------------------------------------

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


# -- addresses ----------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "a@example.com",
        "first.last+tag@sub.example.co.ke",
        "o'neil@example.com",
        "A@EXAMPLE.COM",
        "a" * 64 + "@example.com",
        "x@xn--mnchen-3ya.de",
    ],
)
def test_an_address_is_taken(text):
    assert is_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "@example.com",
        "a@",
        "a@localhost",
        "a b@example.com",
        "a@example..com",
        "a..b@example.com",
        ".a@example.com",
        "a.@example.com",
        "a@-example.com",
        "a@example.com\n",
        "a@example.com, b@example.com",
        "Ann <a@example.com>",
        "a@b@c.de",
        "a" * 65 + "@example.com",
        "a@" + "b" * 250 + ".com",
        "a@exämple.com",
        '"a b"@example.com',
        "a@example.com\r\nRCPT TO:<x@y.z>",
    ],
)
def test_what_is_no_address_is_refused(text):
    assert not is_address(text)


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


# -- tokens, opens, clicks, unsubscribing -------------------------------------


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


# -- a megabyte of anything ---------------------------------------------------

PIECES = [
    "<",
    "< ",
    "<a ",
    "<a href=",
    '<a href="',
    "<a href='x",
    "<p x",
    "<!--",
    "</",
    "<style>",
    "&",
    "&am",
    "{a",
    "{a} ",
    "{",
    " ",
    "\n",
    "<li>",
    "</body>",
    '<a href="http://x.y/z">k</a>',
    "<a = ",
    "a@",
    'href="',
    "\t<b\f",
]


@pytest.fixture
def cpu_seconds() -> Iterator[None]:
    """Ends the test after 60 s of computing, however loaded the machine is: its work takes less than two."""

    def over(*_) -> None:
        raise AssertionError("this takes for ever")

    before = signal.signal(signal.SIGVTALRM, over)
    signal.setitimer(signal.ITIMER_VIRTUAL, 60)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


@pytest.mark.parametrize("piece", PIECES)
def test_a_hostile_megabyte_ends(cpu_seconds, piece):
    """What looks at each character a fixed number of times needs a second; anything quadratic needs hours."""
    text = "<p <a " + piece * (1_000_000 // len(piece))
    if piece == "{a} ":
        with pytest.raises(InvalidInput, match="more than 1,000 fields"):
            composed(text)
    else:
        composer = composed(text)
        plan(composer)
        assert composer.text_for({}) == text
    for format_ in ("html", "plain"):
        mail.render(mail.Mail(7, "uid-7", "ann@example.com", "Hi", text, format_, 0)).as_bytes()
    mail_texts.link_tags(text)
    assert not is_address(text)
