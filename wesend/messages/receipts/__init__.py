"""What gateways tell later: delivery receipts, inbound messages, unknown outcomes."""
