"""Webhooks: user and password of an endpoint's URL, which were never sent and shown in every list, are sealed apart."""

from urllib.parse import unquote, urlsplit

import sqlalchemy as sa
from alembic import op

from wesend.core import vault

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade():
    op.add_column("webhook_endpoints", sa.Column("credentials", sa.Text(), nullable=True))
    connection = op.get_bind()
    for endpoint_id, url in connection.execute(sa.text("SELECT id, url FROM webhook_endpoints WHERE url LIKE '%@%'")).fetchall():
        netloc = urlsplit(url).netloc
        userinfo, at, host = netloc.rpartition("@")
        if at:
            user, _, password = map(unquote, userinfo.partition(":"))
            connection.execute(
                sa.text("UPDATE webhook_endpoints SET url = :url, credentials = :credentials WHERE id = :id"),
                {"url": url.replace(netloc, host, 1), "credentials": vault.seal(f"{user}:{password}"), "id": endpoint_id},
            )


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
