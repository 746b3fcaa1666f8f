"""Phone numbers as people write them."""

from __future__ import annotations

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.core import countries, number_text, phones
from wesend.core.networks import NETWORKS, network_of
from wesend.core.phones import Phone, example_number, normalise, split_list

UGANDAN = Phone("+256712345678", "UG")


@pytest.mark.parametrize(
    "written",
    [
        "+256712345678",
        "256712345678",
        "00256712345678",
        "0712345678",
        "712345678",
        " 0712 345 678 ",
        "0712-345-678",
        "+256 (0) 712 345678",
        "(0712) 345678",
        "+256.712.345.678",
        "0712/345678",
        "\t0712345678\n",
    ],
)
def test_a_number_is_read_in_every_usual_form(written):
    assert normalise(written, "UG") == UGANDAN


@pytest.mark.parametrize(
    "written",
    [
        "",
        "   ",
        "hello",
        "12",
        "071234567",
        "07123456789",
        "+2567123456789012",
        "0712345678x5",
        "0712345678;ext=5",
        "+0712345678",
        "+",
        "00",
        "1e9",
        "0712345678 0772345678",
        "+256712345678\x00",
        "٠٧١٢٣",
        "9" * 31,
        "+999712345678",
    ],
)
def test_what_is_no_number_is_none(written):
    assert normalise(written, "UG") is None


@pytest.mark.parametrize(
    "written",
    [
        "\u202a+256 712 345 678\u202c",
        "\u2066+256712345678\u2069",
        "\u200e+256712345678",
        "0712\u200b345\u2060678",
        "\ufeff0712345678",
        "0712\u00ad345678",
        "0712\u00a0345\u202f678",
        "0712\u2009345\u3000678",
        "0712\u2010345\u2011678",
        "0712\u2013345\u2014678",
        "0712\u2212345678",
        "(0712)\u2013345678",
        "0712\uff0d345678",
        "\uff0b\uff12\uff15\uff16\uff17\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18",
        "\uff08\uff10712\uff09345678",
        '="0712345678"',
        '= "+256712345678"',
        "'0712345678",
        "\u20190712345678",
        '"0712345678"',
        "'+256712345678",
        "tel:+256712345678",
        "TEL:0712345678",
        "tel:%2B256712345678",
        "tel:+256-712-345-678",
        "sms:+256712345678",
        "256712345678.00",
        "256712345678.0",
        "+256712345678.0",
        "0712345678.00",
        "712345678.0",
        "256712345678,00",
        "2.56712345678E+11",
        "2.56712345678e11",
        "2,56712345678E+11",
        "+2.56712345678E+11",
        "7.12345678E+08",
        "2.5671234567800E+11",
        "'2.56712345678E+11",
        "00 256 712 345 678",
        "\u202a00256712345678\u202c",
    ],
)
def test_a_number_is_read_out_of_what_phones_pages_and_spreadsheets_make_of_it(written):
    assert normalise(written, "UG") == UGANDAN


@pytest.mark.parametrize("written", ["2.56712E+11", "2.5671234567E+11", "7.12E+08", "2,56712e11", "\ufeff2.56712E+11", "3E+11"])
def test_a_number_that_excel_has_rounded_is_none_and_told_apart(written):
    assert normalise(written, "UG") is None
    assert phones.problem(written) == "Excel has rounded this number"


@pytest.mark.parametrize("written", ["hello", "12", "2.567123456785E+11", "1E", "", "x" * 1000])
def test_any_other_is_simply_no_number(written):
    assert normalise(written, "UG") is None
    assert phones.problem(written) == "Not a phone number"


def test_the_zeros_behind_the_point_make_no_longer_number():
    """Where numbers have several lengths, 10 digits and their ".0" would be somebody else's."""
    assert normalise("4930123456.0", "UG") == normalise("4930123456", "UG") == Phone("+4930123456", "DE")


@given(
    st.sampled_from(["UG", "KE", None]),
    st.one_of(
        st.text(st.sampled_from("+0123456789 ()-./\u00a0\uff11\u0661"), max_size=32),
        st.from_regex(r"\A\s?(\+|00|0)?(256|254)?7[0-9]{8}\Z"),
    ),
)
def test_what_was_a_number_before_is_the_same_number(home, text):
    """What is written in the usual characters alone is read by the numbering plans, as it stands."""
    bare = text.strip()
    if phones.LOOKS_LIKE_PHONE.match(bare) and not number_text.WITH_DECIMALS.fullmatch(bare):
        bare = "+" + bare[2:] if bare.startswith("00") else bare
        read = phones._valid(bare, home) or (None if bare.startswith("+") else phones._valid("+" + bare, None))
        assert normalise(text, home) == read


UNSEEN = st.text(st.sampled_from([chr(code) for code in number_text.INVISIBLE]), max_size=3)


@given(st.sampled_from(["+256712345678", "0712345678", "256712345678"]), st.data())
def test_nothing_unseen_makes_a_number_another_one(number, data):
    written = "".join(data.draw(UNSEEN) + char for char in number) + data.draw(UNSEEN)
    assert normalise(written, "UG") == UGANDAN
    assert split_list(f"{written},\u202c,{written}", "UG") == [written, written]


def test_a_text_of_a_megabyte_is_not_kept_among_the_numbers():
    before = phones._normalise.cache_info().currsize
    assert normalise("7" * 2**20, "UG") is None
    assert phones._normalise.cache_info().currsize == before


