"""`python -m tests.support.impatient`: wesend as `app.py` starts it, with a tenth of its patience for slow clients."""

from __future__ import annotations

from wesend.cli import main
from wesend.web.connections import paced_socket

if __name__ == "__main__":
    for name in ("GRACE", "PIECE", "PIECE_SECONDS", "BRIEF", "LOOK_EVERY"):
        setattr(paced_socket, name, getattr(paced_socket, name) / 10)
    main(["up"])
