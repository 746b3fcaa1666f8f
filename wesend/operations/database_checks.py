"""The usual mistakes with PostgreSQL, and how the hosts that share it stand. For `wesend doctor`; writes nothing."""

from __future__ import annotations

from ..coordination import cluster, hosts, shared_bell
from ..core import clock
from ..core.errors import DatabaseUnavailable
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
            Finding("Isolation", "ok", f"{found['isolation']}; writes go one at a time over all hosts"),
            durability(found["commits"], found["fsync"]),
            replication(),
            clock_distance(cluster.distance_of_clock()),
            notify(settings),
        ]
    except DatabaseUnavailable:
        return []


def version(number: int, shown: str) -> Finding:
    if number < OLDEST:
        return Finding("PostgreSQL", "warning", f"{shown} is older than 14")
    return Finding("PostgreSQL", "ok", shown)


def durability(commits: str, fsync: str) -> Finding:
    if commits == "off" or fsync == "off":
        which = "synchronous_commit" if commits == "off" else "fsync"
        return Finding("synchronous_commit", "warning", f"{which} is off: a crash of the server may lose what was acknowledged")
    return Finding("synchronous_commit", "ok", commits)


def replication() -> Finding:
    if query("SELECT pg_is_in_recovery()")[0][0]:
        return Finding("Replication", "warning", "this is a standby: nothing can be written to it")
    row = query(STANDBYS)[0]
    if not row["streaming"]:
        return Finding("Replication", "missing", "primary; no standby streams from it")
    return Finding("Replication", "ok", f"primary; {row['streaming']} standbys stream from it, {row['synchronous']} synchronous")


def clock_distance(seconds: float | None) -> Finding:
    """wesend goes by the database's clock; this host's is in its logs, and in what a vendor's signature is made with."""
    if seconds is None:
        return Finding("Clock distance", "warning", "the database's clock can't be read")
    text = f"this host's clock is {abs(seconds):.2f} s {'ahead of' if seconds >= 0 else 'behind'} the database's"
    return Finding("Clock distance", "warning" if abs(seconds) > FAR else "ok", text)


def notify(settings: Settings) -> Finding:
    if shared_bell.arrives(settings):
        return Finding("NOTIFY", "ok", "arrives: what is queued at one host leaves at once from another")
    return Finding(
        "NOTIFY",
        "warning",
        "does not arrive, so the database is looked at every second: set WESEND_DATABASE_LISTEN_URL to one without a pooler",
    )


def hosts_seen() -> Finding:
    """Of the last minute, and who of them runs the jobs."""
    found = [host for host in hosts.list_hosts() if host.is_seen()]
    if not found:
        return Finding("Hosts", "missing", "none was seen in the last minute: `wesend up`")
    told = ", ".join(
        f"{host.host} ({host.version}, {clock.iso(host.last_seen)}{', runs the jobs' if host.runs_jobs else ''})" for host in found
    )
    different = len({host.version for host in found}) > 1
    return Finding("Hosts", "warning" if different else "ok", told + (": they have different versions" if different else ""))
