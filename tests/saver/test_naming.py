"""Names under which tensors are looked for."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compat_saver.bundle import open_bundle
from compat_saver.errors import UsageError
from compat_saver.proto.messages import OBJECT_GRAPH_KEY, TrackableObjectGraph
from compat_saver.saver.matching.naming import Matching, stored_names
from tests.small_models import write_checkpoint

KERAS = Path(__file__).with_name("keras_1_15")
AVERAGE = "ExponentialMovingAverage"


def named(directory, *keys):
    return open_bundle(write_checkpoint(directory / "model.ckpt", {key: np.float32(0) for key in keys}))


def of_objects(directory, *rows):
    """Writes an object-based checkpoint of rows (path, name in the graph)."""
    graph = TrackableObjectGraph()
    root = graph.nodes.add()
    tensors = {}
    for path, full_name in rows:
        parent = root
        for part in path.split("/"):
            child = next((child.node_id for child in parent.children if child.local_name == part), None)
            if child is None:
                child = len(graph.nodes)
                graph.nodes.add()
                parent.children.add(node_id=child, local_name=part)
            parent = graph.nodes[child]
        key = f"{path}/.ATTRIBUTES/VARIABLE_VALUE"
        parent.attributes.add(name="VARIABLE_VALUE", full_name=full_name, checkpoint_key=key)
        tensors[key] = np.float32(0)
    tensors[OBJECT_GRAPH_KEY] = np.array(graph.SerializeToString(), object)
    return open_bundle(write_checkpoint(directory / "model.ckpt", tensors))


def test_keys_name_themselves(tmp_path):
    assert stored_names(named(tmp_path, "a", "b/c")) == {"a": "a", "b/c": "b/c"}


class TestScope:
    def test_only_what_is_below(self, tmp_path):
        checkpoint = named(tmp_path, "m/a", "m/b/c", "mm/a", "m", "step")
        assert stored_names(checkpoint, Matching(scope="m")) == {"a": "m/a", "b/c": "m/b/c"}
        assert stored_names(checkpoint, Matching(scope="m/b/")) == {"c": "m/b/c"}

    def test_nothing_is_below(self, tmp_path):
        checkpoint = named(tmp_path, "model/a", "step")
        with pytest.raises(UsageError, match=r"scope 'modle': no tensor .* is below it; did you mean 'model'\?"):
            stored_names(checkpoint, Matching(scope="modle"))

    def test_the_map_sees_names_without_it(self, tmp_path):
        assert stored_names(named(tmp_path, "m/a"), Matching(scope="m", name_map={"a": "w"})) == {"w": "m/a"}


class TestAverages:
    def test_take_the_place_of_what_they_average(self, tmp_path):
        checkpoint = named(tmp_path, "w", f"w/{AVERAGE}", "v", f"u/{AVERAGE}")
        names = stored_names(checkpoint, Matching(ema=True))
        assert names["w"] == f"w/{AVERAGE}"
        assert names["u"] == f"u/{AVERAGE}"
        assert names["v"] == "v"
        assert stored_names(checkpoint)["w"] == "w"

    def test_there_are_none(self, tmp_path):
        with pytest.raises(UsageError, match="holds no moving averages"):
            stored_names(named(tmp_path, "w"), Matching(ema=True))

    def test_below_a_scope(self, tmp_path):
        names = stored_names(named(tmp_path, "m/w", f"m/w/{AVERAGE}"), Matching(ema=True, scope="m"))
        assert names["w"] == f"m/w/{AVERAGE}"


class TestNameMap:
    KEYS = ("dense/kernel", "dense/bias", "step")

    def renamed(self, directory, name_map):
        return {
            key: name for name, key in stored_names(named(directory, *self.KEYS), Matching(name_map=name_map)).items()
        }

    def test_exact(self, tmp_path):
        found = self.renamed(tmp_path, {"dense/kernel": "w"})
        assert found == {"dense/kernel": "w", "dense/bias": "dense/bias", "step": "step"}

    def test_two_change_places(self, tmp_path):
        found = self.renamed(tmp_path, {"dense/kernel": "dense/bias", "dense/bias": "dense/kernel"})
        assert found["dense/kernel"] == "dense/bias"
        assert found["dense/bias"] == "dense/kernel"

    def test_takes_a_name_from_what_it_does_not_speak_of(self, tmp_path):
        found = self.renamed(tmp_path, {"dense/kernel": "dense/bias"})
        assert found == {"dense/kernel": "dense/bias", "step": "step"}

    def test_patterns(self, tmp_path):
        found = self.renamed(tmp_path, {re.compile("^dense/"): "fc/", re.compile("/(kernel|bias)$"): r"/\1_0"})
        assert found == {"dense/kernel": "fc/kernel_0", "dense/bias": "fc/bias_0", "step": "step"}

    def test_patterns_keep_their_flags(self, tmp_path):
        assert self.renamed(tmp_path, {re.compile("^DENSE", re.IGNORECASE): "fc"})["dense/bias"] == "fc/bias"

    def test_an_exact_name_comes_before_patterns(self, tmp_path):
        found = self.renamed(tmp_path, {re.compile("dense"): "fc", "dense/bias": "b"})
        assert (found["dense/kernel"], found["dense/bias"]) == ("fc/kernel", "b")

    def test_a_function(self, tmp_path):
        assert self.renamed(tmp_path, str.upper) == {key: key.upper() for key in self.KEYS}

    @pytest.mark.parametrize(
        ("name_map", "message"),
        [
            ({"dense/kernal": "w"}, r"No tensor fits 'dense/kernal'; did you mean 'dense/kernel'"),
            ({re.compile("conv"): "w"}, r"No tensor fits the pattern 'conv'"),
            ({re.compile(".*"): ""}, "Nothing would be left"),
            ({re.compile("dense"): r"\1"}, "cannot replace"),
            ({"dense/kernel": "w", "dense/bias": "w"}, r"'dense/bias' and 'dense/kernel' would both be 'w'"),
            ({"dense/kernel": "x", re.compile(".*bias"): "x"}, r"would both be 'x'"),
            ({"dense/kernel": "step", "step": "step"}, r"would both be 'step'"),
            ({"dense/kernel": 3}, r"expected names or compiled patterns -> names, found 'dense/kernel': 3"),
            ({3: "dense/kernel"}, r"expected names or compiled patterns -> names, found 3: 'dense/kernel'"),
            (lambda name: None, r"must return a name for '.*', but returned None"),
            (lambda name: "w", r"would both be 'w'"),
        ],
    )
    def test_what_cannot_be_meant(self, tmp_path, name_map, message):
        with pytest.raises(UsageError, match=message):
            self.renamed(tmp_path, name_map)


class TestObjects:
    def test_have_three_names(self, tmp_path):
        names = stored_names(of_objects(tmp_path, ("model/dense/w", "dense/kernel")))
        key = "model/dense/w/.ATTRIBUTES/VARIABLE_VALUE"
        assert names == {key: key, "model/dense/w": key, "dense/kernel": key}

    def test_a_name_of_two_variables_is_of_neither(self, tmp_path):
        names = stored_names(of_objects(tmp_path, ("a", "Variable"), ("b", "Variable")))
        assert "Variable" not in names
        assert names["b"] == "b/.ATTRIBUTES/VARIABLE_VALUE"

    def test_a_way_comes_before_a_name(self, tmp_path):
        names = stored_names(of_objects(tmp_path, ("a", "b"), ("b", "a")))
        assert names["a"] == "a/.ATTRIBUTES/VARIABLE_VALUE"

    def test_what_is_renamed_goes_by_no_other_name(self, tmp_path):
        checkpoint = of_objects(tmp_path, ("a", "x"), ("b", "y"))
        names = stored_names(checkpoint, Matching(name_map={"a": "y"}))
        assert names["y"] == "a/.ATTRIBUTES/VARIABLE_VALUE"
        assert "x" not in names
        assert names["b"] == "b/.ATTRIBUTES/VARIABLE_VALUE"

    def test_below_a_scope(self, tmp_path):
        names = stored_names(
            of_objects(tmp_path, ("model/w", "dense/kernel"), ("step", "step")), Matching(scope="model")
        )
        key = "model/w/.ATTRIBUTES/VARIABLE_VALUE"
        assert names == {"w": key, "w/.ATTRIBUTES/VARIABLE_VALUE": key}

    def test_of_real_keras(self):
        names = stored_names(open_bundle(KERAS / "objects"))
        key = "layer_with_weights-1/gamma/.ATTRIBUTES/VARIABLE_VALUE"
        assert names["layer_with_weights-1/gamma"] == names["batch_normalization/gamma"] == key
        assert OBJECT_GRAPH_KEY not in names


@settings(deadline=None, max_examples=50)
@given(keys=st.lists(st.text("ab/", min_size=1, max_size=5), min_size=1, unique=True), data=st.data())
def test_a_map_of_all_names_is_what_it_says(tmp_path_factory, keys, data):
    new = data.draw(st.permutations(keys))
    checkpoint = named(tmp_path_factory.mktemp("map"), *keys)
    assert stored_names(checkpoint, Matching(name_map=dict(zip(keys, new, strict=True)))) == dict(
        zip(new, keys, strict=True)
    )
