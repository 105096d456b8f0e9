"""The code blocks of WRITING_PASSES.md run."""

import re
from pathlib import Path

import compat_saver.passes
from tests.passes.graphs import assert_rewrites

TEXT = (Path(compat_saver.passes.__file__).parent / "WRITING_PASSES.md").read_text()


def test_the_code_blocks_run_in_order():
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    names = {"assert_rewrites": assert_rewrites}
    for block in blocks:
        exec(block, names)
    names["test_prints_forward_their_input"]()
    assert len(blocks) == 3
