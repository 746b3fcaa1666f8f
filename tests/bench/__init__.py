"""How fast wesend is beside what it is made of: `python -m tests.bench`."""
