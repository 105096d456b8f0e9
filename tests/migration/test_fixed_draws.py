"""Random draws become equal in every run, as messages."""

from compat_saver.graph import from_graph_def, parse_graph, to_graph_def
from compat_saver.graph.text import format_graph
from compat_saver.migration.verification.fixed_draws import fix_draws


def _fixed(text: str) -> str:
    message = to_graph_def(parse_graph(text))
    fix_draws(message)
    return format_graph(from_graph_def(message)).strip()


def test_what_has_a_stateless_form_draws_with_one_seed():
    shape = "split = Split\n"
    before = shape + "draw = RandomUniform[T=int32, dtype=float32, seed=3, seed2=0](split:1, ^split)"
    assert _fixed(before) == shape + (
        "draw = StatelessRandomUniform[T=int32, Tseed=int32, dtype=float32](split:1, draw/fixed_seed, ^split)\n"
        "draw/fixed_seed = Const[dtype=int32, value=int32[2](1, 2)](^split)"
    )


def test_what_has_none_gets_seeds_where_it_has_none():
    before = "x = Placeholder\na = Multinomial[seed=0, seed2=0](x, x)\nb = Multinomial[seed=0, seed2=7](x, x)"
    assert _fixed(before) == before.replace("seed=0, seed2=0", "seed=1, seed2=2")


def test_draws_in_functions():
    message = to_graph_def(parse_graph("x = Placeholder"))
    function = message.library.function.add()
    function.signature.input_arg.add(name="shape")
    for name, source in (("a", "shape"), ("b", "pack:output:0")):
        draw = function.node_def.add(name=name, op="TruncatedNormal", input=[source])
        draw.attr["seed"].i = draw.attr["seed2"].i = 0
    fix_draws(message)
    found = {node.name: (node.op, list(node.input)) for node in message.library.function[0].node_def}
    assert found == {
        "a": ("StatelessTruncatedNormal", ["shape", "a/fixed_seed:output:0"]),
        "b": ("StatelessTruncatedNormal", ["pack:output:0", "b/fixed_seed:output:0"]),
        "a/fixed_seed": ("Const", []),
        "b/fixed_seed": ("Const", ["^pack"]),
    }
