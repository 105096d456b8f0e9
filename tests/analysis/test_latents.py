"""Noise that a network starts from is found by the layer that reads it."""

from compat_saver.analysis.serving.latents import latents
from compat_saver.graph import parse_graph

DRAWN = """
s = Const[dtype=int32, value=int32[2](2, 4)]
r0 = RandomStandardNormal[T=int32, dtype=float32](s)
w = VariableV2[dtype=float32, shape=[4, 3]]
"""


def found(text: str) -> list[str]:
    graph = parse_graph(DRAWN + text)
    return [value.name for value in latents(graph, {node for node in graph if node.name == "fed"})]


def test_noise_is_what_a_layer_reads_of_what_was_drawn():
    scaled = "two = Const[dtype=float32, value=float32[](2)]\nz = Mul[T=float32](r0, two)\nh = MatMul[T=float32](z, w)"
    assert found(scaled) == ["z:0"]
    assert found(scaled + "\nfed = MatMul[T=float32](z, w)") == []


def test_a_long_way_from_the_draw_to_the_layer():
    way = "\n".join(f"r{i} = Identity[T=float32](r{i - 1})" for i in range(1, 3000))
    assert found(f"{way}\nh = MatMul[T=float32](r2999, w)") == ["r2999:0"]
