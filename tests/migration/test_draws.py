"""Inputs that graphs put conditions on: drawn so that they hold, and told of."""

import struct

import numpy as np
import pytest

from compat_saver.errors import UsageError
from compat_saver.graph import parse_graph
from compat_saver.migration.verification.reference_run import describe_guesses
from compat_saver.migration.verification.samples import Feeds, Guess, SampleMaker
from compat_saver.model.signature import Signature, Tensor
from compat_saver.proto.messages import TensorProto
from compat_saver.proto.tensors import to_array


class Made:
    """The batches for a graph whose placeholders are its inputs."""

    def __init__(self, text: str, vocabularies=None, recorded=None) -> None:
        graph = parse_graph(text)
        inputs = [node for node in graph if node.op == "Placeholder"]
        tensors = {
            node.name.replace("/", "_"): Tensor(f"{node.name}:0", node.attr.type("dtype"), node.attr.shape("shape"))
            for node in inputs
        }
        self.signature = Signature("serve", tensors, {})
        self.maker = SampleMaker(graph, {f"{node.name}:0": node.name for node in inputs}, 0, vocabularies, recorded)
        self.guesses: list[Guess] = list(self.maker.guesses(self.signature))
        self.feeds: list[Feeds] = self.maker.feeds(self.signature, self.guesses[0])

    def all(self, key: str) -> np.ndarray:
        return np.concatenate([batch[key].reshape(-1) for batch in self.feeds])

    def told(self) -> dict[str, str]:
        return describe_guesses(self.signature, self.maker, self.feeds)


# ---- parts of one tensor


def test_a_sparse_tensor_has_as_many_elements_as_its_parts_declare():
    made = Made(
        """
        s/indices = Placeholder[dtype=int64, shape=[5, 2]]
        s/values = Placeholder[dtype=float32, shape=[5]]
        s/shape = Placeholder[dtype=int64, shape=[2]]
        """
    )
    for batch in made.feeds:
        assert (batch["s_indices"].shape, batch["s_values"].shape) == ((5, 2), (5,))
        assert (batch["s_indices"] < batch["s_shape"]).all()
        assert len({tuple(row) for row in batch["s_indices"].tolist()}) == 5


def test_sparse_tensors_that_are_multiplied_agree():
    made = Made(
        """
        a/indices = Placeholder[dtype=int64, shape=[?, 2]]
        a/values = Placeholder[dtype=float32, shape=[?]]
        a/shape = Placeholder[dtype=int64, shape=[2]]
        b/indices = Placeholder[dtype=int64, shape=[?, 2]]
        b/values = Placeholder[dtype=float32, shape=[?]]
        c/indices = Placeholder[dtype=int64, shape=[?, 2]]
        c/values = Placeholder[dtype=float32, shape=[?]]
        c/shape = Placeholder[dtype=int64, shape=[2]]
        w = Placeholder[dtype=float32, shape=[5, 3]]
        sizes = Const[dtype=int64, value=int64[2](7, 5)]
        bw = SparseTensorDenseMatMul(b/indices, b/values, sizes, w)
        abw = SparseTensorDenseMatMul(a/indices, a/values, a/shape, bw)
        open = Relu(abw)
        cabw = SparseTensorDenseMatMul(c/indices, c/values, c/shape, open)
        """
    )
    for batch in made.feeds:
        assert batch["a_shape"][1] == 7
        assert batch["c_shape"][0] == batch["c_shape"][1] == batch["a_shape"][0]


def test_the_shape_that_was_a_constant_is_fed_as_it_was():
    recorded = {"s/shape:0": np.int64([6, 2])}
    made = Made(
        """
        s/indices = Placeholder[dtype=int64, shape=[?, 2]]
        s/values = Placeholder[dtype=float32, shape=[?]]
        s/shape = Placeholder[dtype=int64, shape=[2]]
        """,
        recorded=recorded,
    )
    for batch in made.feeds:
        assert batch["s_shape"].tolist() == [6, 2]
        assert (batch["s_indices"] < [6, 2]).all()


RAGGED = """
x/flat_values = Placeholder[dtype=float32, shape=[?, 2]]
x/row_splits_1 = Placeholder[dtype=int64, shape=[?]]
x/row_splits_0 = Placeholder[dtype=int64, shape=[?]]
"""


