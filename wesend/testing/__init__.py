"""For test suites of applications that send through wesend: a pytest plugin."""
