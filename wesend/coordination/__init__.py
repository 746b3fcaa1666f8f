"""What the processes of one installation agree on: who leads, who is woken, pauses, limits and shared tokens."""
