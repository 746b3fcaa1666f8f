"""What pyproject.toml can't say: migrations/ stands beside the package, and travels in it as wesend.migrations."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["wesend", "wesend.*"]), "wesend.migrations", "wesend.migrations.versions"],
    package_dir={"wesend.migrations": "migrations"},
)
