"""Countries that accounts and keys may send to, and numbers to which nobody sends.

Accounts that exist keep all countries.
"""

import sqlalchemy as sa
from alembic import op

from wesend.database import triggers

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

LIMITED = "account_id, wallet_id, api, lookup, secret_sha256, scopes, is_sandbox, revoked_at, expires_at, allow_ip, countries"
"""Columns of a key whose change every process has to learn of."""


def upgrade():
    op.add_column("accounts", sa.Column("countries", sa.Text(), nullable=True))
    op.add_column("api_keys", sa.Column("countries", sa.Text(), nullable=True))
    triggers.drop("api_keys_config_update", "api_keys")
    triggers.create("api_keys_config_update", f"UPDATE OF {LIMITED}", "api_keys", "UPDATE config_state SET version = version + 1")
    op.create_table(
        "blocked_prefixes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("prefix", sa.String(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_blocked_prefixes"),
        sa.UniqueConstraint("prefix", name="uq_blocked_prefixes_prefix"),
    )


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
