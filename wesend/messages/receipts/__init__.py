"""What gateways tell later: delivery receipts, unknown outcomes."""
