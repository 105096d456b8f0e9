"""The tuples hold every pass, and every op that today's GraphDef version forbids has a successor or a reason."""

import importlib
import inspect
import pkgutil
from pathlib import Path

import pytest

from compat_saver import passes
from compat_saver.graph.ops import known_definitions, known_facts
from compat_saver.passes import legacy_behavior, replacements
from compat_saver.passes.legacy_behavior import LEGACY_BEHAVIOR_PASSES
from compat_saver.passes.op_replacement import OpReplacement
from compat_saver.passes.replacements import OP_REPLACEMENTS
from compat_saver.passes.replacements.variable_ops import CountUpTo
from tests.passes.graphs import (
    ALL_REPLACEMENTS,
)

WITHOUT_SUCCESSOR = {
    "NegTrain": "trains word2vec by itself, and was removed from TensorFlow",
    "Old": "is of TensorFlow's own tests",
    "Skipgram": "reads a corpus for word2vec from a file, and was removed from TensorFlow",
}

REWRITTEN = {op for item in ALL_REPLACEMENTS for op in item.ops}

WITHOUT_RESOURCE_FORM = {"FakeQueue", "LMDBReader", "BigQueryReader"}


def test_every_deprecated_op_is_rewritten_or_has_no_successor():
    deprecated = {op for op, facts in known_facts().items() if facts.deprecated_at is not None}
    assert deprecated - REWRITTEN == set(WITHOUT_SUCCESSOR)


def test_no_successor_is_deprecated():
    successors = {
        word for item in ALL_REPLACEMENTS for phrase in item.ops.values() for word in phrase.replace(",", " ").split()
    }
    assert {op for op in successors if op in known_facts() and known_facts()[op].deprecated_at is not None} == set()


def test_every_op_with_a_string_reference_as_handle_is_rewritten_or_has_no_resource_form():
    text = 7
    with_handle = {
        op.name for op in known_definitions().values() if any(a.is_ref and a.type == text for a in _args(op))
    }
    left = {op for op in with_handle - REWRITTEN if not op.startswith(("Barrier", "Sparse"))}
    assert left == WITHOUT_RESOURCE_FORM


def _args(op):
    return (*op.input_arg, *op.output_arg)


def _classes(package) -> set[type[OpReplacement]]:
    """The replacements that the modules of a package define, each module imported."""
    modules = [
        importlib.import_module(f"{package.__name__}.{item.name}") for item in pkgutil.iter_modules(package.__path__)
    ]
    return {
        item
        for module in modules
        for item in vars(module).values()
        if inspect.isclass(item) and issubclass(item, OpReplacement) and item.__module__ == module.__name__
    }


def test_every_replacement_is_in_the_tuple():
    assert len(OP_REPLACEMENTS) == len(set(OP_REPLACEMENTS))
    assert _classes(replacements) == {*OP_REPLACEMENTS, CountUpTo}  # which migrations run after RefToResource


def test_every_pass_of_legacy_behavior_is_in_the_tuple():
    assert len(LEGACY_BEHAVIOR_PASSES) == len(set(LEGACY_BEHAVIOR_PASSES))
    assert _classes(legacy_behavior) == set(LEGACY_BEHAVIOR_PASSES)


@pytest.mark.parametrize("folder", ["replacements", "legacy_behavior", "structure"])
def test_every_file_of_passes_has_a_test_file_of_its_name(folder):
    files = {path.stem for path in (Path(passes.__file__).parent / folder).glob("[!_]*.py")}
    assert files <= {path.stem.removeprefix("test_") for path in (Path(__file__).parent / folder).glob("test_*.py")}


def test_names_in_reports_are_unique():
    names = [item.name for item in (*ALL_REPLACEMENTS, CountUpTo)]
    assert len(names) == len(set(names))
