"""docs/testing.md: the workflow and the compose file that it shows fit each other, and speak of settings that exist."""

from __future__ import annotations

import re

import yaml

from wesend.core.settings import VARIABLES

from ..support.server import PROJECT

TEXT = (PROJECT / "docs" / "testing.md").read_text()
COMPOSE = PROJECT / "docs" / "testing" / "compose.yaml"


def test_the_compose_file_builds_this_project_and_sets_what_can_be_set():
    service = yaml.safe_load(COMPOSE.read_text())["services"]["wesend"]
    assert (COMPOSE.parent / service["build"] / "Dockerfile").is_file()
    assert set(service["environment"]) <= set(VARIABLES.values())


def test_the_workflow_starts_that_compose_file_and_asks_where_it_serves():
    (block,) = re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL)
    steps = yaml.safe_load(block)["jobs"]["test"]["steps"]
    (started,) = [match[1] for step in steps if (match := re.search(r"docker compose -f (\S+) up", step.get("run", "")))]
    assert PROJECT / started == COMPOSE
    (url,) = [step["env"]["WESEND_URL"] for step in steps if "env" in step]
    (port,) = yaml.safe_load(COMPOSE.read_text())["services"]["wesend"]["ports"]
    assert url == "http://" + port.rpartition(":")[0]
