"""Somebody before a real browser: Playwright's page, and what these tests do with it again and again."""

from __future__ import annotations

import shutil
from typing import Any

PASSWORD = "correct horse battery"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
REFUSED = ("Failed to load resource: the server responded with a status of 4",)
"""Chromium reports refusals as errors; that a page answered 4xx is for the test to say."""


SERIOUS = """options => axe.run(options).then(found => found.violations
  .filter(fault => ["serious", "critical"].includes(fault.impact))
  .flatMap(fault => fault.nodes.map(node => `${fault.id}: ${fault.help} at ${node.target}`)))"""
"""In the page, since all that axe says of what is well would take longer to bring over than to find."""


class Somebody:
    """``complaints`` holds what the console reported: errors of scripts, and everything the CSP stopped."""

    def __init__(self, page: Any):
        self.page = page
        self.complaints: list[str] = []
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("console", self._hear)

    def _hear(self, message: Any) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(REFUSED):
            self.complaints.append(message.text)

    def use_link(self, url: str) -> None:
        """Set the password by a one-time link; lands on the checklist."""
        self.page.goto(url)
        self.page.get_by_label("Choose a password").fill(PASSWORD)
        self.page.get_by_role("button", name="Set the password and sign in").click()
        self.page.wait_for_url("**/start")

    def pick_account(self, account_id: int) -> None:
        """An operator looks at an account."""
        self.page.goto("/operator/accounts")
        self.page.locator(f'main form:has(input[name=account_id][value="{account_id}"]) button').click()
        self.page.get_by_role("heading", name="Overview").wait_for()

    def fits(self) -> bool:
        """Nothing sticks out at the side."""
        return self.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")

    def serious_faults(self, *rules: str) -> list[str]:
        """What axe-core finds serious or critical on the page as it stands; by these rules alone where some are named."""
        from axe_playwright_python.base import AXE_SCRIPT

        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE_SCRIPT)
        only = {"runOnly": list(rules)} if rules else {}
        # A mail's frame is sandboxed and runs no script: axe could only complain in the console that nobody answers there.
        return self.page.evaluate(SERIOUS, {"resultTypes": ["violations"], "iframes": False, **only})
