"""Values inside a link's query are percent-encoded, so that a reader's page gets what the contact holds."""

from __future__ import annotations

import html
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.core import markup
from wesend.messages.state import mail_texts
from wesend.messages.state.mail_texts import DOUBLE, HTML, PLAIN, SINGLE, Written, fill, named_in_queries

VALUE = 'Ann & Bob #1 <b>"ü"</b> 50% a=b'
ENCODED = "Ann%20%26%20Bob%20%231%20%3Cb%3E%22%C3%BC%22%3C%2Fb%3E%2050%25%20a%3Db"


def filled(text: str, value: str = VALUE, *, style: str = SINGLE, format_: str = HTML) -> str:
    return fill(Written(text, style), {"name": value}, format_)


@pytest.mark.parametrize(
    "text",
    [
        '<a href="https://x.example/?n={name}&amp;m=1">{name}</a>',
        "<a href='https://x.example/p?n={name}'>x</a>",
        "<a href=https://x.example/p?n={name}>x</a>",
        '<AREA HREF="HTTPS://X.EXAMPLE/?a=1&n={name}#{name}">',
    ],
)
def test_in_a_link_of_html(text):
    shown = filled(text)
    (target,) = markup.links(shown)
    assert parse_qs(urlsplit(target).query)["n"] == [VALUE]
    assert filled('<a href="https://x.example/?n={name}">') == f'<a href="https://x.example/?n={ENCODED}">'


@pytest.mark.parametrize(
    "style, text",
    [(SINGLE, "Pay: https://x.example/pay?n={name} {name}"), (DOUBLE, "See (https://x.example/?n={{name}}) {{name}}")],
)
def test_in_a_link_of_plain_text(style, text):
    shown = filled(text, style=style, format_=PLAIN)
    assert ENCODED in shown and shown.endswith(f" {VALUE}")


@pytest.mark.parametrize(
    "text",
    [
        '<a href="{name}">',
        '<a href="https://x.example/{name}/y?z=1">',
        "<p>Why? {name}</p>",
        '<img src="https://x.example/?n={name}">',
    ],
)
def test_elsewhere_they_are_written_as_html_needs_it(text):
    assert filled(text) == text.replace("{name}", html.escape(VALUE))


@given(st.text(max_size=40), st.sampled_from([(SINGLE, "{name}"), (DOUBLE, "{{name}}")]))
def test_whatever_a_contact_holds_arrives(value, styled):
    style, placeholder = styled
    value = value.encode("utf-8", "ignore").decode()
    for format_, text in (
        (HTML, f'<p>{placeholder}</p><a href="https://x.example/?a=1&amp;n={placeholder}&amp;b=2">x</a>'),
        (PLAIN, f"https://x.example/?a=1&n={placeholder}&b=2"),
    ):
        shown = filled(text, value, style=style, format_=format_)
        target = markup.links(shown)[0] if format_ == HTML else shown
        assert parse_qs(urlsplit(target).query, keep_blank_values=True) == {"a": ["1"], "n": [value], "b": ["2"]}


def test_what_it_comes_to_is_bounded_before_it_is_built():
    text = '<a href="https://x.example/?n={name}">{name}</a>'
    assert named_in_queries(text, SINGLE, HTML) == {"name": 1}
    assert mail_texts.LONGEST > 9 * 1000
    assert len(filled(text, "ü" * 1000)) == len(text) - 12 + 6 * 1000 + 1000