def test_splits_of_a_ragged_tensor_lead_from_one_dimension_to_the_next():
    made = Made(RAGGED)
    for batch, rows in zip(made.feeds, (3, 1), strict=True):
        outer, inner = batch["x_row_splits_0"], batch["x_row_splits_1"]
        assert (len(outer), len(inner)) == (rows + 1, outer[-1] + 1)
        assert batch["x_flat_values"].shape == (inner[-1], 2)
        for splits in (outer, inner):
            assert splits[0] == 0
            assert (np.diff(splits) >= 0).all()
    assert all(text.startswith("part of a ragged tensor") for text in made.told().values())


# ---- numbers


def test_lengths_stay_within_the_time_that_was_guessed():
    made = Made(
        """
        x = Placeholder[dtype=float32, shape=[?, 9, 2]]
        lengths = Placeholder[dtype=int32, shape=[?]]
        r = ReverseSequence(x, lengths)
        """
    )
    found = made.all("lengths")
    assert 1 <= found.min() <= found.max() <= 9
    assert [batch["lengths"].shape for batch in made.feeds] == [(3,), (1,)]
    assert made.told() == {"lengths": f"lengths from {found.min()} to {found.max()}"}


def test_what_shapes_are_made_of_is_the_batch():
    made = Made(
        """
        x = Placeholder[dtype=float32, shape=[?, 2]]
        size = Placeholder[dtype=int32, shape=[]]
        p = Pack(size, size)
        f = Fill(p, x)
        """
    )
    assert [batch["size"].item() for batch in made.feeds] == [3, 1]
    assert made.told() == {"size": "the size of the batch"}


def test_probabilities_and_pixels():
    made = Made(
        """
        p = Placeholder[dtype=float32, shape=[?, 50]]
        l = Log(p)
        image = Placeholder[dtype=float32, shape=[?, 50]]
        white = Const[dtype=float32, value=float32[](255.0)]
        d = RealDiv(image, white)
        raw = Placeholder[dtype=uint8, shape=[?, 50]]
        """
    )
    assert 0 < made.all("p").min() < made.all("p").max() < 1
    assert made.all("image").min() >= 0
    assert made.all("image").max() > 200
    assert made.all("raw").max() > 200
    assert made.told()["p"] == "numbers between 0 and 1"


def test_ids_in_floats_are_whole():
    text = "x = Placeholder[dtype=float32, shape=[?, 9]]\nt = VarHandleOp[shape=[6, 2]]\nc = Cast(x)\n"
    assert set(Made(text + "a = ResourceGather(t, c)").all("x").tolist()) == {0, 1, 2, 3, 4, 5}


def test_keys_of_tables():
    lookups = "\n".join(
        f"{key} = Placeholder[dtype={dtype}, shape=[?, 9]]\n{key}_table = HashTableV2\n"
        f"{key}_found = LookupTableFindV2({key}_table, {key}, {key})"
        for key, dtype in (("word", "string"), ("id", "int64"))
    )
    made = Made(lookups, {"word_table": [b"red", b"blue"], "id_table": [70, 90]})
    assert set(made.all("word").tolist()) == {b"red", b"blue"}
    assert set(made.all("id").tolist()) == {70, 90}
    assert made.told() == {"word": "words of a table", "id": "keys of a table, from 70 to 90"}


# ---- sparse tensors

SPARSE = """
s/indices = Placeholder[dtype=int64, shape=[?, 2]]
s/values = Placeholder[dtype=int64, shape=[?]]
s/shape = Placeholder[dtype=int64, shape=[2]]
"""
UNNAMED = """
a = Placeholder[dtype=int64, shape=[?, 2]]
b = Placeholder[dtype=float32, shape=[?]]
c = Placeholder[dtype=int64, shape=[2]]
w = VarHandleOp[dtype=float32, shape=[7, 2]]
w/read = ReadVariableOp(w)
m = SparseTensorDenseMatMul[T=float32](a, b, c, w/read)
"""


