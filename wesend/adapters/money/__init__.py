"""The mobile-money gateways that an operator can set up, by their type."""

from .base import MoneyGateway
from .marzpay import MarzPay
from .momo import Momo
from .mpesa import Mpesa

TYPES: dict[str, type[MoneyGateway]] = {kind.type: kind for kind in (Mpesa, Momo, MarzPay)}
