"""Its import loads every type of gateway, as a server does before it forks."""

from wesend.gateways import registry

EVERY = dict(registry.types())
