"""The inputs that a verification makes up, and those it is given."""

import numpy as np
import pytest

from compat_saver import dtypes
from compat_saver.errors import UsageError
from compat_saver.graph import parse_graph
from compat_saver.migration.verification.samples import Guess, SampleMaker, read_feeds
from compat_saver.model.signature import Signature, Tensor

GRAPH = """
in_0 = Placeholder[dtype=float32]
ids = Placeholder[dtype=int32]
table = VarHandleOp[dtype=float32, shape=[5, 6]]
look = ResourceGather(table, ids)
wide = VarHandleOp[dtype=float32, shape=[12, 3]]
bias = VarHandleOp[dtype=float32, shape=[3]]
"""
NODES = {"x:0": "in_0", "ids:0": "ids"}


def signature(**inputs: tuple[str, tuple | None]) -> Signature:
    made = {key: Tensor(f"{key}:0", dtypes.by_name(dtype).number, shape) for key, (dtype, shape) in inputs.items()}
    return Signature("serve", made, {})


def maker(seed: int = 0, **nodes: str) -> SampleMaker:
    return SampleMaker(parse_graph(GRAPH), NODES | nodes, seed)


def feeds(*, seed: int = 0, guess: Guess | None = None, **inputs) -> list[dict[str, np.ndarray]]:
    asked, made = signature(**inputs), maker(seed, **{f"{key}:0": "in_0" for key in inputs if key != "ids"})
    return made.feeds(asked, guess or next(made.guesses(asked)))


def test_two_batches_of_different_sizes():
    assert [batch["x"].shape for batch in feeds(x=("float32", (None, 12)))] == [(3, 12), (1, 12)]


def test_known_shapes_are_kept():
    assert {batch["x"].shape for batch in feeds(x=("float32", (2, 3)))} == {(2, 3)}
    assert {batch["x"].shape for batch in feeds(x=("float32", ()))} == {()}


@pytest.mark.parametrize(
    "dtype", ["float32", "float64", "float16", "bfloat16", "int32", "int64", "uint8", "int8", "bool", "complex64"]
)
@pytest.mark.parametrize("shape", [(), (None,), (2, None)])
def test_every_dtype_in_every_shape(dtype, shape):
    for batch in feeds(x=(dtype, shape)):
        assert isinstance(batch["x"], np.ndarray)
        assert batch["x"].dtype == dtypes.by_name(dtype).numpy
        assert batch["x"].ndim == len(shape)


@pytest.mark.parametrize("shape", [(), (None,), (2, None)])
def test_text_is_bytes(shape):
    for batch in feeds(x=("string", shape)):
        assert batch["x"].dtype == object
        assert all(isinstance(word, bytes) for word in batch["x"].reshape(-1))


def test_the_second_batch_is_from_0_to_1():
    first, second = feeds(x=("float32", (None, 1000)))
    assert first["x"].min() < 0
    assert 0 <= second["x"].min() < second["x"].max() < 1


def test_both_truth_values_occur_where_there_is_one():
    assert {bool(batch["x"]) for batch in feeds(x=("bool", ()))} == {True, False}


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_indices_stay_inside_their_table(dtype):
    found = np.concatenate([batch["ids"].reshape(-1) for batch in feeds(ids=(dtype, (None, 500)))])
    assert set(found.tolist()) == set(range(5))


def test_the_same_seed_makes_the_same_inputs():
    kinds = {"x": ("float32", (None, 3)), "ids": ("int32", (None,)), "t": ("string", (None,)), "b": ("bool", (None,))}
    one, same, other = feeds(seed=3, **kinds), feeds(seed=3, **kinds), feeds(seed=4, **kinds)
    assert all(np.array_equal(a[key], b[key]) for a, b in zip(one, same, strict=True) for key in kinds)
    assert not np.array_equal(one[0]["x"], other[0]["x"])


# ---- sizes to try


def guesses(*shapes) -> list[Guess]:
    inputs = {f"x{number}": ("float32", shape) for number, shape in enumerate(shapes)}
    return list(maker(**{f"{key}:0": "in_0" for key in inputs}).guesses(signature(**inputs)))


def test_one_guess_where_only_the_batch_is_open():
    assert len(guesses((None, 12), (None,), ())) == 1
    assert len(guesses()) == 1


def test_open_dimensions_try_the_sizes_of_the_weights():
    tried = guesses((None, None))
    sizes = [guess.size for guess in tried]
    assert sizes[:4] == [4, None, 5, 12]  # None: as the batch
    assert len(sizes) == len(set(sizes))


