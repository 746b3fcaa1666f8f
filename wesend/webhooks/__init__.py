"""Webhooks: endpoints, the transactional outbox of deliveries, and the courier that carries them."""
