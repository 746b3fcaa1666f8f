"""The catalogues are whole, and what is said comes from them; whoever speaks English reads none."""

from __future__ import annotations

import re

import pytest

from wesend.core import catalogues, languages
from wesend.core.errors import InvalidInput
from wesend.core.languages import DEFAULT, NAMES, gettext, ngettext, sentence, speaking, told

from .. import translations

OTHERS = sorted(set(NAMES) - {DEFAULT})
PLACES = re.compile(r"%\(\w+\)[sd]|%%|\{\{?\w+\}?\}|</?\w+|\n")


def strings(message) -> list[tuple[str, str]]:
    """Each English form beside its translation."""
    if isinstance(message.id, tuple):
        return list(zip(message.id, message.string, strict=True))
    return [(message.id, message.string)]


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_of_the_source_is_translated_and_no_other_one(language):
    """`python -m tests.translations` enters new texts, takes out old ones, and lists what is left to translate."""
    found = {message.id for message in translations.extracted() if message.id}
    catalog = translations.read(language)
    assert {message.id for message in catalog if message.id} == found
    assert translations.missing(catalog) == []
    assert not any(message.fuzzy for message in catalog if message.id)


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_has_its_texts_placeholders_and_elements(language):
    for message in translations.read(language):
        for english, other in strings(message) if message.id else ():
            assert sorted(PLACES.findall(english)) == sorted(PLACES.findall(other)), english


@pytest.mark.parametrize("language", OTHERS)
def test_what_runs_is_what_the_file_says(language):
    catalog = catalogues.of(language)
    for message in translations.read(language):
        if isinstance(message.id, tuple):
            assert (catalog.ngettext(*message.id, 1), catalog.ngettext(*message.id, 2)) == message.string
        elif message.id:
            assert catalog.gettext(message.id) == message.string


def test_a_count_has_its_form_in_each_language():
    one, many = "%(count)s contact", "%(count)s contacts"
    assert [ngettext(one, many, count, count=count) for count in (0, 1, 2)] == ["0 contacts", "1 contact", "2 contacts"]
    with speaking("sw"):
        assert [ngettext(one, many, count, count=count) for count in (0, 1, 2)] == ["wasiliani 0", "mwasiliani 1", "wasiliani 2"]


def test_english_reads_no_catalogue(monkeypatch):
    monkeypatch.setattr(catalogues, "of", lambda _language: pytest.fail("a catalogue was read"))
    with speaking("en"):
        assert gettext("Wallets") == "Wallets" and told(InvalidInput("Not a phone number")) == "Not a phone number"


def test_a_refusal_is_english_for_whoever_reads_it_and_told_in_a_language_with_its_values():
    error = InvalidInput(sentence("At most %(most)s limits, separated by commas", most=4))
    with speaking("sw"):
        assert str(error) == "At most 4 limits, separated by commas"
        assert told(error) == "Si zaidi ya vikomo 4, vilivyotenganishwa kwa koma"
        assert told("Nobody has translated this") == "Nobody has translated this"


def test_a_language_that_is_none_of_ours_is_english():
    with speaking("xx"):
        assert languages.current() == DEFAULT and gettext("Wallets") == "Wallets"
    with speaking("sw"), speaking(None):
        assert gettext("Wallets") == "Wallets"
