"""How a setting's text is read: numbers, choices, addresses; SettingsError says in one sentence what can't be used."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from email.utils import getaddresses
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from .email_address import ALERTED

DATABASE = "wesend.db"
POSTGRESQL = ("postgresql://", "postgres://")
Network = ipaddress.IPv4Network | ipaddress.IPv6Network
LOOPBACK: tuple[Network, ...] = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1"))
PUBLIC = "public"
"""The value of `WESEND_SANDBOX` that lets everybody use the published credentials."""
HIDDEN = "•••"
YES, NO = ("1", "true", "yes", "on"), ("0", "false", "no", "off")


def hide_credentials(text: str) -> str:
    """An address without its password, nor what its query says, whatever signs the password has; other text as it is."""
    scheme, mark, rest = text.partition("://")
    if not mark:
        return f"{HIDDEN}@{text.rpartition('@')[2]}" if "@" in text else text
    credentials, at, place = rest.rpartition("@")
    place, question, _ = place.partition("?")
    user, colon, _ = credentials.partition(":")
    shown = f"{user}:{HIDDEN}@" if colon else f"{HIDDEN}@" if at else ""
    return f"{scheme}://{shown}{place}{question}{HIDDEN if question else ''}"


class SettingsError(Exception):
    """A setting that can't be used; one sentence that names it."""


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def database_path(url: str, instance: Path) -> Path:
    if not url or url.startswith(POSTGRESQL):
        return instance / DATABASE
    prefix = "sqlite:///"
    if not url.startswith(prefix) or url[len(prefix) :] in ("", ":memory:"):
        raise SettingsError(
            "WESEND_DATABASE_URL must name a file as sqlite:///PATH, or a database as postgresql://user:password@host/name,"
            f" not {hide_credentials(url)!r}."
        )
    return Path(url[len(prefix) :]).expanduser().absolute()


def postgresql_url(url: str, secret_key: str) -> str:
    """Every host has the same key: one made and kept by each for itself could read nothing that another one has sealed."""
    if not url.startswith(POSTGRESQL):
        return ""
    url = require_postgresql("WESEND_DATABASE_URL", url)
    if not secret_key:
        raise SettingsError(
            f"WESEND_DATABASE_URL names PostgreSQL ({hide_credentials(url)}), so WESEND_SECRET_KEY must be set in the environment:"
            " every host needs the same."
        )
    return url


def listen_url(url: str) -> str:
    return require_postgresql("WESEND_DATABASE_LISTEN_URL", url) if url else ""


def require_postgresql(name: str, url: str) -> str:
    """SettingsError, which names the setting, for what is no URL of a database of PostgreSQL, which may name several hosts."""
    try:
        parts = urlsplit(url)
        ports = [urlsplit(f"//{host}").port for host in parts.netloc.rpartition("@")[2].split(",")]
        usable = url.startswith(POSTGRESQL) and len(parts.path) > 1 and 0 not in ports and url.isprintable() and " " not in url
        # Of a password that is not percent-encoded, libpq takes the rest for the host or the name, and tells it.
        usable = usable and "@" not in parts.path and parts.netloc.count("@") < 2
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(f"{name} must be as postgresql://user:password@host:5432/name, not {hide_credentials(url)!r}.")
    return url


def checked_base_url(url: str) -> str:
    """Gateways and readers of mail are told it: a wrong one would be found out by the receipts that never come."""
    try:
        parts = urlsplit(url)
        usable = (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and parts.port != 0
            and url.isprintable()
            and not set(url) & set(" ?#")
        )
    except ValueError:
        usable = False
    if url and not usable:
        raise SettingsError(f"WESEND_BASE_URL must be an address as https://sms.example.org, not {hide_credentials(url)!r}.")
    return url


def sandbox_choice(read: Reader, is_local: bool) -> str:
    """``0``, ``1`` or PUBLIC; without a word from the operator it is on where nobody else can reach it."""
    if read.text("WESEND_SANDBOX", "").lower() == PUBLIC:
        return PUBLIC
    try:
        return str(int(read.flag("WESEND_SANDBOX", is_local)))
    except SettingsError:
        raise SettingsError(f"WESEND_SANDBOX must be 1, 0 or public, not {read.text('WESEND_SANDBOX', '')!r}.") from None


def checked_smtp_url(url: str) -> str:
    """Looked at here, so that a wrong one stops the start and not every send."""
    try:
        parts = urlsplit(url)
        query = parse_qs(parts.query, keep_blank_values=True)
        usable = not url or (
            parts.scheme in ("smtp", "smtps")
            and bool(parts.hostname)
            and parts.port != 0
            # Else the password would go in the clear where a wrong word, or a mistyped name, asked for the contrary.
            and all(name == "starttls" and len(words) == 1 and words[0].lower() in YES + NO for name, words in query.items())
        )
    except ValueError:
        usable = False
    if not usable:
        # The value may hold a password: it is not shown.
        raise SettingsError("WESEND_SMTP_URL must be smtp://user:password@host:587?starttls=1 or smtps://….")
    return url


