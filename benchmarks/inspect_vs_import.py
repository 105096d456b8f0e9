"""Is `compat-saver inspect` of a small model ten times faster than importing TensorFlow? Whole processes, in turns."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from _runs import in_turns, median_seconds

MODEL = Path(__file__).parent.parent / "tests" / "golden" / "1.15.5" / "dense_adam" / "model.ckpt"
AIM = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    rounds = parser.parse_args().rounds
    runs = in_turns(
        {
            "inspect": [sys.executable, "-m", "compat_saver", "inspect", str(MODEL)],
            "import tensorflow": [sys.executable, "-c", "import tensorflow"],
            "python -c pass": [sys.executable, "-c", "pass"],
        },
        rounds,
    )
    for name, measured in runs.items():
        print(f"{name:20} {median_seconds(measured):7.3f} s, median of {rounds}")
    ratio = median_seconds(runs["inspect"]) / median_seconds(runs["import tensorflow"])
    print(f"ratio {ratio:.3f} (aim: below {AIM})")


if __name__ == "__main__":
    main()
