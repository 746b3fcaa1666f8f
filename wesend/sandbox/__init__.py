"""The sandbox: its account, what it caught, and the calls that show it."""
