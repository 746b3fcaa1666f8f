"""The usual mistakes with PostgreSQL, and how the hosts that share it stand. For `wesend doctor`; writes nothing."""

from __future__ import annotations

from ..coordination import cluster, hosts, shared_bell
from ..core import clock
from ..core.errors import DatabaseUnavailable
from ..core.languages import Sentence, joined, sentence, verbatim
from ..core.settings import Settings
from ..database import query
from .host_checks import Finding

OLDEST = 140_000
FAR = 2.0  # seconds between two clocks; further, and what people read beside each other does not fit
SETTINGS = """
    SELECT current_setting('server_version_num') AS number, current_setting('server_version') AS version,
        current_setting('default_transaction_isolation') AS isolation, current_setting('synchronous_commit') AS commits,
        current_setting('fsync') AS fsync
"""
STANDBYS = """
    SELECT count(*) AS streaming, coalesce(sum(CASE WHEN sync_state IN ('sync', 'quorum') THEN 1 ELSE 0 END), 0) AS synchronous
    FROM pg_stat_replication WHERE state = 'streaming'
"""


def examine(settings: Settings) -> list[Finding]:
    """A line each; nothing where the database does not answer, which is told elsewhere."""
    try:
        found = query(SETTINGS)[0]
        return [
            version(int(found["number"]), found["version"]),
            Finding("Isolation", "ok", sentence("%(level)s; writes go one at a time over all hosts", level=found["isolation"])),
            durability(found["commits"], found["fsync"]),
            replication(),
            clock_distance(cluster.distance_of_clock()),
            notify(settings),
        ]
    except DatabaseUnavailable:
        return []


def version(number: int, shown: str) -> Finding:
    if number < OLDEST:
        return Finding("PostgreSQL", "warning", sentence("%(version)s is older than 14", version=shown))
    return Finding("PostgreSQL", "ok", verbatim(shown))


def durability(commits: str, fsync: str) -> Finding:
    if commits == "off" or fsync == "off":
        which = "synchronous_commit" if commits == "off" else "fsync"
        return Finding(
            "synchronous_commit",
            "warning",
            sentence("%(setting)s is off: a crash of the server may lose what was acknowledged", setting=which),
        )
    return Finding("synchronous_commit", "ok", verbatim(commits))


def replication() -> Finding:
    if query("SELECT pg_is_in_recovery()")[0][0]:
        return Finding("Replication", "warning", sentence("this is a standby: nothing can be written to it"))
    row = query(STANDBYS)[0]
    if not row["streaming"]:
        return Finding("Replication", "missing", sentence("primary; no standby streams from it"))
    return Finding(
        "Replication",
        "ok",
        sentence(
            "primary; %(streaming)s standbys stream from it, %(synchronous)s synchronous",
            streaming=row["streaming"],
            synchronous=row["synchronous"],
        ),
    )


def clock_distance(seconds: float | None) -> Finding:
    """wesend goes by the database's clock; this host's is in its logs, and in what a vendor's signature is made with."""
    if seconds is None:
        return Finding("Clock distance", "warning", sentence("the database's clock can't be read"))
    distance = f"{abs(seconds):.2f}"
    if seconds >= 0:
        text = sentence("this host's clock is %(seconds)s s ahead of the database's", seconds=distance)
    else:
        text = sentence("this host's clock is %(seconds)s s behind the database's", seconds=distance)
    return Finding("Clock distance", "warning" if abs(seconds) > FAR else "ok", text)


def notify(settings: Settings) -> Finding:
    if shared_bell.arrives(settings):
        return Finding("NOTIFY", "ok", sentence("arrives: what is queued at one host leaves at once from another"))
    return Finding(
        "NOTIFY",
        "warning",
        sentence(
            "does not arrive, so the database is looked at every second: set WESEND_DATABASE_LISTEN_URL to one without a pooler"
        ),
    )


def hosts_seen() -> Finding:
    """Of the last minute, and who of them runs the jobs."""
    found = [host for host in hosts.list_hosts() if host.is_seen()]
    if not found:
        return Finding("Hosts", "missing", sentence("none was seen in the last minute: `wesend up`"))
    seen = joined(", ", [_seen(host) for host in found])
    if len({host.version for host in found}) > 1:
        return Finding("Hosts", "warning", sentence("%(hosts)s: they have different versions", hosts=seen))
    return Finding("Hosts", "ok", seen)


def _seen(host: hosts.Host) -> Sentence:
    at = clock.iso(host.last_seen)
    if host.runs_jobs:
        return sentence("%(host)s (%(version)s, %(at)s, runs the jobs)", host=host.host, version=host.version, at=at)
    return verbatim(f"{host.host} ({host.version}, {at})")
