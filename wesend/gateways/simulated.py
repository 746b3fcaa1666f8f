"""What tests have said of the next messages to a number: rules of the sandbox, in the database and so for every worker.

A rule is applied when a message is accepted (`take`); what it makes of the message is kept beside it, so that whoever
submits it or asks for its receipt later does the same. The newest rule that fits goes before all others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ..adapters.sms.sandbox import Ruled
from ..adapters.sms.sandbox_numbers import OUTCOMES, SLOW
from ..core import clock
from ..core.current_app import this_app
from ..core.errors import InvalidInput, NotFound
from ..core.languages import sentence
from ..database import Reader, Row, Tx, atomic, cached, marks, query, write

MOST_TIMES = 1000
LONGEST_DELAY, LONGEST_CALL = 86_400.0, 30.0
"""Seconds: of a receipt, and of a call, for a thread of the server waits."""
USUAL_CALL_MS = 5_000
MOST_RULES = 1000
KEPT_MS = 7 * clock.DAY


class UnknownRule(NotFound):
    sentence = "There is no such rule"


class Rule(NamedTuple):
    """``times`` it still holds, None: always; ``namespace`` None: it holds in all of them."""

    id: int
    recipient: str
    outcome: str
    delay_ms: int | None
    times: int | None
    namespace: str | None

    @classmethod
    def of(cls, row: Row) -> Rule:
        return cls(*(row[name] for name in cls._fields))

    def fits(self, namespace: str | None) -> bool:
        return self.namespace is None or self.namespace == namespace

    @property
    def call_ms(self) -> int:
        """How long a call takes, of a rule that makes calls slow."""
        if self.outcome != SLOW:
            return 0
        return USUAL_CALL_MS if self.delay_ms is None else self.delay_ms

    @property
    def ruled(self) -> Ruled:
        return Ruled(self.outcome, None if self.outcome == SLOW else self.delay_ms)


Rules = Mapping[str, Sequence[Rule]]


def rules(tx: Tx | None = None) -> Rules:
    """By number, the newest first; none while the sandbox is off."""
    if not this_app().config["WESEND"].sandbox:
        return {}

    def load(reader: Reader) -> Rules:
        found: dict[str, list[Rule]] = {}
        for row in reader.all("SELECT * FROM sandbox_rules ORDER BY id DESC"):
            found.setdefault(row["recipient"], []).append(Rule.of(row))
        return found

    return cached("sandbox-rules", load, tx)


def add(recipient: str, outcome: str, delay: float | None, times: int | None, namespace: str | None) -> Rule:
    """``delay`` in seconds; InvalidInput, which names what is wrong."""
    if outcome not in OUTCOMES:
        raise InvalidInput(
            sentence("outcome is one of %(outcomes)s", outcomes=", ".join(OUTCOMES)), {"outcome": [f"One of {', '.join(OUTCOMES)}"]}
        )
    most = LONGEST_CALL if outcome == SLOW else LONGEST_DELAY
    if delay is not None and not 0 <= delay <= most:
        raise InvalidInput(
            sentence("delay is a number of seconds from 0 to %(most)s", most=f"{most:g}"),
            {"delay": [f"From 0 to {most:g} seconds"]},
        )
    if times is not None and not 1 <= times <= MOST_TIMES:
        raise InvalidInput(
            sentence("times is a number from 1 to %(most_times)s", most_times=MOST_TIMES), {"times": [f"From 1 to {MOST_TIMES}"]}
        )
    delay_ms = None if delay is None else round(delay * 1000)
    with atomic() as tx:
        known = tx.one("SELECT count(*) AS count FROM sandbox_rules")
        if known is not None and known["count"] >= MOST_RULES:
            raise InvalidInput(
                sentence("There are %(most_rules)s rules already: remove some", most_rules=MOST_RULES), {"to": ["Too many rules"]}
            )
        rule_id = tx.insert(
            "sandbox_rules",
            recipient=recipient,
            outcome=outcome,
            delay_ms=delay_ms,
            times=times,
            namespace=namespace,
            created_at=clock.now_ms(),
        )
    return Rule(rule_id, recipient, outcome, delay_ms, times, namespace)


def list_rules() -> list[Rule]:
    """As they were made."""
    return [Rule.of(row) for row in query("SELECT * FROM sandbox_rules ORDER BY id")]


def remove(rule_id: int) -> None:
    """UnknownRule when it is not there, or was used up."""
    if not write(lambda tx: tx.changed("DELETE FROM sandbox_rules WHERE id = ?", (rule_id,))):
        raise UnknownRule(sentence("There is no rule %(rule_id)s", rule_id=rule_id))


def remove_all(tx: Tx, namespace: str | None = None) -> int:
    """All rules, or those of a namespace; how many."""
    if namespace is None:
        return tx.changed("DELETE FROM sandbox_rules")
    return tx.changed("DELETE FROM sandbox_rules WHERE namespace = ?", (namespace,))


def remove_those_of(namespace: str | None) -> int:
    """`remove_all` in a transaction of its own."""
    return write(lambda tx: remove_all(tx, namespace))


def newest(known: Rules, recipient: str, namespace: str | None) -> Rule | None:
    """The rule that decides about the next message to a number."""
    return next((rule for rule in known.get(recipient, ()) if rule.fits(namespace)), None) if known else None


def take(tx: Tx, recipients: Iterable[str], namespace: str | None) -> dict[str, Rule]:
    """Use the rules for one message to each of these numbers; by number, where one fits."""
    known = rules(tx)
    if not known:
        return {}
    return {number: rule for number in recipients if (rule := _use_first(tx, known.get(number, ()), namespace)) is not None}


def _use_first(tx: Tx, found: Sequence[Rule], namespace: str | None) -> Rule | None:
    return next((rule for rule in found if rule.fits(namespace) and _use(tx, rule)), None)


def _use(tx: Tx, rule: Rule) -> bool:
    """Count a use; False when the rule is used up, or gone."""
    if rule.times is None:
        return tx.one("SELECT 1 FROM sandbox_rules WHERE id = ?", (rule.id,)) is not None
    if not tx.changed("UPDATE sandbox_rules SET times = times - 1 WHERE id = ? AND times > 0", (rule.id,)):
        return False
    tx.execute("DELETE FROM sandbox_rules WHERE id = ? AND times = 0", (rule.id,))
    return True


def use(rule: Rule, tx: Tx | None = None) -> bool:
    """Count a use that no message follows, for the call is refused; False when it was used up meanwhile."""
    return _use(tx, rule) if tx is not None else write(lambda tx: _use(tx, rule))


def note(tx: Tx, by_uid: Mapping[str, Rule]) -> None:
    """Keep what rules made of messages, by the messages' public ids."""
    now = clock.now_ms()
    tx.insert_many(
        "simulated_outcomes",
        ("message_uid", "outcome", "delay_ms", "created_at"),
        [(uid, *rule.ruled, now) for uid, rule in by_uid.items()],
    )


