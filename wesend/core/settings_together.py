"""What settings must be beside each other before anything is served, told in a sentence."""

from __future__ import annotations

from .settings import Settings
from .settings_values import SettingsError, is_loopback


def check(settings: Settings) -> None:
    """SettingsError for what can't be served, or should not be."""
    _check_smpp(settings)
    # The port's process listens long after the start, and would only log that it can't.
    taken = {settings.port: "HTTP", settings.smpp_port: "SMPP"}.get(settings.sandbox_smtp_port)
    if settings.sandbox and settings.sandbox_smtp_port is not None and taken is not None:
        raise SettingsError(f"WESEND_SANDBOX_SMTP_PORT is {settings.sandbox_smtp_port}, where {taken} is served: choose another.")


def _check_smpp(settings: Settings) -> None:
    if (settings.smpp_tls_cert is None) != (settings.smpp_tls_key is None):
        raise SettingsError("WESEND_SMPP_TLS_CERT and WESEND_SMPP_TLS_KEY are wanted together: the certificate, and its key.")
    if settings.smpp_port is None:
        return
    if settings.smpp_port == settings.port:
        raise SettingsError(f"WESEND_SMPP_PORT is {settings.smpp_port}, where HTTP is served: choose another, as 2775.")
    if settings.smpp_tls_cert is None and not is_loopback(settings.smpp_host) and not settings.smpp_allow_plain:
        raise SettingsError(
            f"SMPP on {settings.smpp_host} would be plain TCP, passwords and texts readable on the way: set WESEND_SMPP_TLS_CERT"
            " and WESEND_SMPP_TLS_KEY, or WESEND_SMPP_ALLOW_PLAIN=1 where the network is trusted."
        )
