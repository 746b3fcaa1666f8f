"""wesend without its log of API calls: `python -m tests.bench.unlogged` serves as app.py does, but for that."""

from __future__ import annotations

from wesend.cli import main
from wesend.dialects import call_log

if __name__ == "__main__":
    call_log.note = lambda response: None
    main(["up"])
