"""What variables begin with that no checkpoint holds."""

from compat_saver.analysis.values.initializers import Initializer, filling_order, initializers
from compat_saver.graph import parse_graph

GRAPH = """
a = VariableV2[dtype=float32, shape=[3]]
b = VarHandleOp[dtype=float32, shape=[]]
c = VariableV2[dtype=float32, shape=[3]]
d = VariableV2[dtype=float32, shape=[3]]
one = Const[dtype=float32, value=float32[](1.0)]
same = Identity[T=float32](one)
size = Const[dtype=int32, value=int32[1](3)]
random = RandomUniform[T=int32, dtype=float32](size)
restored = RestoreV2[dtypes={float32}](size, size, size)
save/Assign = Assign[T=float32](a, restored)
a/Assign = Assign[T=float32](a, random)
a/train = Assign[T=float32](a, same)
b/Assign = AssignVariableOp[dtype=float32](b, same)
a/read = Identity[T=float32](a)
twice = Add[T=float32](a/read, a/read)
c/Assign = Assign[T=float32](c, twice)
fed = Placeholder[dtype=float32]
d/first = Assign[T=float32](d, same)
d/Assign = Assign[T=float32](d, fed)
"""


def found(*names: str, **written: str) -> dict[str, Initializer]:
    return initializers(parse_graph(GRAPH), names, written, "abcd")


def test_constants_are_read_and_others_are_to_be_computed():
    assert found("b")["b"].constant == 1
    drawn = found("a")["a"]
    assert (drawn.tensor, drawn.constant, drawn.is_random, drawn.obstacle) == ("random:0", None, True, "")


def test_the_file_knows_the_initializer():
    assert found("d")["d"].tensor == "same:0"
    fed = found("d", d="d/Assign")["d"]
    assert fed.obstacle == "the placeholder 'fed', which was fed"


def test_a_beginning_may_need_another_variable():
    assert found("c")["c"].variables == {"a"}
    assert found("c")["c"].is_random is False


def test_only_what_is_asked_for():
    assert found("a", "x").keys() == {"a"}


def test_variables_are_filled_after_those_they_need():
    needs = {"a": frozenset("bc"), "b": frozenset("c"), "c": frozenset(), "d": frozenset()}
    assert filling_order(needs) == [["c", "d"], ["b"], ["a"]]
    assert filling_order({"a": frozenset("b"), "b": frozenset("a")}) is None
