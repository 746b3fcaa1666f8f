"""Placeholders: one pass, and what a value holds is never looked at again."""

from __future__ import annotations

import signal
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.core.templating import has_variables, placeholders, render, render_single


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Hi {{name}}!", "Hi Ann!"),
        ("Hi {{ NAME }}!", "Hi Ann!"),
        ("{{first name}} from {{city}}", "Annie from Kampala"),
        ("{{name}}{{name}}", "AnnAnn"),
        ("Hi {{unknown}}.", "Hi ."),
        ("Hi {name} {{}} {{{{ }}", "Hi {name} {{}} {{{{ }}"),
        ("{{{name}}}", "{Ann}"),
        ("{{name", "{{name"),
        ("{{" + "x" * 65 + "}}", "{{" + "x" * 65 + "}}"),
        ("Hi {{unknown|customer}}, {{name|customer}}.", "Hi customer, Ann."),
        ("Hi {{ Nickname | dear customer }}!", "Hi dear customer!"),
        ("Hi {{empty|you}}{{empty|}}.", "Hi you."),
        ("Hi {{a|b}}, {{unknown|{name}}}", "Hi both, {{unknown|{name}}}"),
        ("{{unknown|" + "x" * 100 + "}}", "x" * 100),
        ("{{unknown|" + "x" * 101 + "}}", "{{unknown|" + "x" * 101 + "}}"),
    ],
)
def test_double_braces_are_filled_whatever_their_case_and_spaces(text, expected):
    values = {"name": "Ann", "city": "Kampala", "first name": "Annie", "empty": "", "a|b": "both", "a": "one"}
    assert render(text, values) == expected


def test_what_stands_in_for_a_field_is_never_looked_at_again():
    assert render("{{x|\\1 %s}} {{y|z}}", {"z": "{{name}}", "name": "42"}) == "\\1 %s z"


def test_a_text_tells_what_it_names_and_what_stands_in():
    named = placeholders("{{Name|you}} {{city}} {{name|you}} {{ name }}")
    assert [(one.field, one.fallback) for one in named] == [("name", "you"), ("city", None), ("name", None)]


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Dear {first_name}, you owe {account_balance}.", "Dear Ann, you owe 500."),
        ("Dear { First_Name }!", "Dear Ann!"),
        ("Dear {last_name} customer", "Dear customer"),
        ("Dear {last_name} {name} customer", "Dear customer"),
        ("Dear {last_name} {first_name} {name} customer", "Dear Ann customer"),
        ("Dear {last_name}, hello", "Dear , hello"),
        ("{last_name} hello", " hello"),
        ("a  b {first_name}  c", "a  b Ann  c"),
        ('JSON {"a": 1} and { }', 'JSON {"a": 1} and { }'),
    ],
)
def test_single_braces_are_filled_and_an_empty_one_leaves_no_double_space(text, expected):
    assert render_single(text, {"first_name": "Ann", "account_balance": "500", "last_name": ""}) == expected


def test_a_value_that_looks_like_a_placeholder_stays_as_it_is():
    values = {"name": "{{secret}} {secret}", "secret": "42"}
    assert render("{{name}}", values) == "{{secret}} {secret}"
    assert render_single("{name}", values) == "{{secret}} {secret}"


def test_values_put_side_by_side_make_no_new_placeholder():
    assert render("{{a}}{{b}}", {"a": "{{na", "b": "me}}", "name": "42"}) == "{{name}}"
    assert render_single("{a}{b}", {"a": "{na", "b": "me}", "name": "42"}) == "{name}"


def test_a_value_may_hold_what_regular_expressions_and_formats_would_read():
    hostile = r"\1 \g<0> %s {0} $1 {{ 7*7 }}"
    assert render("{{x}}", {"x": hostile}) == hostile
    assert render_single("{x}", {"x": hostile}) == hostile


def test_every_character_of_text_and_value_is_kept():
    assert render_single("\ue000 {x} \ue000 {y} z", {"x": "\ue000"}) == "\ue000 \ue000 \ue000 z"


def test_values_are_escaped_for_html_and_the_text_is_not():
    assert render_single("<b>{name}</b>", {"name": "<i>&"}, lambda value, _: escape(value)) == "<b>&lt;i&gt;&amp;</b>"


def test_whether_a_text_has_variables_is_told():
    assert has_variables("Hi {{name}}")
    assert not has_variables("Hi {name}") and not has_variables("{{ ") and not has_variables("{{}}")


@pytest.fixture
def deadline():
    """Ends a test that would otherwise run for hours; generous, since it is no measurement."""

    def give_up(_signal, _frame):
        raise AssertionError("a regular expression backtracks")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("deadline")
@pytest.mark.parametrize(
    "text",
    ["{{" + " " * 300_000, "{{" * 150_000, "{{a" + " " * 300_000 + "{", "{{ a" * 75_000, "{{a |" * 60_000, "{{a" + " |" * 150_000],
)
def test_hostile_braces_cost_time_in_proportion_to_their_length(text):
    assert not has_variables(text)
    assert render(text, {}) == render_single(text, {}) == text


@given(st.text(st.characters(exclude_characters="{}"), max_size=50), st.text(max_size=50))
def test_text_without_braces_is_never_changed(text, value):
    assert render(text, {"name": value}) == text
    assert render_single(text, {"name": value}) == text


@given(
    st.text(st.characters(exclude_characters="{}"), max_size=20),
    st.text(min_size=1, max_size=50),
    st.text(st.characters(exclude_characters="{}"), max_size=20),
)
def test_a_value_comes_out_exactly_as_it_is(before, value, after):
    assert render(before + "{{name}}" + after, {"name": value}) == before + value + after
    assert render_single(before + "{name}" + after, {"name": value}) == before + value + after
