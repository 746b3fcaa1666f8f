"""`python -m wesend.cli`: the same as `wesend`."""

from . import main

main()
