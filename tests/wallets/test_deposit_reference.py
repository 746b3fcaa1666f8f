"""What a deposit is called: by us to people, by us to the gateway."""

from uuid import UUID

from wesend.core import money
from wesend.core.phones import Phone
from wesend.wallets import deposits, service

from ..support.published import WALLETS


def test_the_reference_that_a_gateway_gets_is_a_random_uuid_for_momo_and_marzpay_take_no_other(context):
    wallet = service.find_wallet(WALLETS["wesendall"][0], actor="test")
    deposit = deposits.start_deposit(wallet, 500 * money.MICRO, Phone("+256772000001", "UG"), actor="test")
    assert UUID(deposit["reference"]).version == 4
    assert str(UUID(deposit["reference"])) == deposit["reference"]
