"""An instance of before sessions were kept on the server: its people, links and log are there after the upgrade."""

from __future__ import annotations

import flask_migrate

from wesend.accounts import sign_in
from wesend.core import clock
from wesend.database import atomic, query
from wesend.database.schema_version import MIGRATIONS, bring_up_to_date, known_revisions

from ..conftest import close, make_app
from ..support.dashboard import PASSWORD


def test_users_links_attempts_and_the_log_of_before_outlive_it(tmp_path, cheap_passwords):
    app = make_app(tmp_path / "instance")
    revision = known_revisions()[known_revisions().index("0014") - 1]
    now = clock.now_ms()
    with app.app_context():
        (tmp_path / "instance").mkdir(mode=0o700, exist_ok=True)
        flask_migrate.upgrade(directory=str(MIGRATIONS), revision=revision)
        with atomic() as tx:
            user = tx.insert("users", email="ann@example.com", role="operator", status="active", created_at=now)
            tx.insert("sign_in_links", token_sha256=sign_in._digest("token"), user_id=user, expires_at=now + 60_000, created_at=now)
            tx.insert("sign_in_attempts", email="ann@example.com", address="203.0.113.9", at=now)
            tx.insert("audit_log", actor="cli", action="user.create", subject="ann@example.com", at=now)
        assert bring_up_to_date() is True
        entry = query("SELECT * FROM audit_log")[0]
        assert (entry["actor"], entry["action"], entry["address"], entry["api_key_id"]) == ("cli", "user.create", None, None)
        assert sign_in.redeem_link("token", PASSWORD).email == "ann@example.com"
        assert sign_in.sign_in("ann@example.com", PASSWORD, "203.0.113.9").email == "ann@example.com"
        detail = query("SELECT detail FROM audit_log WHERE action = 'user.password'")[0][0]
        assert detail == "by a link that somebody made", "of a link of before it is not known"
    close(app)
