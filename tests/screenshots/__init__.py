"""The pictures of README, made of the real dashboard: `python -m tests.screenshots`."""
