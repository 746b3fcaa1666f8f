"""What the answers to a message's parts say of the message."""

from __future__ import annotations

from ..base import ACCEPTED, REFUSED, TEMPORARY, UNKNOWN, Outcome
from . import ids, statuses
from .window import NO_ANSWER, Answer


def outcome_of(answers: list[Answer], trouble: str) -> Outcome:
    """The outcome of a message by its parts; ``trouble`` is why there was no connection, if there was none.

    A part without an answer makes it unknown. Once one part is accepted the message went out, at least in pieces, so
    it is accepted whatever became of the others: refunding it or sending it again would both be wrong. Its reference
    keeps the places of what was refused, and its first receipt will be a failure.
    """
    accepted = [is_accepted(answer) for answer in answers]
    if NO_ANSWER in answers:
        return Outcome(UNKNOWN, _reference(answers), "no_answer", "The SMSC gave no answer", _as_given(answers))
    if all(accepted):
        return Outcome(ACCEPTED, _reference(answers), meta=_as_given(answers))
    if any(accepted):
        missing = {str(number): _code(answer) for number, answer in enumerate(answers, 1) if not is_accepted(answer)}
        return Outcome(ACCEPTED, _reference(answers), meta={**(_as_given(answers) or {}), "parts_refused": missing})
    refused = [answer for answer in answers if answer.status not in statuses.TEMPORARY and answer.written]
    if refused:
        return Outcome(REFUSED, code=_code(refused[0]), text=f"The SMSC answered {_code(refused[0])}")
    throttled = [answer for answer in answers if answer.written]
    if throttled:
        return Outcome(TEMPORARY, code=_code(throttled[0]), text=f"The SMSC answered {_code(throttled[0])}")
    if trouble:
        return Outcome(TEMPORARY, code="not_connected", text=f"No session with the SMSC: {trouble}")
    return Outcome(TEMPORARY, code="busy", text="The SMSC took no more in time")


def is_accepted(answer: Answer) -> bool:
    return answer.written and answer.status == statuses.OK


def may_follow(answer: Answer) -> bool:
    """Whether this part surely did not go out and may be tried again."""
    return not answer.written or answer.status in statuses.TEMPORARY


def _reference(answers: list[Answer]) -> str | None:
    """The ids of the parts as they are stored; None when there is not one."""
    if not any(answer.message_id for answer in answers if is_accepted(answer)):
        return None
    return ids.SEPARATOR.join(map(_reference_of_part, answers))


def _reference_of_part(answer: Answer) -> str:
    if is_accepted(answer) and answer.message_id:
        return ids.canonical(answer.message_id)
    return ids.UNKNOWN_PART if is_accepted(answer) or answer == NO_ANSWER else ids.REFUSED_PART


def _code(answer: Answer) -> str:
    return statuses.name(answer.status) if answer.status is not None else "not_sent"


def _as_given(answers: list[Answer]) -> dict | None:
    """The SMSC's own spelling of the ids, where the stored one differs: its support will ask for it."""
    given = [answer.message_id for answer in answers if is_accepted(answer) and answer.message_id]
    return {"smsc_ids": given} if any(ids.canonical(identifier) != identifier for identifier in given) else None
