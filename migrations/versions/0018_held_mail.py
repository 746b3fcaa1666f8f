"""Live mail that waited to be caught waits for a mail server, and what told of live wallets is not the sandbox's.

What was caught and told to be delivered stays as it is.
"""

import re

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

OF_AN_ALERT = re.compile(rb"^Subject: Wallet (\S+) is low", re.MULTILINE)


def upgrade():
    # It was accepted to be sent: it may neither be called delivered without having left, nor be shown to strangers.
    op.execute(
        "UPDATE messages SET gateway = 'smtp' WHERE gateway = 'sandbox-mail' AND channel = 'email'"
        " AND status IN ('scheduled', 'dripping', 'queued', 'claimed')"
        " AND wallet_id IN (SELECT id FROM wallets WHERE is_sandbox = 0)"
    )
    _forget_live_alerts(op.get_bind())


def _forget_live_alerts(connection):
    """Without a mail server, alerts were kept among the sandbox's mail; what they told, the wallets' pages tell."""
    sandbox = {row[0] for row in connection.execute(sa.text("SELECT uid FROM wallets WHERE is_sandbox = 1"))}
    small = connection.execute(sa.text("SELECT id, raw FROM caught_bodies WHERE size < 10000"))
    ids = [row[0] for row in small if b"@wesend>" in row[1]]
    for body_id in ids:
        raw = connection.execute(sa.text("SELECT raw FROM caught_bodies WHERE id = :id"), {"id": body_id}).scalar()
        alert = OF_AN_ALERT.search(raw)
        if alert is not None and alert[1].decode("ascii", "replace") not in sandbox:
            connection.execute(sa.text("DELETE FROM caught_mails WHERE body_id = :id"), {"id": body_id})
            connection.execute(sa.text("DELETE FROM caught_bodies WHERE id = :id"), {"id": body_id})


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
