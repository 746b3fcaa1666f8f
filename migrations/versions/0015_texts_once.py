"""An e-mail's text is stored once, with its batch; a message holds what it is filled in with. What is there stays as it is."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("batches", sa.Column("placeholders", sa.String(), nullable=True))
    op.add_column("messages", sa.Column("fields", sa.Text(), nullable=True))


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
