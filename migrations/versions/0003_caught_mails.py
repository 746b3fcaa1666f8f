"""Mail that applications hand to the sandbox's SMTP port."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "caught_mails",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caught_mails")),
        sa.UniqueConstraint("uid", name=op.f("uq_caught_mails_uid")),
    )
    op.create_index("ix_caught_mails_recipient", "caught_mails", ["recipient", "id"])


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
