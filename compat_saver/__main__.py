"""The command: `compat-saver`, and `python -m compat_saver`."""

import signal
import sys


def run() -> None:
    """Runs the command; an interrupt while modules are imported, or while Python ends, is no traceback either."""
    try:
        from compat_saver.cli import main

        main()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted; nothing was written.\n")
        sys.exit(130)
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):  # what is done at exit is short, and must be done
            signal.signal(number, signal.SIG_IGN)


if __name__ == "__main__":
    run()
