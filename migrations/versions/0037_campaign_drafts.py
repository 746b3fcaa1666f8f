"""Drafts of campaigns, texts kept as templates; failed messages of a campaign by an index; what the pages know of a user."""

import sqlalchemy as sa
from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None


def upgrade():
    op.create_table(
        "campaign_drafts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.String(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_campaign_drafts_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_drafts")),
        sa.UniqueConstraint("uid", name=op.f("uq_campaign_drafts_uid")),
    )
    op.create_index("ix_campaign_drafts_account_id", "campaign_drafts", ["account_id", "updated_at"])
    op.create_table(
        "text_templates",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("sender", sa.String(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("updated_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_text_templates_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_text_templates")),
        sa.UniqueConstraint("account_id", "name", name=op.f("uq_text_templates_account_id_name")),
    )
    op.create_index("ix_messages_batch_failed", "messages", ["batch_id", "id"], sqlite_where=sa.text("status = 'failed'"))
    op.add_column("users", sa.Column("phone", sa.String(), nullable=True))
    op.add_column("users", sa.Column("reads_as", sa.String(), nullable=True))
    op.add_column("users", sa.Column("start_hidden_at", sa.BigInteger(), nullable=True))
    op.add_column("users", sa.Column("rights", sa.String(), nullable=True))


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
