"""What is said of a checkpoint that does not fit."""

import re
import time
from typing import ClassVar

import numpy as np
import pytest

from compat_saver.bundle import open_bundle
from compat_saver.errors import RestoreError
from compat_saver.saver.matching.advice import mismatch_message, scope_shift
from compat_saver.saver.matching.fit import Wanted, fit
from compat_saver.saver.matching.naming import Matching, stored_names
from compat_saver.saver.restore_ops.filling import match
from tests.small_models import write_checkpoint

FLOAT, DOUBLE = 1, 2
LAST = "Restore only what fits with strict=False, or map tensors to variables with name_map."


def opened(directory, tensors):
    return open_bundle(write_checkpoint(directory / "model.ckpt", {k: np.zeros(v, "f") for k, v in tensors.items()}))


def said(checkpoint, wanted, **naming):
    """The whole message for variables of name -> shape, without the path of the checkpoint."""
    names = stored_names(checkpoint, Matching(**naming))
    asked = [w if isinstance(w, Wanted) else Wanted(w, FLOAT, wanted[w], (w,)) for w in wanted]
    report = fit(asked, checkpoint, names).report
    message = mismatch_message(report, checkpoint, names, wanted=asked, matching=Matching(**naming))
    return message.replace(checkpoint.prefix, "CHECKPOINT")


def test_a_typo(tmp_path):
    checkpoint = opened(tmp_path, {"dense/kernel": (2, 3), "dense/bias": (3,), "conv/kernel": (9,)})
    assert said(checkpoint, {"dense/kernal": (2, 3), "dense/bias": (3,)}) == (
        "CHECKPOINT does not fit: 1 of 2 variables was not found in checkpoint. Nothing was restored.\n"
        "  - 'dense/kernal' (float32 [2, 3]) is not in the checkpoint; did you mean 'dense/kernel'?\n" + LAST
    )


def test_all_of_the_checkpoint_is_below_a_scope(tmp_path):
    checkpoint = opened(tmp_path, {"model/dense/kernel": (2, 3), "model/dense/bias": (3,), "model/step": ()})
    assert said(checkpoint, {"dense/kernel": (2, 3), "dense/bias": (3,)}) == (
        "CHECKPOINT does not fit: 2 of 2 variables were not found in checkpoint. Nothing was restored.\n"
        "  - 'dense/kernel' (float32 [2, 3]) is not in the checkpoint; did you mean 'model/dense/kernel'?\n"
        "  - 'dense/bias' (float32 [3]) is not in the checkpoint; did you mean 'model/dense/bias'?\n"
        "Every tensor of the checkpoint starts with 'model/', and the variables do not: "
        "with scope='model' 2 of the 2 are found.\n" + LAST
    )


def test_some_of_the_checkpoint_is_below_a_scope(tmp_path):
    checkpoint = opened(tmp_path, {"model/dense/kernel": (2, 3), "step": ()})
    assert (
        "The tensors of 1 of them start with 'model/', and the variables do not: "
        "with name_map={re.compile('^model/'): ''} it is found."
    ) in said(checkpoint, {"dense/kernel": (2, 3), "step": ()})


def test_the_variables_are_below_a_scope(tmp_path):
    checkpoint = opened(tmp_path, {"dense/kernel": (2, 3), "dense/bias": (3,)})
    assert (
        "The names of 2 of these variables start with 'tower_0/', those of the checkpoint do not: "
        "with name_map={re.compile('^'): 'tower_0/'} 2 of the 2 are found."
    ) in said(checkpoint, {"tower_0/dense/kernel": (2, 3), "tower_0/dense/bias": (3,)})


def test_another_scope(tmp_path):
    checkpoint = opened(tmp_path, {"resnet_v1.5/conv/w": (3,), "resnet_v1.5/fc/w": (4,), "step": ()})
    assert (
        r"The checkpoint has 'resnet_v1.5/' where these variables have 'backbone/': "
        r"with name_map={re.compile('^resnet_v1\\.5/'): 'backbone/'} 2 of the 2 are found."
    ) in said(checkpoint, {"backbone/conv/w": (3,), "backbone/fc/w": (4,)})


