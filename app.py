"""`python app.py`: the same as `wesend up`."""

import sys

from wesend.cli import main

if __name__ == "__main__":
    main(["up", *sys.argv[1:]])
