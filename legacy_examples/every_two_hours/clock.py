"""Runs a program with a clock of its own, on which sleeping takes no time.

    python clock.py PROGRAM [ARGUMENT]...
"""

import runpy
import sys
import time


def main():
    now = [1500000000.0]
    real_time, real_sleep = time.time, time.sleep

    def sleep(seconds):
        now[0] += seconds

    time.time, time.sleep = (lambda: now[0]), sleep
    sys.argv = sys.argv[1:]
    try:
        runpy.run_path(sys.argv[0], run_name="__main__")
    finally:
        time.time, time.sleep = real_time, real_sleep


if __name__ == "__main__":
    main()