@pytest.mark.parametrize(
    ("stored", "asked"),
    [
        ({"model/a/w": (2,), "model/b/w": (3,), "model/s": ()}, {"a/w": (2,), "b/w": (3,)}),
        ({"model/a/w": (2,), "model/b/w": (3,), "s": ()}, {"a/w": (2,), "b/w": (3,), "s": ()}),
        ({"a/w": (2,), "b/w": (3,)}, {"x/y/a/w": (2,), "x/y/b/w": (3,)}),
        ({"m.1+(x)/a/w": (2,), "m.1+(x)/b/w": (3,)}, {"n/a/w": (2,), "n/b/w": (3,)}),
    ],
)
def test_the_arguments_do_what_is_said_of_them(tmp_path, stored, asked):
    import re

    checkpoint = opened(tmp_path, stored)
    names = stored_names(checkpoint)
    wanted = [Wanted(name, FLOAT, shape, (name,)) for name, shape in asked.items()]
    shift = scope_shift(fit(wanted, checkpoint, names).report.missing, checkpoint, names)
    given = eval(f"dict({shift.arguments})", {"re": re})
    assert fit(wanted, checkpoint, stored_names(checkpoint, Matching(**given))).report.is_complete


class TestWhatAPersonSaidAlready:
    STORED: ClassVar = {"outer/model/a/w": (2,), "outer/model/b/w": (3,), "outer/c": (4,)}
    WANTED: ClassVar = {"net/a/w": (2,), "net/b/w": (3,), "c": (4,)}

    def test_a_scope_stays(self, tmp_path):
        message = said(opened(tmp_path, self.STORED), self.WANTED, scope="outer")
        assert "with scope='outer', name_map={re.compile('^model/'): 'net/'} 2 of the 2 are found." in message

    def test_a_scope_goes_on(self, tmp_path):
        stored = {"outer/model/a/w": (2,), "outer/model/b/w": (3,), "step": ()}
        message = said(opened(tmp_path, stored), {"a/w": (2,), "b/w": (3,)}, scope="outer")
        assert "with scope='outer', name_map={re.compile('^model/'): ''} 2 of the 2 are found." in message
        stored.pop("step")
        directory = tmp_path / "all"
        directory.mkdir()
        message = said(opened(directory, stored), {"a/w": (2,), "b/w": (3,)}, scope="outer")
        assert "with scope='outer/model' 2 of the 2 are found." in message

    def test_a_map_is_added_to(self, tmp_path):
        stored = {"one/a/w": (2,), "two/b/w": (3,)}
        message = said(opened(tmp_path, stored), {"x/a/w": (2,), "y/b/w": (3,)}, name_map={re.compile("^one/"): "x/"})
        assert "The checkpoint has 'two/' where these variables have 'y/'" in message
        assert "with {re.compile('^two/'): 'y/'} added to name_map it is found." in message

    def test_a_function_does_more(self, tmp_path):
        message = said(opened(tmp_path, {"two/b/w": (3,)}), {"y/b/w": (3,)}, name_map=lambda name: name)
        assert "with a name_map that also does what {re.compile('^two/'): 'y/'} does it is found." in message

    def test_a_map_moves_away_what_is_looked_for(self, tmp_path):
        checkpoint = opened(tmp_path, {"dense/depthwise_kernel": (3,), "Adam/m/dense/depthwise_kernel": (3,)})
        message = said(checkpoint, {"dense/depthwise_kernel": (3,)}, name_map=lambda name: name.replace("wise", "own"))
        _, line, *rest = message.splitlines()
        assert line.endswith("is not in the checkpoint: your name_map calls it 'dense/depthown_kernel'.")
        assert rest == [LAST]

    def test_only_names_of_the_checkpoint_are_told(self, tmp_path):
        message = said(opened(tmp_path, {"a/w": (2,)}), {"b/kernel": (2,)}, name_map={"a/w": "b/kernal"})
        assert "b/kernal" not in message


def test_a_tensor_that_has_its_variable_is_not_proposed(tmp_path):
    message = said(opened(tmp_path, {"a/w": (2,)}), {"a/w": (2,), "b/w": (2,)})
    assert "'b/w' (float32 [2]) is not in the checkpoint.\n" + LAST in message


def test_what_fits_in_several_ways_is_not_proposed(tmp_path):
    message = said(opened(tmp_path, {"a/w": (2,), "b/w": (2,)}), {"x/w": (2,), "y/w": (2,)})
    assert "name_map={" not in message
    assert "Several prefixes of names fit equally well; choose one with name_map: " in message
    assert all(f"'{old}/' for '{new}/'" in message for old in "ab" for new in "xy")


def test_numbers_that_are_others(tmp_path):
    checkpoint = opened(tmp_path, {"h/w": (2,), "h_1/w": (3,)})
    assert (
        "The names differ in their numbers. If the variables have the same order as the numbers, "
        "pass name_map={'h/w': 'h_1/w', 'h_1/w': 'h_2/w'}."
    ) in said(checkpoint, {"h_1/w": (2,), "h_2/w": (3,)})