def test_a_national_number_is_read_in_the_home_country():
    assert normalise("0712345678", "KE") == Phone("+254712345678", "KE")
    assert normalise("0110123456", "KE") == Phone("+254110123456", "KE")
    assert normalise("0712345678", "TZ") == Phone("+255712345678", "TZ")


def test_without_a_home_country_a_country_code_is_demanded():
    assert normalise("0712345678", None) is None
    assert normalise("256712345678", None) == normalise("+256712345678", None) == UGANDAN


@pytest.mark.parametrize(
    "written, country",
    [("+254712345678", "KE"), ("255712345678", "TZ"), ("00250788123456", "RW"), ("+14155552671", "US"), ("+442079460958", "GB")],
)
def test_a_foreign_number_keeps_its_own_country(written, country):
    assert normalise(written, "UG").country == country


def examples() -> list[str]:
    """A mobile number of every region that has one."""
    found = []
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        number = phonenumbers.example_number_for_type(region, phonenumbers.PhoneNumberType.MOBILE)
        if number is not None and phonenumbers.is_valid_number(number):
            found.append(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return found


@given(st.sampled_from(examples()), st.sampled_from(["UG", "KE", "US", None]))
def test_normalising_twice_is_normalising_once(e164, home):
    once = normalise(e164, home)
    assert once is not None and once.e164 == e164
    assert normalise(once.e164, home) == once


@given(st.text(st.sampled_from("+0123456789 ()-./\n"), max_size=32))
def test_whatever_is_written_gives_none_or_a_number_that_stays_itself(text):
    phone = normalise(text, "UG")
    assert phone is None or normalise(phone.e164, "UG") == phone


@given(st.text(max_size=40))
def test_hostile_text_never_raises(text):
    assert normalise(text, "UG") is None or normalise(text, "UG").e164[1:].isdigit()


@pytest.mark.parametrize(
    "text, expected",
    [
        ("0712345678", ["0712345678"]),
        ("0712345678,0772345678;0752345678\n0702345678", ["0712345678", "0772345678", "0752345678", "0702345678"]),
        ("0712 345 678", ["0712 345 678"]),
        ("0712 345 678, 0772 345 678", ["0712 345 678", "0772 345 678"]),
        ("0712345678 0772345678", ["0712345678", "0772345678"]),
        ("+256712345678 +256772345678", ["+256712345678", "+256772345678"]),
        (" , ;; \r\n ,", []),
        ("0712345678,,hello", ["0712345678", "hello"]),
        ("", []),
    ],
)
def test_one_string_holds_several_numbers(text, expected):
    assert split_list(text, "UG") == expected


@pytest.mark.parametrize(
    "number, network",
    [
        ("+256772345678", "MTN"),
        ("+256762345678", "MTN"),
        ("+256702345678", "AIRTEL"),
        ("+256752345678", "AIRTEL"),
        ("+254712345678", "SAFARICOM"),
        ("+254110123456", "SAFARICOM"),
        ("+254733123456", "AIRTEL"),
        ("+254100123456", "AIRTEL"),
        ("+255742345678", "VODACOM"),
        ("+255712345678", "TIGO"),
        ("+255682345678", "AIRTEL"),
        ("+255622345678", "HALOTEL"),
        ("+250788123456", "MTN"),
        ("+250722123456", "AIRTEL"),
        ("+14155552671", None),
    ],
)
def test_the_network_follows_from_the_prefix(number, network):
    assert network_of(normalise(number, None)) == network


def test_no_prefix_belongs_to_two_networks_of_a_country():
    for country, plans in NETWORKS.items():
        prefixes = [prefix for given in plans.values() for prefix in given]
        assert len(prefixes) == len(set(prefixes)), country


def test_every_country_that_an_account_may_have_has_an_example_number():
    assert all(normalise(example_number(country), country) for country in phonenumbers.SUPPORTED_REGIONS)


@st.composite
def nearly_numbers(draw):
    """Examples of every country and type with some digits changed, one lost or one added."""
    country = draw(st.sampled_from(sorted(phonenumbers.SUPPORTED_REGIONS)))
    example = phonenumbers.example_number_for_type(country, draw(st.sampled_from([0, 1, 2, 3, 6, 7])))
    example = example or phonenumbers.example_number(country)
    code, national = str(example.country_code), phonenumbers.national_significant_number(example)
    changed = [draw(st.sampled_from("0123456789")) if draw(st.integers(0, 4)) == 0 else digit for digit in national]
    more = draw(st.sampled_from(["", "", "", "0", "7"]))
    return f"+{code}{''.join(changed)}{more}"[: draw(st.sampled_from([99, 99, 99, -1]))]


@given(nearly_numbers(), st.sampled_from([None, "UG", "US", "IT"]))
def test_the_short_way_says_what_the_whole_reading_says(text, home):
    quick = phones._plain_mobile(text)
    if quick is not None:
        assert quick == phones._valid(text, home)


@pytest.mark.parametrize("country", ["UG", "KE", "TZ", "RW", "NG", "ZA", "GH", "FR", "DE", "IN"])
def test_usual_numbers_take_the_short_way(country):
    number = example_number(country)
    assert phones._plain_mobile(number) == Phone(number, country)


def test_every_country_that_has_numbers_has_a_name():
    assert {code for code in phonenumbers.SUPPORTED_REGIONS if countries.name(code) == code} == set()
