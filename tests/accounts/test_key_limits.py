"""What is typed for a key's end, its addresses and an overlap."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wesend.accounts import key_limits
from wesend.core import clock
from wesend.core.errors import InvalidInput


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("2027-01-01", "2027-01-01T21:00:00Z"),
        ("20270101", "2027-01-01T21:00:00Z"),
        ("2026-W53-5", "2027-01-01T21:00:00Z"),
        ("2028-02-29", "2028-02-29T21:00:00Z"),
        ("2027-01-01T12:00:00Z", "2027-01-01T12:00:00Z"),
        ("2027-01-01T12:00:00", "2027-01-01T09:00:00Z"),
        ("2027-01-01T12:00:00+01:00", "2027-01-01T11:00:00Z"),
        ("none", None),
        ("", None),
    ],
)
def test_a_day_lasts_until_its_end_where_the_account_is(text, iso):
    assert clock.iso(key_limits.parse_expiry(text, "Africa/Kampala")) == iso


@pytest.mark.parametrize("text", ["tomorrow", "2027-13-01", "2027-02-30", "9999-12-31x", "0", "2027-01-01T25:00Z"])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(InvalidInput, match="neither a day"):
        key_limits.parse_expiry(text, "UTC")


def test_networks():
    assert key_limits.parse_networks("10.0.0.0/8, 203.0.113.7,2001:DB8::/32") == "10.0.0.0/8,203.0.113.7/32,2001:db8::/32"
    assert key_limits.parse_networks("none") is None is key_limits.parse_networks(" ")


@pytest.mark.parametrize("text", ["10.0.0.1/8", "10.0.0.0/33", "example.com", "10.0.0.0/8,,", "*"])
def test_what_is_no_network_is_refused(text):
    with pytest.raises(InvalidInput, match="neither an address"):
        key_limits.parse_networks(text)


@pytest.mark.parametrize(("text", "minutes"), [("24h", 1440), ("30m", 30), ("7d", 10080), ("0", 0), ("0h", 0), ("24H", 1440)])
def test_overlaps(text, minutes):
    assert key_limits.parse_overlap(text) == minutes * 60_000


@pytest.mark.parametrize("text", ["", "h", "24", "-1h", "1.5h", "99999d", "24h30m"])
def test_what_is_no_overlap_is_refused(text):
    with pytest.raises(InvalidInput, match="no time like"):
        key_limits.parse_overlap(text)


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Berlin", "Pacific/Auckland"])
@pytest.mark.parametrize("text", ["9999-12-31T23:59:59", "9999-12-31", "0001-01-01T00:00:00", "0001-01-01"])
def test_an_end_that_no_page_could_show_is_refused(text, zone):
    with pytest.raises(InvalidInput, match="neither a day"):
        key_limits.parse_expiry(text, zone)


@given(st.text(), st.sampled_from(["UTC", "Africa/Nairobi"]))
def test_whatever_is_typed_is_read_or_refused(text, zone):
    for read in (
        lambda: key_limits.parse_expiry(text, zone),
        lambda: key_limits.parse_networks(text),
        lambda: key_limits.parse_overlap(text),
    ):
        try:
            read()
        except InvalidInput:
            pass


@given(
    st.ip_addresses(), st.lists(st.ip_addresses(v=4).map(lambda at: ip_network(f"{at}/20", strict=False)), min_size=1, max_size=4)
)
def test_within_is_within(address, networks):
    limits = key_limits.KeyLimits(None, ",".join(map(str, networks)))
    plain = getattr(address, "ipv4_mapped", None) or address
    expected = any(plain.version == 4 and plain in network for network in networks)
    assert (key_limits._refusal(limits, str(address)) is None) is expected
    if address.version == 4:
        assert (key_limits._refusal(limits, f"::ffff:{address}") is None) is expected
