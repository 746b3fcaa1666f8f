"""What is HTML, what it says as text, and which links of it lead to a page."""

from __future__ import annotations

import re

import pytest

from wesend.core import markup

from ..support.composed_mail import PAGE


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