def test_very_many_numbers_that_are_others(tmp_path):
    checkpoint = opened(tmp_path, {f"h_{n}/w": (2,) for n in range(401)})
    assert "pass a name_map of 401 names, starting with 'h_0/w': 'h_1/w'." in said(
        checkpoint, {f"h_{n}/w": (2,) for n in range(1, 402)}
    )


def test_a_shift_must_fit_the_shapes(tmp_path):
    checkpoint = opened(tmp_path, {"model/dense/kernel": (5, 5)})
    assert "with scope" not in said(checkpoint, {"dense/kernel": (2, 3)})


def test_a_shift_must_find_many(tmp_path):
    checkpoint = opened(tmp_path, {"model/dense/kernel": (2,)})
    assert "are found" not in said(checkpoint, {f"{name}/kernel": (2,) for name in ("dense", "x", "y", "z")})


def test_shapes_and_dtypes_that_differ(tmp_path):
    checkpoint = opened(tmp_path, {"kernel": (3, 2), "bias": (3,)})
    wanted = {
        Wanted("kernel", FLOAT, (2, 3), ("kernel",)): 0,
        Wanted("bias", DOUBLE, (3,), ("bias",)): 0,
        Wanted("b", FLOAT, (None, 2), ("nowhere", "bias")): 0,
    }
    assert said(checkpoint, wanted) == (
        "CHECKPOINT does not fit: 3 of 3 variables do not match their tensors. Nothing was restored.\n"
        "  - 'kernel': expected float32 [2, 3], found float32 [3, 2].\n"
        "  - 'bias': expected float64 [3], found float32 [3].\n"
        "  - 'b': expected float32 [?, 2], found float32 [3] as 'bias'.\n" + LAST
    )


def test_missing_and_misfitting(tmp_path):
    message = said(opened(tmp_path, {"a": (3,)}), {"a": (2,), "zzz": (9, 9)})
    assert message.startswith(
        "CHECKPOINT does not fit: 1 of 2 variables was not found in checkpoint, 1 does not match its tensor. "
        "Nothing was restored.\n"
        "  - 'zzz' (float32 [9, 9]) is not in the checkpoint.\n"
    )


def test_unknown_shapes(tmp_path):
    message = said(opened(tmp_path, {"model/weight": (3,)}), {"weight": None})
    assert "'weight' (float32 of unknown shape) is not in the checkpoint; did you mean 'model/weight'?" in message
    assert "with scope='model' it is found." in message


def test_the_name_that_was_looked_for(tmp_path):
    wanted = {Wanted("my variable", FLOAT, (2,), ("scope/w", "w")): 0}
    message = said(opened(tmp_path, {"x": (2,)}), wanted)
    assert "'my variable' (float32 [2]) is not in the checkpoint as 'scope/w'" in message


def test_no_more_than_ten_are_listed(tmp_path):
    checkpoint = opened(tmp_path, {f"b{n}": (3,) for n in range(15)})
    wanted = {f"a{n}/zzzz": (2,) for n in range(13)} | {f"b{n}": (2,) for n in range(15)}
    message = said(checkpoint, wanted)
    assert "  - and 3 more that are not in the checkpoint." in message
    assert "  - and 5 more that do not fit." in message
    assert len(message.splitlines()) == 24


def test_the_error_carries_the_report(tmp_path):
    checkpoint = opened(tmp_path, {"a": (3,)})
    names = stored_names(checkpoint)
    found = fit([Wanted("b", FLOAT, (3,), ("b",))], checkpoint, names)
    with pytest.raises(RestoreError) as caught:
        match([Wanted("b", FLOAT, (3,), ("b",))], checkpoint, names)
    assert caught.value.report == found.report
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("shape", [(1,), None])
@pytest.mark.parametrize("head", ["other/", "", "zzz"])
def test_20000_missing_are_told_of_at_once(tmp_path, head, shape):
    checkpoint = opened(tmp_path, {f"m/block_{n // 100}/layer_{n % 100}/kernel": (1,) for n in range(20_000)})
    names = stored_names(checkpoint)
    tail = "kernal" if head == "zzz" else "kernel"
    wanted = [
        Wanted(name, FLOAT, shape, (name,))
        for name in (f"{head}block_{n // 100}/layer_{n % 100}/{tail}" for n in range(20_000))
    ]
    report = fit(wanted, checkpoint, names).report
    start = time.perf_counter()
    message = mismatch_message(report, checkpoint, names)
    assert time.perf_counter() - start < 10  # half a second where nothing else runs
    assert ("20000 of the 20000 are found" in message) == (head != "zzz")
