"""Fixtures of the domains: everything runs in an app context; gateways that answer as a test tells them to."""

from __future__ import annotations

import pytest

from wesend.gateways import registry

from .domain import ScriptedGateway, make_route


@pytest.fixture(autouse=True)
def in_context(context):
    return context


@pytest.fixture
def upstreams(monkeypatch) -> dict:
    """The SMS gateways by name; a test may add its own beside the sandbox."""
    known = dict(registry.sms_gateways())
    monkeypatch.setattr(registry, "sms_gateways", lambda *_: known)
    return known


@pytest.fixture
def carrier(upstreams) -> ScriptedGateway:
    """A live gateway that carries Uganda at 35 UGX."""
    upstreams["carrier"] = ScriptedGateway("carrier")
    make_route("ESMS_UG", "carrier")
    return upstreams["carrier"]