LISTED = """
s_indices = Placeholder[dtype=int64, shape=[?, ?]]
s_values = Placeholder[dtype=string, shape=[?]]
s_dense_shape = Placeholder[dtype=int64, shape=[2]]
"""


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        (SPARSE, ("s_indices", "s_values", "s_shape")),
        (UNNAMED, ("a", "b", "c")),
        (LISTED, ("s_indices", "s_values", "s_dense_shape")),
    ],
)
def test_the_parts_of_sparse_tensors_fit_each_other(text, keys):
    made = Made(text)
    for batch, rows in zip(made.feeds, (3, 1), strict=True):
        indices, values, shape = (batch[key] for key in keys)
        assert shape.tolist() == [rows, 7 if text == UNNAMED else 4]
        assert len(indices) == len(values)
        assert (indices < shape).all()
        assert [*map(tuple, indices)] == sorted(set(map(tuple, indices)))
        assert set(indices[:, 0].tolist()) == set(range(rows))
    assert set(made.told()) == set(keys)


# ---- sizes that constants ask for


def test_batches_and_steps_of_constants_are_tried():
    made = Made(
        """
        x = Placeholder[dtype=float32, shape=[?, ?, 2]]
        sizes = Const[dtype=int32, value=int32[3](64, 20, 2)]
        r = Reshape(x, sizes)
        u = Unpack[axis=0, num=7](r)
        """
    )
    tried = [(guess.batches, guess.size) for guess in made.guesses]
    assert tried[0] == ((3, 1), 4)
    assert ((64,), 20) in tried
    assert ((3, 1), 7) in tried
    assert Guess((64,), 20).shape((None, None, 2), 64) == (64, 20, 2)


def test_the_rows_of_another_input_are_tried():
    made = Made("x = Placeholder[dtype=float32, shape=[?, 2]]\nstate = Placeholder[dtype=float32, shape=[16, 5]]")
    assert [guess.batches for guess in made.guesses] == [(3, 1), (16,)]


def test_every_open_dimension_may_be_the_batch():
    made = Made("x = Placeholder[dtype=float32, shape=[?, ?, 2]]\nlengths = Placeholder[dtype=int32, shape=[?]]")
    guess = next(guess for guess in made.guesses if guess.size is None)
    shapes = [[array.shape for array in batch.values()] for batch in made.maker.feeds(made.signature, guess)]
    assert shapes == [[(3, 3, 2), (3,)], [(1, 1, 2), (1,)]]


def test_unbounded_integers_are_tried_at_their_least():
    made = Made("x = Placeholder[dtype=int32, shape=[?]]")
    assert [guess.integers for guess in made.guesses] == [4, 1]


# ---- strings

TEXT = "x = Placeholder[dtype=string, shape=[?]]\n"


def drawn(text: str) -> bytes:
    return Made(TEXT + text).feeds[0]["x"][0]


@pytest.mark.parametrize(
    ("text", "begins"),
    [
        ("a = DecodePng(x)", b"\x89PNG"),
        ("a = DecodeBmp(x)", b"BM"),
        ("a = DecodeAndCropJpeg(x, x)", b"\xff\xd8\xff"),
        ("a = DecodeWav(x)", b"RIFF"),
        ("b = DecodeBase64(x)\na = DecodePng(b)", b"iVBORw0K"),
        ("j = DecodeJSONExample(x)", b'{"features"'),
    ],
)
def test_files_are_what_is_decoded(text, begins):
    assert drawn(text).startswith(begins)


def test_lines_of_values():
    line = drawn('c = DecodeCSV[OUT_TYPE={int32, float32, string}, field_delim=";"](x)').split(b";")
    assert len(line) == 3
    assert 0 <= int(line[0]) < 4
    assert np.isfinite(float(line[1]))


def test_numbers_as_text_stay_in_their_table():
    text = "n = StringToNumber[out_type=int32](x)\nt = VarHandleOp[shape=[2, 2]]\na = ResourceGather(t, n)"
    assert {int(word) for batch in Made(TEXT + text).feeds for word in batch["x"]} <= {0, 1}


def test_raw_bytes_have_the_size_that_is_reshaped_to():
    text = "d = DecodeRaw[out_type=float32](x)\nn = Const[value=int32[2](-1, 6)]\nr = Reshape(d, n)"
    assert len(struct.unpack("<6f", drawn(text))) == 6


def test_serialized_tensors():
    array = to_array(TensorProto.FromString(drawn("p = ParseTensor[out_type=float32](x)")))
    assert array.dtype == np.float32


def test_several_words_to_split():
    text = 'd = Const[dtype=string, value=string[]("|")]\ns = StringSplit(x, d)'
    words = [word for batch in Made(TEXT + text).feeds for word in batch["x"]]
    assert any(b"|" in word for word in words)
    assert not any(b" " in word for word in words)


