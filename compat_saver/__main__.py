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
        signal.signal(signal.SIGINT, signal.SIG_IGN)


if __name__ == "__main__":
    run()
