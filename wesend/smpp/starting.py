"""What must be true before SMPP is served, told in a sentence."""

from __future__ import annotations

import ssl

from ..core.settings import Settings
from ..core.settings_values import SettingsError, is_loopback
from .tls import Certificate


def check(settings: Settings) -> None:
    """SettingsError for what can't be served, or should not be."""
    if (settings.smpp_tls_cert is None) != (settings.smpp_tls_key is None):
        raise SettingsError("WESEND_SMPP_TLS_CERT and WESEND_SMPP_TLS_KEY are wanted together: the certificate, and its key.")
    if settings.smpp_port is None:
        return
    if settings.smpp_port == settings.port:
        raise SettingsError(f"WESEND_SMPP_PORT is {settings.smpp_port}, where HTTP is served: choose another, as 2775.")
    if settings.smpp_tls_cert is not None and settings.smpp_tls_key is not None:
        try:
            Certificate(settings.smpp_tls_cert, settings.smpp_tls_key)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(
                f"The certificate of WESEND_SMPP_TLS_CERT can't be used with WESEND_SMPP_TLS_KEY: {error.strerror or error}."
            ) from error
    elif not is_loopback(settings.smpp_host) and not settings.smpp_allow_plain:
        raise SettingsError(
            f"SMPP on {settings.smpp_host} would be plain TCP, passwords and texts readable on the way: set WESEND_SMPP_TLS_CERT"
            " and WESEND_SMPP_TLS_KEY, or WESEND_SMPP_ALLOW_PLAIN=1 where the network is trusted."
        )
