"""Messages as stored: tables, statuses and the only code that changes them."""
