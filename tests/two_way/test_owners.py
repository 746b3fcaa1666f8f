"""What people write to us: found to be from whom, and STOP honoured however a carrier tells the number."""

from __future__ import annotations

import pytest

from tests.support.domain import make_route, make_wallet, send
from tests.support.gateways import set_up
from tests.support.inbound import receive
from wesend.accounts.sides import LIVE
from wesend.adapters.sms.base import CallbackInbound
from wesend.database import query
from wesend.gateways import registry, service
from wesend.routing import opt_outs
from wesend.two_way import matching, owners

PHONE = "+256772000411"


@pytest.fixture
def carrier(context):
    """An SMPP gateway for Uganda and Kenya, by which an account wrote to the phone; how it hands inbound messages over."""
    set_up("africastalking", name="line")
    for country in ("UG", "KE"):
        make_route(f"LINE_{country}", "line", country=country)
    send(make_wallet("1000"), PHONE)
    return "line"


@pytest.mark.parametrize("told", ["0772000411", "772000411", "256772000411", "+256772000411", "00256772000411"])
def test_a_number_in_the_form_used_at_home_is_whose_it_was_written_to(carrier, told):
    assert owners.read_sender(None, carrier, told).e164 == PHONE


def test_of_two_readings_the_one_counts_that_was_written_to(carrier):
    """0712345678 is somebody's in Uganda and in Kenya."""
    send(make_wallet("1000"), "+254712345678")
    assert owners.read_sender(None, carrier, "0712345678").e164 == "+254712345678"


@pytest.mark.parametrize("told", ["MPESA", "15555", "", "07720004110000"])
def test_what_is_no_number_is_nobodys(carrier, told):
    assert owners.read_sender(None, carrier, told) is None


@pytest.mark.parametrize("text", ["STOP", "Stop. Thank you", "STOP ALL", '"STOP"'])
def test_a_stop_from_there_opts_the_phone_out_of_whoever_wrote_to_it(carrier, text):
    receive(carrier, "0772000411", "32811", text)
    account = query("SELECT account_id FROM messages")[0][0]
    assert opt_outs.opted_out(account, opt_outs.SMS, [PHONE], side=LIVE) == {PHONE}


def test_that_is_how_smpp_hands_them_over(context):
    service.set_gateway("smsc", "smpp", {"host": "127.0.0.1", "system_id": "shop"}, {"password": "p"}, actor="test")
    make_route("SMSC", "smsc", country="TZ")
    adapter = registry.sms_gateway("smsc")
    send(make_wallet("1000"), "+255742000411")
    adapter.on_inbound([CallbackInbound("0742000411", "WESEND", "STOP. Thanks")])
    matching.match_new()
    (account,) = {row[0] for row in query("SELECT account_id FROM opt_outs")}
    assert opt_outs.opted_out(account, opt_outs.SMS, ["+255742000411"], side=LIVE)
