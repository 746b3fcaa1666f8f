"""API keys that end, that are used from some addresses only, and where each was used last."""

import sqlalchemy as sa
from alembic import op

from wesend.database import triggers

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

LIMITED = "account_id, wallet_id, api, lookup, secret_sha256, scopes, is_sandbox, revoked_at, expires_at, allow_ip"
"""Columns of a key whose change every process has to learn of."""


def upgrade():
    op.add_column("api_keys", sa.Column("expires_at", sa.BigInteger(), nullable=True))
    op.add_column("api_keys", sa.Column("allow_ip", sa.Text(), nullable=True))
    op.add_column("api_keys", sa.Column("last_used_ip", sa.String(), nullable=True))
    triggers.drop("api_keys_config_update", "api_keys")
    triggers.create("api_keys_config_update", f"UPDATE OF {LIMITED}", "api_keys", "UPDATE config_state SET version = version + 1")


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
