"""Every page: a module with a ``blueprint`` a subject. A new one is entered here and in ``navigation.SECTIONS``."""

from __future__ import annotations

from flask import Blueprint

from . import (
    accounts,
    audit,
    deposits,
    first_run,
    keys,
    overview,
    rates,
    routes,
    sender_queue,
    senders,
    settings,
    sign_in,
    unknown,
    users,
    webhooks,
)

PAGES: tuple[Blueprint, ...] = (
    sign_in.blueprint, overview.blueprint, first_run.blueprint,
    keys.blueprint, senders.blueprint, webhooks.blueprint, users.people,
    accounts.blueprint, routes.blueprint, rates.blueprint, sender_queue.blueprint, users.blueprint, deposits.blueprint,
    unknown.blueprint, audit.blueprint, settings.blueprint)
