"""Compiled modules are kept, as Python does by itself, whatever ``PYTHONDONTWRITEBYTECODE`` says: each test process, and each of
the hundreds of commands and servers that tests start, would else compile all of wesend anew (half of what `wesend doctor` takes).
"""

import os
import sys

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
