"""Functions that workers are told to call; workers import them by name."""

import os
import signal
import threading
import time


def add(a, b=1):
    return a + b, os.getpid()


def fail():
    raise KeyError("not there")


def crash():
    os.kill(os.getpid(), signal.SIGSEGV)


def leave():
    os._exit(7)


def leave_a_thread_behind():
    threading.Thread(target=time.sleep, args=(600,), daemon=True).start()
    return os.getpid()


def grow(nbytes):
    kept = bytearray(os.urandom(1 << 20)) * (nbytes >> 20)
    time.sleep(30)
    return len(kept)


def crash_on_b(name, report):
    if name == "b":
        crash()


def note(name, report):
    with open(f"{report.output}.note", "w") as file:
        file.write(f"{name} {report.status}")
