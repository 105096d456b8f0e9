"""Which tensor of the checkpoint each variable is filled from, and what does not fit."""

import dataclasses

import numpy as np
import pytest

import compat_saver
from compat_saver.analysis.known_values import constant_value
from compat_saver.analysis.values.initializers import Initializer
from compat_saver.analysis.values.weights import Location, Weight, WeightFinder, saver_locations, variable_nodes
from compat_saver.graph import parse_graph
from tests.golden_cases import all_cases, case
from tests.small_models import write_checkpoint

TWO = """
a = VariableV2[dtype=float32, shape=[4, 2]]
b = VarHandleOp[dtype=float32, shape=[3]]
file = Const[dtype=string, value=string[]("model")]
"""


def locations(text: str, restore_op: str = "") -> dict[str, str]:
    """Returns variable -> key, or key[part], of a graph in text form."""
    found = saver_locations(parse_graph(TWO + text), restore_op)
    return {name: f"{item.key}[{item.part}]" if item.part else item.key for name, item in found.items()}


def test_a_saver_for_everything():
    text = """
    names = Const[dtype=string, value=string[2]("a", "b/ExponentialMovingAverage")]
    specs = Const[dtype=string, value=string[2]("", "")]
    restore = RestoreV2[dtypes={float32, float32}](file, names, specs)
    to_a = Assign[T=float32](a, restore)
    value = Identity[T=float32](restore:1)
    to_b = AssignVariableOp[dtype=float32](b, value)
    """
    assert locations(text) == {"a": "a", "b": "b/ExponentialMovingAverage"}


def test_one_restore_op_per_tensor():
    text = """
    none = Const[dtype=string, value=string[1]("")]
    name_a = Const[dtype=string, value=string[1]("old/a")]
    name_b = Const[dtype=string, value=string[1]("b")]
    restore_a = RestoreV2[dtypes={float32}](file, name_a, none)
    restore_b = RestoreV2[dtypes={float32}](file, name_b, none)
    to_a = Assign[T=float32](a, restore_a)
    to_b = AssignVariableOp[dtype=float32](b, restore_b)
    """
    assert locations(text) == {"a": "old/a", "b": "b"}


def test_the_restore_ops_of_v1():
    text = """
    name_a = Const[dtype=string, value=string[]("whole")]
    name_b = Const[dtype=string, value=string[]("b")]
    spec = Const[dtype=string, value=string[]("8 2 4,4:0,2")]
    restore_a = RestoreSlice[dt=float32](file, name_a, spec)
    restore_b = Restore[dt=float32](file, name_b)
    to_a = Assign[T=float32](a, restore_a)
    to_b = AssignVariableOp[dtype=float32](b, restore_b)
    """
    assert locations(text) == {"a": "whole[8 2 4,4:0,2]", "b": "b"}


def test_a_slice_that_is_reshaped():
    text = """
    names = Const[dtype=string, value=string[1]("whole")]
    specs = Const[dtype=string, value=string[1]("8 2 0,4:-")]
    shape = Const[dtype=int32, value=int32[2](4, 2)]
    restore = RestoreV2[dtypes={float32}](file, names, specs)
    value = Reshape[T=float32](restore, shape)
    to_a = Assign[T=float32](a, value)
    """
    (item,) = saver_locations(parse_graph(TWO + text)).values()
    assert (item.part.full_shape, item.part.box, item.part.shape) == ((8, 2), (slice(0, 4), slice(0, 2)), (4, 2))


def test_the_savers_own_restore_op_decides_between_savers():
    text = """
    none = Const[dtype=string, value=string[1]("")]
    first = Const[dtype=string, value=string[1]("pretrained/a")]
    other = Const[dtype=string, value=string[1]("a")]
    restore_1 = RestoreV2[dtypes={float32}](file, first, none)
    restore_2 = RestoreV2[dtypes={float32}](file, other, none)
    assign_1 = Assign[T=float32](a, restore_1)
    assign_2 = Assign[T=float32](a, restore_2)
    save_1/restore_all = NoOp(^assign_1)
    save_2/restore_all = NoOp(^assign_2)
    """
    assert locations(text, "save_2/restore_all") == {"a": "a"}
    assert locations(text, "save_1/restore_all:0") == {"a": "pretrained/a"}
    assert locations(text, "not/there") == {"a": "pretrained/a"}


