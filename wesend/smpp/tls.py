"""The server's certificate, read anew when its files change."""

from __future__ import annotations

import ssl
from pathlib import Path

Stamp = tuple[tuple[int, int], tuple[int, int]]


class Certificate:
    """``context`` stays the same; what is loaded into it holds for every connection that begins after that."""

    def __init__(self, certificate: Path, key: Path):
        """OSError, ssl.SSLError when the files can't be used."""
        self.certificate, self.key = certificate, key
        self.context = _context(certificate, key)
        self.stamp = self._stamp()

    def _stamp(self) -> Stamp:
        first, second = self.certificate.stat(), self.key.stat()
        return (first.st_mtime_ns, first.st_ino), (second.st_mtime_ns, second.st_ino)

    def look(self) -> bool:
        """Whether new files were taken; those that don't belong together (they may be half written) are not, for now."""
        try:
            stamp = self._stamp()
            if stamp == self.stamp:
                return False
            _context(self.certificate, self.key)
            self.context.load_cert_chain(self.certificate, self.key)
        except (OSError, ssl.SSLError):
            return False
        self.stamp = stamp
        return True


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context
