"""The SMS gateways that an operator can set up, by their type."""

from .africastalking import AfricasTalking
from .android import Android
from .base import SmsGateway
from .http import HttpGateway
from .marzsms import MarzSms
from .smpp.adapter import SmppGateway
from .twilio import Twilio

TYPES: dict[str, type[SmsGateway]] = {
    kind.type: kind for kind in (AfricasTalking, MarzSms, Twilio, SmppGateway, Android, HttpGateway)
}
