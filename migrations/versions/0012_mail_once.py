"""Mail handed to the sandbox's SMTP port is stored once, whatever the number of its recipients."""

import sqlalchemy as sa
from alembic import op

from wesend.database.triggers import on_sqlite

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "caught_bodies",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caught_bodies")),
    )
    op.create_index("ix_caught_bodies_id_size", "caught_bodies", ["id", "size"])
    # What is there stays as it is, a body for each row: it is forgotten by and by.
    op.execute("INSERT INTO caught_bodies (id, raw, size) SELECT id, raw, length(raw) FROM caught_mails")
    op.drop_index("ix_caught_mails_recipient", "caught_mails")
    op.rename_table("caught_mails", "caught_mails_before")
    if not on_sqlite():  # where an index's name is the schema's
        op.drop_constraint(op.f("pk_caught_mails"), "caught_mails_before", type_="primary")
        op.drop_constraint(op.f("uq_caught_mails_uid"), "caught_mails_before", type_="unique")
    op.create_table(
        "caught_mails",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("recipient", sa.String(), nullable=False),
        sa.Column("body_id", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["body_id"], ["caught_bodies.id"], name=op.f("fk_caught_mails_body_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_caught_mails")),
        sa.UniqueConstraint("uid", name=op.f("uq_caught_mails_uid")),
    )
    op.execute(
        "INSERT INTO caught_mails (id, uid, recipient, body_id, created_at)"
        " SELECT id, uid, recipient, id, created_at FROM caught_mails_before"
    )
    op.drop_table("caught_mails_before")
    op.create_index("ix_caught_mails_recipient", "caught_mails", ["recipient", "id"])
    op.create_index("ix_caught_mails_body_id", "caught_mails", ["body_id"])


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
