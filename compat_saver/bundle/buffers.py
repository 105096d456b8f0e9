"""What the codecs read from: a whole bytes object, or a window into a memory map."""

from __future__ import annotations

from typing import TypeAlias

Buffer: TypeAlias = bytes | memoryview
"""Both index to integers and slice to more of the same; a memoryview without copying."""
