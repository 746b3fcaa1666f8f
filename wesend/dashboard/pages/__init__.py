"""Every page: a module with a ``blueprint`` a subject. A new one is entered here and in ``navigation.SECTIONS``."""

from __future__ import annotations

from flask import Blueprint

from . import accounts, campaigns, compose, contacts, emails, first_run, messages, overview, phones, sign_in, wallets

PAGES: tuple[Blueprint, ...] = (
    sign_in.blueprint, overview.blueprint, first_run.blueprint, accounts.blueprint,
    messages.blueprint, compose.blueprint, campaigns.blueprint, contacts.blueprint,
    wallets.blueprint, emails.blueprint, phones.blueprint)
