"""Self-signed certificates for local servers behind TLS."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Certificate(NamedTuple):
    """Paths of the key, of the certificate, and of both in one file."""

    key: Path
    cert: Path
    both: Path


def make(folder: Path, name: str | None = None) -> Certificate:
    """For a host's ``name``, or for 127.0.0.1, valid today; it vouches for itself where it is given as an authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name or "a test")])
    known_as = x509.IPAddress(ipaddress.ip_address("127.0.0.1")) if name is None else x509.DNSName(name)
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([known_as]), critical=False)
        .sign(key, hashes.SHA256())
    )
    made = Certificate(folder / "key.pem", folder / "cert.pem", folder / "both.pem")
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = signed.public_bytes(serialization.Encoding.PEM)
    for path, content in zip(made, (secret, public, secret + public), strict=True):
        path.write_bytes(content)
    return made