def test_guesses_are_told_and_others_are_not():
    made = Made(TEXT + "i = Placeholder[dtype=int32, shape=[?]]\nf = Placeholder[dtype=float32, shape=[?, 4]]")
    told = made.told()
    assert told["x"] == "any words"
    assert told["i"].endswith("; nothing tells how large they may be")
    assert "f" not in told


# ---- what keeps the original running


@pytest.mark.parametrize("op", ["FloorDiv", "FloorMod", "TruncateMod", "RealDiv"])
def test_divisors_are_not_zero(op):
    made = Made(f"a = Placeholder[dtype=int32, shape=[50]]\nb = Placeholder[dtype=int32, shape=[50]]\nc = {op}(a, b)")
    assert made.all("b").min() >= 1
    assert made.all("a").min() == 0


@pytest.mark.parametrize(("shape", "perm", "steps"), [("9, 2, 4", "0, 1, 2", 9), ("2, 9, 4", "1, 0, 2", 9)])
def test_lengths_of_ctc_are_within_the_axis_of_time(shape, perm, steps):
    made = Made(
        f"""
        x = Placeholder[dtype=float32, shape=[{shape}]]
        lengths = Placeholder[dtype=int32, shape=[2]]
        order = Const[dtype=int32, value=int32[3]({perm})]
        t = Transpose(x, order)
        c = CTCGreedyDecoder(t, lengths)
        """
    )
    lengths = [made.maker.feeds(made.signature, made.guesses[0])[0]["lengths"].max() for _ in range(2)]
    assert 1 <= min(lengths) <= max(lengths) <= steps
    facts = made.maker.facts(made.signature.inputs["lengths"])
    assert facts.time[1] == [int(size) for size in shape.split(", ")].index(steps)


def test_axes_are_a_permutation():
    made = Made(
        """
        x = Placeholder[dtype=float32, shape=[2, 3, 4]]
        order = Placeholder[dtype=int32, shape=[3]]
        axis = Placeholder[dtype=int32, shape=[]]
        t = Transpose(x, order)
        s = Sum(t, axis)
        """
    )
    assert [sorted(batch["order"].tolist()) for batch in made.feeds] == [[0, 1, 2]] * 2
    assert {int(batch["axis"]) for batch in made.feeds} == {0}
    assert made.told() == {"order": "what fits another input", "axis": "axes"}


def test_what_is_split_into_towers_is_a_multiple_of_them():
    made = Made(
        """
        x = Placeholder[dtype=float32, shape=[?, 3]]
        axis = Const[dtype=int32, value=int32[](0)]
        s = Split[num_split=5](axis, x)
        """
    )
    assert (5,) in [guess.batches for guess in made.guesses]


def test_a_dilated_kernel_gets_enough_steps():
    made = Made(
        """
        x = Placeholder[dtype=float32, shape=[2, ?, 3]]
        one = Const[dtype=int32, value=int32[](1)]
        wide = ExpandDims(x, one)
        kernel = VarHandleOp[dtype=float32, shape=[1, 3, 3, 16]]
        read = ReadVariableOp[dtype=float32](kernel)
        block = Const[dtype=int32, value=int32[2](1, 5)]
        pads = Const[dtype=int32, value=int32[2,2](0, 0, 0, 0)]
        space = SpaceToBatchND(wide, block, pads)
        y = Conv2D[padding="VALID"](space, read)
        """
    )
    assert made.feeds[0]["x"].shape == (2, 11, 3)


def test_inputs_stay_within_a_budget():
    graph = "x = Placeholder[dtype=float32, shape=[?, {}]]"
    made = Made(graph.format("2048, 1024, 4"))
    assert [batch["x"].shape[0] for batch in made.feeds] == [1, 1]
    with pytest.raises(UsageError, match=r"would take more than 64 MiB.*--verify-data.*--no-verify"):
        Made(graph.format("512, 512, 512"))


def test_open_images_stay_small():
    text = "\n".join(f"gamma{n} = Const[dtype=float32, value=float32[{n}]({', '.join('1' * n)})]" for n in (64, 512))
    made = Made(f"x = Placeholder[dtype=float32, shape=[?, ?, ?, 3]]\n{text}")
    sizes = [np.prod(made.maker.feeds(made.signature, guess)[0]["x"].shape) for guess in made.guesses]
    assert max(sizes) * 4 <= 8 << 20
