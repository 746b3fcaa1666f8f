"""The SMS gateways that an operator can set up, by their type."""

from . import vendors
from .africastalking import AfricasTalking
from .android import Android
from .base import SmsGateway
from .http import HttpGateway
from .marzsms import MarzSms
from .smpp.adapter import SmppGateway
from .twilio import Twilio

CODED: dict[str, type[SmsGateway]] = {
    kind.type: kind for kind in (AfricasTalking, MarzSms, Twilio, SmppGateway, Android, HttpGateway)
}
SHIPPED: dict[str, type[SmsGateway]] = {**vendors.shipped()}
"""Made of the files that come with wesend."""
TYPES: dict[str, type[SmsGateway]] = {**CODED, **SHIPPED}
