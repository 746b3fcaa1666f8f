"""Messages as SMPP clients submit them: whole or in parts, with the receipts they ask for; asked about, and taken back."""