def test_initializers_and_computed_names_tell_nothing():
    text = """
    zeros = Const[dtype=float32, value=float32[3](0.0, 0.0, 0.0)]
    to_b = AssignVariableOp[dtype=float32](b, zeros)
    names = Placeholder[dtype=string]
    restore = RestoreV2[dtypes={float32}](file, names, names)
    to_a = Assign[T=float32](a, restore)
    """
    assert locations(text) == {}


@pytest.mark.parametrize("chosen", all_cases("moving_average"), ids=str)
def test_the_moving_averages_of_real_savers(chosen):
    meta = compat_saver.read_meta_graph(chosen.prefix.with_name("model.ckpt.meta"))
    from compat_saver.graph import from_graph_def

    found = saver_locations(from_graph_def(meta.graph_def), meta.saver_def.restore_op_name)
    assert found["w1"] == Location("w1/ExponentialMovingAverage")


# ---- the finder

VARIABLES = """
w = VariableV2[dtype=float32, shape=[2, 3]]
open = VariableV2[dtype=float32, shape=[?, 3]]
old = Variable[dtype=float32, shape=[]]
scalar = VariableV2[dtype=float32, shape=[]]
handle = VarHandleOp[dtype=float32, shape=[*]]
"""


@pytest.fixture
def checkpoint(tmp_path):
    array = np.zeros((2, 3), np.float32)
    tensors = dict.fromkeys(("w", "open", "old", "scalar", "handle", "whole"), array)
    with compat_saver.open_checkpoint(write_checkpoint(tmp_path / "model", tensors)) as found:
        yield found


def find(checkpoint, name: str, text: str = VARIABLES, where: Location | None = None, **first):
    finder = WeightFinder(checkpoint, {name: where} if where else {}, ["w"], first)
    return finder.find(parse_graph(text)[name])


@pytest.mark.parametrize("name", ["w", "open", "old", "handle"])
def test_a_variable_takes_the_shape_of_its_value(checkpoint, name):
    found = find(checkpoint, name)
    assert isinstance(found, Weight), found
    assert (found.name, found.shape, found.nbytes, found.location.key) == (name, (2, 3), 24, name)
    assert found.trainable == (name == "w")


def part(spec: str) -> Location:
    from compat_saver.analysis.values.weights import Part
    from compat_saver.bundle import parse_shape_and_slice

    return Location("whole", Part(*parse_shape_and_slice(spec)))


def test_a_part_takes_the_shape_of_the_part(checkpoint):
    found = find(checkpoint, "p", "p = VariableV2[dtype=float32, shape=[1, 3]]", part("2 3 1,1:-"))
    assert isinstance(found, Weight), found
    assert (found.shape, found.nbytes, str(found.location.part)) == ((1, 3), 12, "2 3 1,1:-")


@pytest.mark.parametrize(
    ("line", "where", "words"),
    [
        ("x = VariableV2[dtype=float32, shape=[1]]", None, ["'x' is not in"]),
        ("handel = VariableV2[dtype=float32, shape=[1]]", None, ["'handel' is not in", "did you mean 'handle'"]),
        ("x = VariableV2[dtype=float32, shape=[1]]", Location("hole"), ["under 'hole'", "did you mean 'whole'"]),
        ("scalar = VariableV2[dtype=float32, shape=[]]", None, ["'scalar'", "shape []", "shape [2, 3]"]),
        ("open = VariableV2[dtype=float32, shape=[?, 4]]", None, ["'open'", "shape [?, 4]", "shape [2, 3]"]),
        ("w = VariableV2[dtype=float32, shape=[2]]", None, ["'w'", "shape [2]", "shape [2, 3]"]),
        ("w = VariableV2[dtype=int64, shape=[2, 3]]", None, ["'w'", "dtype int64", "dtype float32"]),
        ("p = VariableV2[dtype=float32, shape=[1, 3]]", part("4 3 1,1:-"), ["'whole'", "[4, 3]", "[2, 3]"]),
        ("p = VariableV2[dtype=float32, shape=[2, 3]]", part("2 3 1,1:-"), ["'p'", "[2, 3]", "[1, 3]"]),
    ],
)
def test_what_does_not_fit_is_one_sentence(checkpoint, line, where, words):
    found = find(checkpoint, line.split()[0], line, where)
    assert isinstance(found, str)
    assert [word for word in words if word not in found] == [], found