def take_again(tx: Tx, uid: str, recipient: str, namespace: str | None) -> None:
    """For a message that goes out once more: it is the next one to its number, whatever a rule made of it before."""
    tx.execute("DELETE FROM simulated_outcomes WHERE message_uid = ?", (uid,))
    taken = take(tx, [recipient], namespace)
    if taken:
        note(tx, {uid: taken[recipient]})


def outcomes_of(uids: Sequence[str]) -> dict[str, Ruled]:
    """What rules made of these messages, where any did."""
    if not uids:
        return {}
    rows = query(f"SELECT * FROM simulated_outcomes WHERE message_uid IN ({marks(uids)})", list(uids))
    return {row["message_uid"]: Ruled(row["outcome"], row["delay_ms"]) for row in rows}


OLD = "SELECT message_uid FROM simulated_outcomes WHERE created_at < ? ORDER BY created_at LIMIT ?"


def forget_old(limit: int = 500) -> int:
    """Housekeeping: what became of messages whose validity is long over; how many."""
    doomed = [row["message_uid"] for row in query(OLD, (clock.now_ms() - KEPT_MS, limit))]
    forget = f"DELETE FROM simulated_outcomes WHERE message_uid IN ({marks(doomed)})"
    return write(lambda tx: tx.changed(forget, doomed)) if doomed else 0
