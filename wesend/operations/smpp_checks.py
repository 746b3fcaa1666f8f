"""The SMPP server, looked at for the doctor."""

from __future__ import annotations

from pathlib import Path

from ..core import clock
from ..core.languages import sentence
from ..core.settings import Settings
from ..core.settings_values import is_loopback
from .host_checks import Finding

WARN_OF_END_DAYS = 14


def examine(values: Settings) -> Finding:
    """Whether it is on, for whom it can be read on the way, and until when its certificate is good."""
    if values.smpp_port is None:
        return Finding("SMPP", "ok", sentence("off: WESEND_SMPP_PORT switches it on"))
    from ..binds import opened  # with the keys of accounts: most instances have no such server

    address = f"{values.smpp_host}:{values.smpp_port}"
    bound = sum(opened.count_by_mode().values())
    if values.smpp_tls_cert is not None:
        return _certificate(values.smpp_tls_cert, address, bound)
    if is_loopback(values.smpp_host):
        return Finding(
            "SMPP", "ok", sentence("on %(address)s, plain, for this machine alone, %(bound)s bound", address=address, bound=bound)
        )
    return Finding(
        "SMPP",
        "warning",
        sentence("on %(address)s, plain: passwords and texts can be read on the way (WESEND_SMPP_TLS_CERT)", address=address),
    )


def _certificate(path: Path, address: str, bound: int) -> Finding:
    from cryptography import x509

    try:
        ends = x509.load_pem_x509_certificate(path.read_bytes()).not_valid_after_utc
    except (OSError, ValueError) as error:
        return Finding(
            "SMPP",
            "error",
            sentence(
                "on %(address)s with TLS, %(bound)s bound: %(path)s can't be read (%(error)s)",
                address=address,
                bound=bound,
                path=path,
                error=str(error),
            ),
        )
    left, day = (clock.from_datetime(ends) - clock.now_ms()) // clock.DAY, f"{ends:%Y-%m-%d}"
    if left < WARN_OF_END_DAYS:
        text = sentence(
            "on %(address)s with TLS, %(bound)s bound: its certificate ends %(day)s", address=address, bound=bound, day=day
        )
        return Finding("SMPP", "warning", text)
    text = sentence("on %(address)s with TLS, %(bound)s bound, its certificate ends %(day)s", address=address, bound=bound, day=day)
    return Finding("SMPP", "ok", text)
