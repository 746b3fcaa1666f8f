"""The mobile-money gateways that an operator can set up, by their type."""

from __future__ import annotations

from ..late_types import LateTypes, coded
from .base import MoneyGateway

TYPES: LateTypes[type[MoneyGateway]] = LateTypes(
    coded(
        __package__,
        {
            "mpesa": "mpesa:Mpesa",
            "momo": "momo:Momo",
            "marzpay": "marzpay:MarzPay",
            "airtel": "airtel:Airtel",
            "yo-payments": "yo_payments:YoPayments",
            "selcom": "selcom:Selcom",
        },
    )
)
