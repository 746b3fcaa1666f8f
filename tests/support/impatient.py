"""`python -m tests.support.impatient`: wesend as `app.py` starts it, with a tenth of its patience for clients that are slow."""

from __future__ import annotations

from wesend.cli import main
from wesend.smpp import listener, session
from wesend.web.connections import paced_socket

if __name__ == "__main__":
    for name in ("GRACE", "PIECE", "PIECE_SECONDS", "BRIEF", "LOOK_EVERY"):
        setattr(paced_socket, name, getattr(paced_socket, name) / 10)
    for name in ("NO_BIND", "SILENCE", "UNANSWERED", "ANSWER_IN", "PATIENCE", "FAREWELL"):
        setattr(session, name, getattr(session, name) / 10)
    listener.USE_NOTED_EVERY /= 10
    main(["up"])
