"""Static shapes, constants, roles."""

import numpy as np
import pytest

import compat_saver
from compat_saver.analysis.known_values import computed_integers, constant_value, static_shape
from compat_saver.analysis.values.roles import role_of, slots_of_graph
from compat_saver.analysis.values.weights import variable_nodes
from compat_saver.graph import from_graph_def, parse_graph
from tests.golden_cases import all_cases

# ---- static shapes


@pytest.mark.parametrize(
    ("line", "producer", "shape"),
    [
        ("x = Placeholder[dtype=float32, shape=[?, 12]]", 134, (None, 12)),
        ("x = Placeholder[dtype=float32, shape=[?, 12]]", 21, (None, 12)),
        ("x = Placeholder[dtype=float32, shape=[]]", 134, ()),
        ("x = Placeholder[dtype=float32, shape=[]]", 24, ()),
        ("x = Placeholder[dtype=float32, shape=[]]", 23, None),  # a scalar meant unknown
        ("x = Placeholder[dtype=float32, shape=[]]", 0, None),
        ("x = PlaceholderV2[dtype=float32, shape=[]]", 23, ()),
        ("x = PlaceholderWithDefault[dtype=float32, shape=[]](x)", 23, ()),
        ("x = Placeholder[dtype=float32]", 134, None),
        ("x = Placeholder[dtype=float32, shape=[*], _output_shapes={[3]}]", 134, (3,)),
        ("x = Neg[T=float32, _output_shapes={[2, ?]}](x)", 134, (2, None)),
        ("x = Neg[T=float32, _output_shapes={[*]}](x)", 134, None),
        ("x = Neg[T=float32](x)", 134, None),
        ("x = Const[dtype=int32, value=int32[2](3, 4)]", 134, (2,)),
        ("x = Const[dtype=int32]", 134, None),
    ],
)
def test_static_shapes(line, producer, shape):
    graph = parse_graph(line, producer)
    assert static_shape(graph, graph.value("x")) == shape


def test_a_shape_per_output():
    graph = parse_graph("s = Split[T=float32, _output_shapes={[1], [2]}](s, s)")
    assert [static_shape(graph, graph.value(f"s:{port}")) for port in range(3)] == [(1,), (2,), None]


# ---- constants


def test_constants():
    graph = parse_graph(
        """
        c = Const[dtype=int32, value=int32[2](3, 4)]
        i = Identity[T=int32](c)
        n = Neg[T=int32](c)
        empty = Const[dtype=int32]
        """
    )
    np.testing.assert_array_equal(constant_value(graph.value("i")), [3, 4])
    assert constant_value(graph.value("n")) is None
    assert constant_value(graph.value("empty")) is None


COMPUTED = """
zero = Const[dtype=int32, value=int32[](0)]
zeros = Const[dtype=int32, value=int32[1](0)]
one = Const[dtype=int32, value=int32[1](1)]
minus = Const[dtype=int32, value=int32[](-1)]
many = Const[dtype=int32, value=int32[1](1000000000)]
ones = Fill[T=int32](one, minus)
bounds = ConcatV2[T=int32, N=2](ones, zeros, zero)
packed = Pack[T=int32, N=2](zero, minus)
filled = Fill[T=int32](many, minus)
twisted = ConcatV2[T=int32, N=2](ones, zero, zero)
fed = Placeholder[dtype=int32]
half_fed = Pack[T=int32, N=2](zero, fed)
"""


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("one", [1]),
        ("bounds", [-1, 0]),
        ("packed", [0, -1]),
        *((name, None) for name in ("filled", "twisted", "half_fed", "fed")),
    ],
)
def test_integers_computed_from_constants(name, numbers):
    found = computed_integers(parse_graph(COMPUTED).value(name))
    assert (None if found is None else found.tolist()) == numbers


def test_many_constants_joined_again_and_again_are_not_computed():
    joined = "\n".join(f"c{i} = ConcatV2[T=int32, N=40]({f'c{i - 1}, ' * 40}z)" for i in range(1, 9))
    graph = "z = Const[dtype=int32, value=int32[](0)]\nc0 = Const[dtype=int32, value=int32[0]()]\n" + joined
    assert computed_integers(parse_graph(graph).value("c8")) is None


def test_identities_in_a_circle_are_no_constant():
    graph = parse_graph("a = Identity[T=int32](b)\nb = Identity[T=int32](a)")
    assert constant_value(graph.value("a")) is None


# ---- roles

TRAINED = """
w = VariableV2[dtype=float32, shape=[2]]
w/Adam = VariableV2[dtype=float32, shape=[2]]
w/Adam_1 = VariableV2[dtype=float32, shape=[2]]
decay = VariableV2[dtype=float32, shape=[]]
decay/read = Identity[T=float32](decay)
h = VarHandleOp[dtype=float32, shape=[2]]
h/slot = VarHandleOp[dtype=float32, shape=[2]]
g = Const[dtype=float32]
update_w = ApplyAdam[T=float32](w, w/Adam, w/Adam_1, decay/read, g, g, g, g, g, g)
update_h = ResourceApplyMomentum[T=float32](h, h/slot, g, g, g)
"""


def test_what_apply_ops_read_beside_the_weight_are_slots():
    assert slots_of_graph(parse_graph(TRAINED)) == {"w/Adam", "w/Adam_1", "decay", "h/slot"}


def test_a_weight_that_another_update_reads_is_no_slot():
    text = TRAINED + "update_x = ApplyGradientDescent[T=float32](w/Adam, w, g)"
    assert "w/Adam" not in slots_of_graph(parse_graph(text))


@pytest.mark.parametrize(
    ("name", "trainable", "slots", "role"),
    [
        ("w", {"w"}, (), "trainable"),
        ("w/Adam", {"w"}, {"w/Adam"}, "slot"),
        ("w/Adam", {"w"}, (), "slot"),  # of a sparse update
        ("w/Adam", {"v"}, (), "other"),  # beside what is not trained
        ("w/Adam", (), (), "slot"),  # no graph: by its name
        ("w/gamma", (), (), "other"),
        ("x/Adam", (), (), "other"),  # nobody's
        ("beta1_power", (), (), "slot"),
        ("scope/beta2_power_1", {"w"}, (), "slot"),
        ("w/ExponentialMovingAverage", {"w"}, (), "average"),
        ("w/ExponentialMovingAverage", (), (), "average"),
        ("global_step", {"w"}, (), "other"),
    ],
)
def test_roles(name, trainable, slots, role):
    assert role_of(name, {"w", name}, trainable, slots) == role


@pytest.mark.parametrize("case", all_cases("dense_adam") + all_cases("resource_variables"), ids=str)
def test_the_slots_of_real_graphs(case):
    meta = compat_saver.read_meta_graph(case.prefix.with_name("model.ckpt.meta"))
    graph = from_graph_def(meta.graph_def)
    variables, slots = {node.name for node in variable_nodes(graph)}, slots_of_graph(graph)
    trainable = set(case.facts["trainable"])
    assert not slots & trainable
    for name in trainable:
        # Sparse updates of resource variables are Scatter and Assign ops: there the name alone tells.
        assert {role_of(f"{name}/{slot}", variables, trainable, slots) for slot in ("Adam", "Adam_1")} == {"slot"}
