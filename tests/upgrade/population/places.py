"""Ports and the key that stand in the fixture; the tests put others in their place. No import of wesend: both versions read it."""

VENDOR, HOOKS, SMSC, MAIL = 18098, 18099, 18097, 18096
SECRET_KEY = "upgrade-fixture-0123456789abcdef0123456789abcdef"
PASSWORD = "a walk by the lake at noon"