def test_unknown_ranks_are_tried():
    tried = guesses(None)
    assert {guess.rank for guess in tried} >= {0, 1, 2, 3}
    assert len(tried) <= 24


@pytest.mark.parametrize(
    ("shape", "filled"),
    [((None, 7), (3, 7)), ((None, None), (3, 4)), ((2, None), (2, 4)), (None, (3, 4)), ((), ()), ((None,), (3,))],
)
def test_a_guess_fills_a_shape(shape, filled):
    assert Guess(size=4, rank=2).shape(shape, 3) == filled


# ---- inputs from a file


def read(path, *, dtype="float32", shape=(None, 2), **arrays) -> np.ndarray:
    np.savez(path / "in.npz", **arrays)
    (batch,) = read_feeds(path / "in.npz", (signature(features=(dtype, shape)),))["serve"]
    return batch["features"]


@pytest.mark.parametrize("name", ["features", "features:0"])
def test_arrays_are_found_by_key_and_by_tensor(tmp_path, name):
    np.testing.assert_array_equal(read(tmp_path, **{name: np.eye(2), "other": np.eye(3)}), np.eye(2))


def test_the_key_wins_over_the_tensor(tmp_path):
    np.testing.assert_array_equal(read(tmp_path, **{"features:0": np.eye(2), "features": np.ones(2)}), np.ones(2))


@pytest.mark.parametrize(
    ("dtype", "array"),
    [
        ("float32", np.float64([1.5])),
        ("float32", np.int64([1])),
        ("bfloat16", np.float32([1.5])),
        ("float16", np.int32([1])),
        ("int32", np.int64([7])),
        ("int64", np.array([True])),
        ("bool", np.array([True])),
        ("string", np.array(["ä", "b"])),
        ("string", np.array([b"a", b"b"])),
        ("complex64", np.float64([1.5])),
    ],
)
def test_dtypes_that_fit_are_converted(tmp_path, dtype, array):
    found = read(tmp_path, dtype=dtype, features=array)
    assert found.dtype == (object if dtype == "string" else dtypes.by_name(dtype).numpy)
    assert found.shape == array.shape
    if dtype == "string":
        assert found.tolist() == [word if isinstance(word, bytes) else word.encode() for word in array.tolist()]


@pytest.mark.parametrize(
    ("dtype", "array"),
    [
        ("float32", np.array(["1.5"])),
        ("float32", np.complex64([1j])),
        ("int32", np.float32([1.5])),  # it would lose its fraction unseen
        ("bool", np.int32([2])),
        ("int32", np.array([b"7"])),
        ("string", np.int32([7])),
    ],
)
def test_dtypes_that_do_not_fit_are_refused(tmp_path, dtype, array):
    with pytest.raises(UsageError, match=f"'features' has dtype .*, expected {dtype}"):
        read(tmp_path, dtype=dtype, features=array)


def test_a_missing_array_is_named_with_the_nearest(tmp_path):
    with pytest.raises(UsageError, match=r"no array 'features' or 'features:0' .* did you mean 'feature'\?"):
        read(tmp_path, feature=np.eye(2))


def test_a_damaged_archive(tmp_path):
    np.savez(tmp_path / "in.npz", features=np.zeros((100, 2)))
    data = bytearray((tmp_path / "in.npz").read_bytes())
    data[200] ^= 255
    (tmp_path / "in.npz").write_bytes(data)
    with pytest.raises(UsageError, match="cannot be read"):
        read_feeds(tmp_path / "in.npz", (signature(features=("float64", (None, 2))),))


def test_an_argument_fits_the_tensor_beside_it():
    text = """
    x = Placeholder[dtype=float32, shape=[?, 4]]
    sizes = Placeholder[dtype=int32, shape=[2]]
    y = Reshape[T=float32](x, sizes)
    """
    inputs = {"x": Tensor("x:0", 1, (None, 4)), "sizes": Tensor("sizes:0", 3, (2,))}
    maker = SampleMaker(parse_graph(text), {"x:0": "x", "sizes:0": "sizes"}, 0)
    signature = Signature("serve", inputs, {"y": Tensor("y:0", 1, None)})
    found = maker.feeds(signature, next(maker.guesses(signature)))
    assert [feeds["sizes"].tolist() for feeds in found] == [[3, 4], [1, 4]]
    assert found[0]["sizes"].dtype == np.int32
