"""What each dialect publishes for the sandbox, by its name."""

from __future__ import annotations

from wesend.dialects.listed import DIALECTS

APIS = {dialect.name: dialect for dialect in DIALECTS}
CREDENTIALS = {name: dialect.sandbox.credentials for name, dialect in APIS.items()}
WALLETS = {name: (dialect.sandbox.wallet_uid, dialect.sandbox.currency, dialect.sandbox.opening) for name, dialect in APIS.items()}
