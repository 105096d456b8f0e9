"""Two nodes of one shared name are one variable."""

from compat_saver.passes.structure.reference_semantics import SharedVariables
from tests.passes.graphs import assert_rewrites

FIRST = 'a = VariableV2[container="", shared_name=""]\n'
OTHERS = """
b = VariableV2[container="", shared_name="a"]
c = VariableV2[container="here", shared_name="a"]
h = VarHandleOp[container="", shared_name="a"]
"""


def test_the_node_that_has_the_name_stands_for_all():
    assert_rewrites(
        SharedVariables(),
        FIRST + OTHERS + "y = Add(a, b)\nz = Add(c, h)",
        FIRST + OTHERS + "y = Add(a, a)\nz = Add(c, h)",
    )


def test_the_first_stands_for_all_if_none_has_the_name():
    two = 'b = VariableV2[shared_name="s"]\nc = VariableV2[shared_name="s"]\n'
    assert_rewrites(SharedVariables(), two + "y = Add(b, c)", two + "y = Add(b, b)")
