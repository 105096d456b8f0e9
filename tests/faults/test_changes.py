"""A source that changes while it is migrated ends in an error of this package, at every stage."""

import os
from pathlib import Path

import pytest

import compat_saver
from compat_saver.errors import ArtifactError
from tests.small_models import write_model

DATA = "model.ckpt.data-00000-of-00001"


@pytest.mark.tensorflow
@pytest.mark.parametrize("stage", ["rewrite", "write", "verify"])
@pytest.mark.parametrize("change", [lambda path: os.truncate(path, 10), Path.unlink], ids=["truncated", "deleted"])
def test_the_checkpoint(stage, change, tmp_path):
    prefix = write_model(tmp_path / "run")

    def progress(name):
        if name == stage:
            change(prefix.with_name(DATA))

    with pytest.raises(ArtifactError, match=r"model\.ckpt"):
        compat_saver.migrate(prefix, tmp_path / "out", outputs=["prediction"], progress=progress)
    assert [path.name for path in tmp_path.iterdir()] == ["run"]
