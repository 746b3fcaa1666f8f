"""What must be true of files before SMPP is served, told in a sentence."""

from __future__ import annotations

import ssl

from ..core.settings import Settings
from ..core.settings_values import SettingsError
from .tls import Certificate


def check(settings: Settings) -> None:
    """SettingsError for a certificate that can't be served."""
    if settings.smpp_port is None or settings.smpp_tls_cert is None or settings.smpp_tls_key is None:
        return
    try:
        Certificate(settings.smpp_tls_cert, settings.smpp_tls_key)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"The certificate of WESEND_SMPP_TLS_CERT can't be used with WESEND_SMPP_TLS_KEY: {error.strerror or error}."
        ) from error
