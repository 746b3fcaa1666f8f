"""PostgreSQL keeps no statistics of what changes too quickly for them.

At a quiet hour nothing is queued or under way, and the partial indexes over that count as empty. Whoever then looks a message up by its
id and status would walk such an index, which a storm has filled since: 20,000 rows for each of 20,000 messages.
"""

from alembic import op

from wesend.database.triggers import on_sqlite

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

TABLES = ("messages", "webhook_deliveries", "verifications")


def upgrade():
    _keep(0)


def downgrade():
    _keep(-1)


def _keep(target):
    if not on_sqlite():
        for table in TABLES:
            op.execute(f"ALTER TABLE {table} ALTER COLUMN status SET STATISTICS {target}")
