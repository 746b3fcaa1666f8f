"""The SMS gateways that an operator can set up, by their type."""

from __future__ import annotations

from functools import partial

from ..late_types import LateTypes, coded
from . import vendors
from .base import SmsGateway

CODED: LateTypes[type[SmsGateway]] = LateTypes(
    coded(
        __package__,
        {
            "africastalking": "africastalking:AfricasTalking",
            "marzsms": "marzsms:MarzSms",
            "twilio": "twilio:Twilio",
            "smpp": "smpp.adapter:SmppGateway",
            "android": "android:Android",
            "http": "http:HttpGateway",
        },
    )
)
SHIPPED: LateTypes[type[SmsGateway]] = LateTypes({name: partial(vendors.shipped, name) for name in vendors.names()})
"""Made of the files that come with wesend."""
TYPES: LateTypes[type[SmsGateway]] = LateTypes(
    {name: partial(some.__getitem__, name) for some in (CODED, SHIPPED) for name in some}
)
