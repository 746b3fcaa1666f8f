"""Who keeps an endpoint."""

OWN_ROW, RECEIPTS_ROW, INBOUND_ROW, LISTENING_ROW, SERVICE_ROW = 0, 1, 2, 3, 4
"""What an endpoint is (``managed``): added by its owner; the two that an API edits in place; a listening command's;
the address of a two-way service, by ``service_id``."""
