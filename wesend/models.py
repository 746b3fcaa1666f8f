"""Every table, so that migrations see them all."""

from .accounts import models as accounts
from .binds import models as binds
from .contacts import models as contacts
from .coordination import models as coordination
from .gateways import models as gateways
from .guards import models as guards
from .messages.campaigns import models as campaigns
from .messages.state import models as messages
from .operations import models as operations
from .routing import models as routing
from .two_way import models as two_way
from .verification import models as verification
from .wallets import models as wallets
from .webhooks import models as webhooks

__all__ = [
    "accounts",
    "campaigns",
    "binds",
    "contacts",
    "coordination",
    "gateways",
    "guards",
    "messages",
    "operations",
    "routing",
    "two_way",
    "verification",
    "wallets",
    "webhooks",
]
