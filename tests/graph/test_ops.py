"""What is known of ops, and how a node's types follow from its definition."""

import pytest

from compat_saver.errors import GraphError
from compat_saver.graph import Graph, OpCatalog, parse_graph
from compat_saver.graph.ops import known_definitions, known_facts
from compat_saver.proto.messages import FunctionDef, OpDef

FLOAT, INT32, STRING, FLOAT_REF = 1, 3, 7, 101


@pytest.mark.parametrize(
    ("line", "inputs", "outputs"),
    [
        ("n = MatMul[T=float32]", (FLOAT, FLOAT), (FLOAT,)),
        ("n = VariableV2[dtype=float32, shape=[2]]", (), (FLOAT_REF,)),
        ("n = Assign[T=float32]", (FLOAT_REF, FLOAT), (FLOAT_REF,)),
        ("n = ConcatV2[N=3, T=float32, Tidx=int32]", (FLOAT, FLOAT, FLOAT, INT32), (FLOAT,)),
        ("n = IdentityN[T={float32, string}]", (FLOAT, STRING), (FLOAT, STRING)),
        ("n = Split[num_split=2, T=float32]", (INT32, FLOAT), (FLOAT, FLOAT)),
        ("n = Gather[Tparams=float32, Tindices=int32]", (FLOAT, INT32), (FLOAT,)),
        ("n = ArgMax[T=float32]", (FLOAT, INT32), (9,)),
    ],
)
def test_types_follow_from_definition_and_attributes(line, inputs, outputs):
    node = parse_graph(line)["n"]
    assert OpCatalog().input_types(node) == inputs
    assert OpCatalog().output_types(node) == outputs


def test_a_missing_attribute_without_default_is_named():
    with pytest.raises(GraphError, match="lacks the attribute 'T'"):
        OpCatalog().output_types(parse_graph("n = MatMul")["n"])


def test_an_absurd_count_raises():
    with pytest.raises(GraphError, match="claims"):
        OpCatalog().output_types(parse_graph("n = Split[num_split=9000000000, T=float32]")["n"])


def test_a_graphs_own_definitions_take_precedence():
    own = OpDef(name="MatMul", is_stateful=True)
    assert OpCatalog({"MatMul": own}).find("MatMul") is own


def test_functions_are_ops():
    graph = Graph()
    function = FunctionDef()
    function.signature.name = "body"
    graph.functions["body"] = function
    assert OpCatalog.of(graph).find("body") == function.signature


def test_an_op_of_tensorflow_addons_is_defined_as_the_one_it_was_made_from():
    assert OpCatalog().find("Addons>Resampler") is OpCatalog().find("Resampler") is not None
    assert OpCatalog().find("Addons>NeverHeardOf") is None


def test_an_op_without_a_definition():
    assert OpCatalog().find("NoSuchOp") is None
    assert OpCatalog().is_stateful("NoSuchOp")
    with pytest.raises(GraphError, match="Nothing defines the op 'NoSuchOp'"):
        OpCatalog()["NoSuchOp"]


def test_facts_and_definitions_cover_the_same_ops():
    assert known_definitions().keys() == known_facts().keys()


@pytest.mark.parametrize(
    ("op", "registered", "kernel", "deprecated"),
    [
        ("MatMul", True, True, None),
        ("TensorArrayV2", True, True, 26),
        ("GatherTree", False, False, None),
        ("BoostedTreesBucketize", True, False, None),
    ],
)
def test_some_facts(op, registered, kernel, deprecated):
    facts = known_facts()[op]
    assert (facts.registered_today, facts.cpu_kernel_today, facts.deprecated_at) == (registered, kernel, deprecated)
