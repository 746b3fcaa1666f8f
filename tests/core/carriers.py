"""`python -m tests.core.carriers WHEEL`: carrier_prefixes.json anew, from a wheel of phonenumbers; prints what changed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

EXTRACT = Path(__file__).with_name("carrier_prefixes.json")
PRINT = (
    "import json, sys; sys.path.insert(0, sys.argv[1]); from phonenumbers.carrierdata import CARRIER_DATA;"
    " print(json.dumps(CARRIER_DATA))"
)
CODES = {"UG": "256", "KE": "254", "TZ": "255", "RW": "250"}


def read(wheel: Path) -> dict[str, dict[str, str]]:
    """Country → prefix of the national number → carrier's name."""
    # In a process of its own: phonenumbers and phonenumberslite have one name.
    printed = subprocess.run([sys.executable, "-c", PRINT, str(wheel)], check=True, capture_output=True).stdout
    data = json.loads(printed)
    return {
        country: {prefix[len(code) :]: names["en"] for prefix, names in sorted(data.items()) if prefix.startswith(code)}
        for country, code in CODES.items()
    }


def main(wheel: Path) -> None:
    known, found = json.loads(EXTRACT.read_text()), read(wheel)
    for country, prefixes in found.items():
        for prefix in sorted(known[country].keys() | prefixes.keys()):
            if known[country].get(prefix) != prefixes.get(prefix):
                print(f"{country} {prefix}: {known[country].get(prefix)} → {prefixes.get(prefix)}")
    version = wheel.name.split("-")[1]
    lines = ",\n".join(f'"{country}": {json.dumps(prefixes)}' for country, prefixes in found.items())
    EXTRACT.write_text(f'{{"libphonenumber": "{version}",\n{lines}}}\n')


if __name__ == "__main__":
    main(Path(sys.argv[1]))
