"""A gateway that begins to rest, or is sound again, changes the configuration: sends know it without asking."""

from wesend.database import triggers

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None

CHANGED = "UPDATE config_state SET version = version + 1"
ON = {
    "INSERT": "(NEW.failures >= 5)",
    "UPDATE OF failures": "((OLD.failures >= 5) <> (NEW.failures >= 5))",
    "DELETE": "(OLD.failures >= 5)",
}


def upgrade():
    for event, when in ON.items():
        triggers.create(f"gateway_health_config_{event.split()[0].lower()}", event, "gateway_health", CHANGED, when=when)


def downgrade():
    raise NotImplementedError("a backup taken before the upgrade is the way back")
