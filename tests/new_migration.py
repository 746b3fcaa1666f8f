"""`make migration NAME=what_it_does`: an empty migration with the next number, chained after the last one."""

from __future__ import annotations

import re
import sys

from wesend.database.schema_version import MIGRATIONS, known_revisions

TEMPLATE = '''"""{title}."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{last}"
branch_labels = None
depends_on = None


def upgrade():
    # Plain ADD COLUMN keeps a table's triggers; op.batch_alter_table rebuilds it (env.py makes lost triggers again).
    op.add_column("table", sa.Column("column", sa.String(), nullable=True))


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
'''


def main(name: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]{2,40}", name):
        sys.exit("NAME is what the migration does, in small letters: make migration NAME=add_sender_notes")
    last = known_revisions()[-1]
    revision = f"{int(last) + 1:04d}"
    path = MIGRATIONS / "versions" / f"{revision}_{name}.py"
    path.write_text(TEMPLATE.format(title=name.replace("_", " ").capitalize(), revision=revision, last=last))
    print(path)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "")
