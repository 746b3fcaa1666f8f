"""`python -m tests.architecture_pictures`: the pictures of docs/architecture.md, drawn from what the code itself says.

layers.svg and messages.svg from the orders that tests/test_architecture.py holds, life.svg from the table of statuses.
"""

from __future__ import annotations

from html import escape
from math import hypot
from pathlib import Path

from tests.test_architecture import LAYERS, MESSAGES
from wesend.messages.state.statuses import ALLOWED

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "architecture"
STYLE = """<style>
  text { font: 14px Inter, system-ui, sans-serif; fill: #1c2430; text-anchor: middle } .note { font-size: 12px; fill: #5a6675;
    text-anchor: start }
  rect { fill: #fff; stroke: #b8c2cf } .final { fill: #eef6ee } .waits { fill: #f3f5f9 }
  line, path { stroke: #5a6675; fill: none; marker-end: url(#tip) }
  @media (prefers-color-scheme: dark) { text { fill: #e6e9ee } .note { fill: #a3adba } rect { fill: #222a35; stroke: #4b5665 }
    .final { fill: #22352a }
    .waits { fill: #2a323e } line, path { stroke: #a3adba } }
</style>
<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0,0 L8,4 L0,8 z"
  style="fill:#8a94a3;stroke:none;marker-end:none"/></marker></defs>"""
NOTES = {
    "core": "values and rules: no database, no gateway, no request",
    "adapters": "vendors' protocols, and the one SQLite file",
    "coordination": "what processes agree on: who leads, limits, the bell",
    "accounts": "people, keys, roles, sessions, the audit log",
    "gateways": "carriers as configured: registry, breaker",
    "wallets": "balances, ledger, deposits",
    "routing": "routes, prices, senders, opt-outs",
    "guards": "where and how much may be sent: countries, blocked numbers",
    "contacts": "groups, contacts, imports",
    "webhooks": "endpoints, the outbox, deliveries",
    "binds": "SMPP clients: their keys' terms, open binds, deliveries",
    "messages": "compose, accept, dispatch, settle, receipts",
    "verification": "codes to phones, answers, apps",
    "two_way": "what people write: numbers, services, the inbox",
    "sandbox": "what never leaves: phones, caught mail",
    "operations": "doctor, audit, backups, retention",
    "people": "what is held of somebody, exported, erased; accounts closed",
    "dialects": "vendors' APIs, a folder each: the other edges read what each registers of itself",
    "callbacks": "vendors' callbacks, pages, documents, commands, the SMPP server",
    "web": "what every request passes: sessions, logs, metrics",
    "sweeps": "jobs: what is looked for by the clock",
    "jobs": "which process of an instance runs the sweeps",
    "server": "gunicorn, its workers",
    "models": "every table, for the migrations",
    "testing": "a pytest plugin for others, which imports nothing of this",
    "": "the factory, in wesend/__init__.py: only wiring",
}
NAMES = {"": "create_app"}
NOTES_OF_MESSAGES = {
    "state": "rows, statuses, the moves between them: the only code that changes a status",
    "reporting": "what became of messages: lists, figures, a send's answer",
    "sending": "compose, pay and write; calls nobody before that is committed",
    "email": "mails: composed, rendered, tracked",
    "receipts": "what gateways tell later",
    "dispatch": "queue, workers, gateways' calls, settlement; hands them to sending when the application is made",
    "smpp": "what SMPP clients submit: whole or in parts, asked about, taken back",
    "campaigns": "sends as people write them",
}
PLACES = {
    "scheduled": (110, 50),
    "dripping": (110, 130),
    "queued": (300, 90),
    "claimed": (475, 160),
    "submitting": (650, 90),
    "submitted": (850, 40),
    "sent": (1010, 90),
    "delivered": (1010, 200),
    "unknown": (850, 140),
    "failed": (740, 250),
    "cancelled": (300, 250),
}
WIDTH, HEIGHT = 116, 36


def svg(width: int, height: int, parts: list[str]) -> str:
    body = "\n".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">\n{STYLE}\n{body}\n</svg>\n'


def box(x: float, y: float, text: str, kind: str = "", width: int = WIDTH) -> str:
    return (
        f'<rect class="{kind}" x="{x - width / 2}" y="{y - HEIGHT / 2}" width="{width}" height="{HEIGHT}" rx="8"/>'
        f'<text x="{x}" y="{y + 5}">{escape(text)}</text>'
    )


def layers() -> str:
    """The layers from the bottom of the page upwards: each stands on those below it and imports from no other."""
    parts, row = [], 52
    for place, names in enumerate(LAYERS):
        y = 40 + (len(LAYERS) - 1 - place) * row
        width = 116
        for position, name in enumerate(names):
            parts.append(box(80 + position * (width + 8), y, NAMES.get(name, name), width=width))
        parts.append(f'<text class="note" x="{80 + len(names) * (width + 8) - 40}" y="{y + 5}">{escape(NOTES[names[0]])}</text>')
    return svg(1100, 30 + len(LAYERS) * row, parts)


def messages() -> str:
    """The packages of messages in the same way."""
    row, parts = 52, []
    for place, name in enumerate(MESSAGES):
        y = 40 + (len(MESSAGES) - 1 - place) * row
        parts.append(box(80, y, name))
        parts.append(f'<text class="note" x="160" y="{y + 5}">{escape(NOTES_OF_MESSAGES[name])}</text>')
    return svg(1100, 30 + len(MESSAGES) * row, parts)


def _edge(start: tuple[int, int], end: tuple[int, int]) -> tuple[float, float, float, float]:
    """From border to border of two boxes."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    scale = min(WIDTH / 2 / abs(dx) if dx else 9, HEIGHT / 2 / abs(dy) if dy else 9)
    aside = 5 / hypot(dx, dy)  # there and back are two lines
    return (
        start[0] + dx * scale - dy * aside,
        start[1] + dy * scale + dx * aside,
        end[0] - dx * scale - dy * aside,
        end[1] - dy * scale + dx * aside,
    )


def life() -> str:
    """Every status and every allowed move."""
    assert set(PLACES) == set(ALLOWED), "give each status a place in the picture"
    parts = []
    for status, following in ALLOWED.items():
        for other in sorted(following):
            x1, y1, x2, y2 = _edge(PLACES[status], PLACES[other])
            parts.append(f'<line x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}"/>')
    kinds = {
        "delivered": "final",
        "cancelled": "final",
        "failed": "final",
        "scheduled": "waits",
        "dripping": "waits",
        "queued": "waits",
    }
    parts += [box(*PLACES[status], status, kinds.get(status, "")) for status in ALLOWED]
    return svg(1100, 290, parts)


PICTURES = {"layers.svg": layers, "messages.svg": messages, "life.svg": life}


def main() -> None:
    for name, draw in PICTURES.items():
        (FOLDER / name).write_text(draw())


if __name__ == "__main__":
    main()
