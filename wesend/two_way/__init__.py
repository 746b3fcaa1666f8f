"""What people write to us: numbers, services, whose a message is, what it costs, who is told and answered."""