def test_a_variable_that_may_begin_as_the_graph_has_it(checkpoint):
    value = np.float32([1, 2])
    known = Initializer("value:0", value, (2,), frozenset(), is_random=False, obstacle="")
    found = find(checkpoint, "margin", "margin = VariableV2[dtype=float32, shape=[2]]", margin=known)
    assert (found.shape, found.initial is value, found.computed_by) == ((2,), True, None)
    drawn = dataclasses.replace(known, constant=None, shape=None)
    found = find(checkpoint, "margin", "margin = VariableV2[dtype=float32, shape=[2]]", margin=drawn)
    assert (found.shape, found.initial, found.computed_by) == ((2,), None, drawn)
    assert find(checkpoint, "w", w=known).initializer is None


@pytest.mark.parametrize(
    ("line", "changes", "words"),
    [
        ("m = VariableV2[dtype=float32, shape=[?]]", {}, "does not tell its shape"),
        ("m = VariableV2[dtype=float32, shape=[2]]", {"obstacle": "the placeholder 'p'"}, "needs the placeholder 'p'"),
    ],
)
def test_a_beginning_that_cannot_be_had(checkpoint, line, changes, words):
    unknown = Initializer("value:0", None, None, frozenset(), is_random=False, obstacle="")
    assert words in find(checkpoint, "m", line, m=dataclasses.replace(unknown, **changes))


def test_variables_of_both_kinds():
    assert [node.name for node in variable_nodes(parse_graph(TWO))] == ["a", "b"]


def test_every_needed_variable_of_a_real_graph_is_found():
    from compat_saver.graph import from_graph_def

    chosen = case("1.12.3", "partitioned")
    meta = compat_saver.read_meta_graph(chosen.prefix.with_name("model.ckpt.meta"))
    graph = from_graph_def(meta.graph_def)
    with compat_saver.open_checkpoint(chosen.prefix) as checkpoint:
        finder = WeightFinder(checkpoint, saver_locations(graph, meta.saver_def.restore_op_name), (), {})
        found = {node.name: finder.find(node) for node in variable_nodes(graph)}
    assert all(isinstance(item, Weight) for item in found.values())
    assert {name for name, item in found.items() if item.location.part is not None} >= {
        name for name in chosen.facts["variables_needed"] if "/part_" in name
    }


def test_of_many_missing_variables_only_the_first_are_compared_with_all_names(tmp_path):
    with compat_saver.open_checkpoint(write_checkpoint(tmp_path / "m", {"w": np.zeros(1, np.float32)})) as checkpoint:
        finder = WeightFinder(checkpoint, {}, [], {})
        graph = parse_graph("\n".join(f"w{number} = VariableV2[dtype=float32, shape=[1]]" for number in range(50)))
        told = [finder.find(node) for node in variable_nodes(graph)]
    assert ["did you mean 'w'" in line for line in told] == [True] * 10 + [False] * 40


def test_what_a_restore_op_restores_is_read_once(monkeypatch):
    from compat_saver.analysis.values import weights

    read = []
    monkeypatch.setattr(weights, "constant_value", lambda value: read.append(value.name) or constant_value(value))
    count = 50
    names = ", ".join(f'"key{number}"' for number in range(count))
    variables = "".join(
        f"v{number} = VariableV2[dtype=float32, shape=[1]]\nto_{number} = Assign(v{number}, restore:{number})\n"
        for number in range(count)
    )
    text = f"names = Const[dtype=string, value=string[{count}]({names})]\nrestore = RestoreV2(file, names)\n{variables}"
    assert locations(text) == {f"v{number}": f"key{number}" for number in range(count)}
    assert read == ["names:0"]


def test_names_or_slices_that_are_numbers():
    text = """
    names = Const[dtype=string, value=string[1]("a")]
    numbers = Const[dtype=int32, value=int32[1](7)]
    restore = RestoreV2[dtypes={float32}](file, names, numbers)
    to_a = Assign[T=float32](a, restore)
    other = RestoreV2[dtypes={float32}](file, numbers, names)
    to_b = AssignVariableOp[dtype=float32](b, other)
    """
    assert locations(text) == {"a": "a"}
