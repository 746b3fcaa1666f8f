"""The SMPP server, looked at for the doctor."""

from __future__ import annotations

from pathlib import Path

from ..core import clock
from ..core.settings import Settings
from ..core.settings_values import is_loopback
from .host_checks import Finding

WARN_OF_END_DAYS = 14


def examine(values: Settings) -> Finding:
    """Whether it is on, for whom it can be read on the way, and until when its certificate is good."""
    if values.smpp_port is None:
        return Finding("SMPP", "ok", "off: WESEND_SMPP_PORT switches it on")
    from ..binds import opened  # with the keys of accounts: most instances have no such server

    where = f"on {values.smpp_host}:{values.smpp_port}"
    bound = sum(opened.count_by_mode().values())
    if values.smpp_tls_cert is not None:
        return _certificate(values.smpp_tls_cert, f"{where} with TLS, {bound} bound")
    if is_loopback(values.smpp_host):
        return Finding("SMPP", "ok", f"{where}, plain, for this machine alone, {bound} bound")
    return Finding("SMPP", "warning", f"{where}, plain: passwords and texts can be read on the way (WESEND_SMPP_TLS_CERT)")


def _certificate(path: Path, where: str) -> Finding:
    from cryptography import x509

    try:
        ends = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as error:
        return Finding("SMPP", "error", f"{where}: {path} can't be read ({error})")
    left = (clock.from_datetime(ends) - clock.now_ms()) // clock.DAY
    if left < WARN_OF_END_DAYS:
        return Finding("SMPP", "warning", f"{where}: its certificate ends {ends:%Y-%m-%d}")
    return Finding("SMPP", "ok", f"{where}, its certificate ends {ends:%Y-%m-%d}")
