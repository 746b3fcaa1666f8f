"""A message on its way out: the one record that it has from its composition to its settlement."""

from __future__ import annotations

from typing import NamedTuple

from ...core.channels import SMS

IN_REQUEST_LIMIT = 100
"""Recipients up to which an API call may have its answer from the gateway inside the request."""


class Outgoing(NamedTuple):
    """Composed, then accepted (paid for and written), then submitted, then settled; its fields are columns of messages.

    Costs in micro-units: the wallet's, and the route's own (None without a route). ``fields``: of an
    e-mail what its batch's text is filled in with, of an SMS what of it is sealed (`sealed_texts`). ``form``: of an SMS that is
    no plain text (`sms_forms`); ``tells_smpp``: 1 where its SMPP client asked for receipts. ``carrier_…``: the
    route that it leaves by, and what that is expected to cost, of live SMS (`margins`).
    """

    # As it was composed.
    recipient: str
    country: str | None
    text: str
    encoding: str
    segments: int
    cost_micros: int
    sender: str | None
    gateway: str
    route: str | None = None
    route_cost_micros: int | None = None
    route_currency: str | None = None
    channel: str = SMS
    subject: str | None = None
    fields: str | None = None
    form: str | None = None
    tells_smpp: int = 0
    network: str | None = None
    carrier_route: str | None = None
    carrier_cost_micros: int | None = None
    carrier_currency: str | None = None
    # As it was written; its id before that, where its way follows from it.
    uid: str = ""
    account_id: int = 0
    wallet_id: int = 0
    batch_id: int = 0
    id: int = 0
    # As often as it was submitted, and waited after that.
    attempts: int = 0
    backoffs: int = 0
    charges: int = 1
    valid_until: int | None = None