def _are_mailboxes(raw: str) -> bool:
    return raw.isprintable() and all(ALERTED.fullmatch(address) for _, address in getaddresses([raw]))


MOST_DIGITS = 18
"""Of a whole number: what is longer is refused before Python refuses to read it."""
T = TypeVar("T")


class Reader:
    def __init__(self, environ: Mapping[str, str]):
        self.environ = environ

    def text(self, name: str, default: str) -> str:
        return self.environ.get(name, "").strip() or default

    def host(self, name: str, default: str) -> str:
        """A name or an address; one of IPv6 also in the brackets that it has in a URL."""
        host = self.text(name, default)
        return host[1:-1] if host.startswith("[") and host.endswith("]") and ":" in host else host

    def whole(self, name: str, default: T, low: int, high: int) -> int | T:
        raw = self.text(name, "")
        if not raw:
            return default
        if not raw.isascii() or not raw.isdigit() or len(raw) > MOST_DIGITS or not low <= int(raw) <= high:
            raise SettingsError(f"{name} must be a whole number from {low} to {high}, not {raw!r}.")
        return int(raw)

    def choice(self, name: str, default: str, allowed: tuple[str, ...]) -> str:
        value = self.text(name, default).lower()
        if value not in allowed:
            raise SettingsError(f"{name} must be one of {', '.join(allowed)}, not {self.text(name, '')!r}.")
        return value

    def zone(self, name: str, default: str) -> str:
        value = self.text(name, default)
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise SettingsError(f"{name} must be an IANA time zone such as Africa/Kampala, not {value!r}.") from error
        return value

    def mailbox(self, name: str) -> str:
        """One address, with a name before it or without: to a wrong one every mail is lost, long after the start."""
        raw = self.text(name, "")
        if raw and (not _are_mailboxes(raw) or len(getaddresses([raw])) > 1):
            raise SettingsError(f"{name} must be one e-mail address, as ops@example.org, not {raw!r}.")
        return raw

    def mailboxes(self, name: str) -> str:
        """One or several, between commas."""
        raw = self.text(name, "")
        listed = raw.replace(";", ",")
        if raw and not _are_mailboxes(listed):
            raise SettingsError(f"{name} must be e-mail addresses, as ops@example.org, between commas, not {raw!r}.")
        return listed

    def path(self, name: str) -> Path | None:
        raw = self.text(name, "")
        return Path(raw).expanduser().absolute() if raw else None

    def directory(self, name: str) -> Path | None:
        """One that may still have to be made, but that nothing stands in the way of."""
        path = self.path(name)
        if path is not None and path.exists() and not path.is_dir():
            raise SettingsError(f"{name} must be a folder, which {str(path)!r} is not.")
        return path

    def seconds(self, name: str, default: T) -> float | T:
        raw = self.text(name, "")
        if not raw:
            return default
        value = _seconds(raw)
        if value is None:
            raise SettingsError(f"{name} must be a number of at least 0, not {raw!r}.")
        return value

    def some_time(self, name: str, default: float) -> float:
        """Seconds, hours or days, where 0 would leave no time at all."""
        value = self.seconds(name, default)
        if value == 0:
            raise SettingsError(f"{name} must be a number above 0, not {self.text(name, '')!r}.")
        return value

    def delays(self, name: str, default: tuple[float, ...]) -> tuple[float, ...]:
        raw = self.text(name, "")
        if not raw:
            return default
        values = [value for part in raw.split(",") if (value := _seconds(part)) is not None]
        if len(values) < raw.count(",") + 1:
            raise SettingsError(f"{name} must be numbers of at least 0 with commas between them, not {raw!r}.")
        return tuple(values)

    def networks(self, name: str, default: tuple[Network, ...]) -> tuple[Network, ...]:
        raw = self.text(name, "")
        try:
            return tuple(ipaddress.ip_network(part.strip()) for part in raw.split(",")) if raw else default
        except ValueError:
            raise SettingsError(f"{name} must be addresses or networks, as 127.0.0.1,172.17.0.0/16, not {raw!r}.") from None

    def flag(self, name: str, default: bool) -> bool:
        raw = self.text(name, "").lower()
        if not raw:
            return default
        if raw in YES:
            return True
        if raw in NO:
            return False
        raise SettingsError(f"{name} must be 1 or 0, not {raw!r}.")


def _seconds(raw: str) -> float | None:
    """None for what is no number, or none that can be waited for."""
    try:
        value = float(raw)
    except ValueError:
        return None
    return value if 0 <= value < 10**9 else None
