"""Templates of e-mails, with their subjects, beside those of SMS."""

import sqlalchemy as sa
from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("text_templates", sa.Column("channel", sa.String(), nullable=False, server_default="sms"))
    op.add_column("text_templates", sa.Column("subject", sa.Text(), nullable=True))
    op.add_column("text_templates", sa.Column("format", sa.String(), nullable=True))


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
