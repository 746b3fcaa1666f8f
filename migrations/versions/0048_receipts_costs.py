"""What a gateway tells of a message's cost with its receipt is kept with it."""

import sqlalchemy as sa
from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("brought_receipts", sa.Column("cost", sa.String(), nullable=True))


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
