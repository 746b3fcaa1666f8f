"""Runs the script in argv[1]; its wait of 30 s ends as soon as the file WAITED_FOR exists."""

import os
import runpy
import sys
import time

real = time.sleep


def sleep(seconds):
    while seconds == 30 and not os.path.exists(os.environ["WAITED_FOR"]):
        real(0.02)


time.sleep = sleep
runpy.run_path(sys.argv[1], run_name="__main__")
