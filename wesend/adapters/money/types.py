"""The mobile-money gateways that an operator can set up, by their type."""

from .airtel import Airtel
from .base import MoneyGateway
from .marzpay import MarzPay
from .momo import Momo
from .mpesa import Mpesa
from .selcom import Selcom
from .yo_payments import YoPayments

TYPES: dict[str, type[MoneyGateway]] = {kind.type: kind for kind in (Mpesa, Momo, MarzPay, Airtel, YoPayments, Selcom)}
