"""Every page: a module with a ``blueprint`` a subject. A new one is entered here and in ``navigation.SECTIONS``."""

from __future__ import annotations

from flask import Blueprint

from . import (
    accounts,
    audit,
    backups,
    campaigns,
    compose,
    contacts,
    deposits,
    emails,
    first_run,
    gateways,
    inbox,
    keys,
    messages,
    overview,
    people_data,
    phones,
    rates,
    routes,
    security,
    sender_queue,
    senders,
    settings,
    sign_in,
    smpp_binds,
    two_way,
    two_way_queue,
    unknown,
    users,
    verifications,
    wallets,
    webhooks,
)
from . import campaign_form as campaign_form
from . import campaign_templates as campaign_templates
from . import contact_import as contact_import
from . import write_email as write_email

PAGES: tuple[Blueprint, ...] = (
    sign_in.blueprint,
    security.blueprint,
    overview.blueprint,
    first_run.blueprint,
    messages.blueprint,
    compose.blueprint,
    inbox.blueprint,
    campaigns.blueprint,
    contacts.blueprint,
    emails.blueprint,
    verifications.blueprint,
    phones.blueprint,
    wallets.blueprint,
    keys.blueprint,
    smpp_binds.blueprint,
    senders.blueprint,
    two_way.blueprint,
    webhooks.blueprint,
    users.people,
    people_data.blueprint,
    accounts.blueprint,
    routes.blueprint,
    rates.blueprint,
    gateways.blueprint,
    sender_queue.blueprint,
    two_way_queue.blueprint,
    users.blueprint,
    deposits.blueprint,
    unknown.blueprint,
    audit.blueprint,
    audit.of_account,
    backups.blueprint,
    settings.blueprint,
)
