"""What is served of small programs of real TensorFlow 1: what their author would serve (tests/golden/cases/choices)."""

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import compat_saver
from compat_saver.model.choosing import choose_signatures
from compat_saver.model.folding import fold
from compat_saver.model.legacy_model import LegacyModel
from compat_saver.model.signature import DEFAULT_SIGNATURE, ServingRequest, Signature
from tests.golden_cases import GOLDEN


def programs() -> Iterator[Any]:
    """Yields (MetaGraphDef, the signatures that its author would serve) by release, script and program."""
    for path in sorted(GOLDEN.glob("*/choices/*/graphs.tar.xz")):
        with tarfile.open(path) as archive:
            files = {Path(item.name): archive.extractfile(item) for item in archive.getmembers()}
            content = {name: file.read() for name, file in files.items() if file is not None}
        for name, data in content.items():
            if name.suffix == ".meta":
                wanted = json.loads(content[name.with_suffix(".json")])
                yield pytest.param(data, wanted, id=f"{path.parts[-4]}-{path.parts[-2]}-{name.stem}")


@pytest.mark.parametrize(("graph", "wanted"), list(programs()))
def test_what_is_served_is_what_its_author_would_serve(graph, wanted, tmp_path):
    path = tmp_path / "graph.meta"
    path.write_bytes(graph)
    model = LegacyModel("meta_graph", str(path), compat_saver.read_meta_graph(path))
    first, *others = choose_signatures(model, fold(model, ServingRequest()), ServingRequest()).signatures
    assert first.name == DEFAULT_SIGNATURE
    assert len(others) == len(wanted) - 1
    for signature, expected in zip([first, *others], wanted, strict=True):
        assert_served(signature, expected)


def assert_served(signature: Signature, expected: dict[str, Any]) -> None:
    outputs = {tensor.name for tensor in signature.outputs.values()}
    assert sorted(tensor.name for tensor in signature.inputs.values()) == expected["inputs"]
    assert outputs <= {name for head in expected["outputs"] for name in head}
    assert all(not outputs.isdisjoint(head) for head in expected["outputs"])
