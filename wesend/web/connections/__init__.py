"""Clients' connections: no slow client holds a thread that others need."""
