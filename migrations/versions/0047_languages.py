"""The language that somebody reads: an account's, and a user's own."""

import sqlalchemy as sa
from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("accounts", sa.Column("language", sa.String(length=8), nullable=True))
    op.add_column("users", sa.Column("language", sa.String(length=8), nullable=True))


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
