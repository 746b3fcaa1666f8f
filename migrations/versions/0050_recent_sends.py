"""What limits on recent sends count is kept in one B-tree, where it was three: every message that they bind writes into it."""

import sqlalchemy as sa
from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None


def upgrade():
    op.drop_index("ix_recent_sends_until", "recent_sends")
    if op.get_bind().dialect.name != "sqlite":
        return
    op.rename_table("recent_sends", "recent_sends_before")
    op.create_table(
        "recent_sends",
        sa.Column("mark", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("mark", "seq", name=op.f("pk_recent_sends")),
        sqlite_with_rowid=False,
    )
    op.execute("INSERT INTO recent_sends (mark, seq, at, until) SELECT mark, seq, at, until FROM recent_sends_before")
    op.drop_table("recent_sends_before")


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
