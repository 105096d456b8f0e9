"""Our SavedModel beside the one that tf.saved_model.save makes of an equivalent object."""

import numpy as np
import pytest

from compat_saver.bundle import open_bundle
from compat_saver.proto.messages import OBJECT_GRAPH_KEY, TrackableObjectGraph
from tests.saved_model.models import COUNTS, WEIGHTS, WORDS, contents, write
from tests.saved_model.object_graphs import meta_of, objects, paths

pytestmark = pytest.mark.tensorflow

FED = {"x": np.float32([[1, 0], [0, 1]]), "words": np.array([b"blue", b"grey"], dtype=object)}
EXPECTED = {
    "y": FED["x"] @ WEIGHTS["scope/w"] + WEIGHTS["scope/b"],
    "id": np.int64([WORDS.index("blue"), -1]),
    "count": np.int64([COUNTS["blue"], -1]),
}


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    return write(tmp_path_factory.mktemp("ours") / "model", contents())


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """What TensorFlow itself writes of a model that was built in TensorFlow 2."""
    import tensorflow as tf

    directory = tmp_path_factory.mktemp("theirs")
    (directory / "words.txt").write_text("".join(f"{word}\n" for word in WORDS))
    root, file = tf.__internal__.tracking.AutoTrackable(), tf.saved_model.Asset(str(directory / "words.txt"))
    w = tf.Variable(WEIGHTS["scope/w"], name="scope/w")
    b = tf.Variable(WEIGHTS["scope/b"], name="scope/b", trainable=False)
    words, counts = _tables(tf, file)
    root.weights, root.variables, root.trainable_variables = {"scope/w": w, "scope/b": b}, [w, b], [w]
    root.tables, root.assets = {"words": words, "counts": counts}, [file]

    def find(table, keys):
        return tf.raw_ops.LookupTableFindV2(table_handle=table.resource_handle, keys=keys, default_value=np.int64(-1))

    @tf.function(
        input_signature=[tf.TensorSpec([None, 2], name="x"), tf.TensorSpec([None], tf.string, name="words")],
        autograph=False,
    )
    def serve(x, words_):
        return {"y": tf.nn.bias_add(tf.matmul(x, w), b), "id": find(words, words_), "count": find(counts, words_)}

    tf.saved_model.save(root, str(directory / "model"), signatures={"serving_default": serve})
    return directory / "model"


def _tables(tf, file):
    base = tf.saved_model.experimental.TrackableResource

    class Words(base):
        def _create_resource(self):
            return tf.raw_ops.HashTableV2(key_dtype=tf.string, value_dtype=tf.int64, shared_name="words")

        def _initialize(self):
            tf.raw_ops.InitializeTableFromTextFileV2(
                table_handle=self.resource_handle, filename=file.asset_path, key_index=-2, value_index=-1
            )

    class Counts(base):
        def _create_resource(self):
            return tf.raw_ops.MutableHashTableV2(key_dtype=tf.string, value_dtype=tf.int64, shared_name="counts")

        def _serialize_to_tensors(self):
            keys, values = tf.raw_ops.LookupTableExportV2(
                table_handle=self.resource_handle, Tkeys=tf.string, Tvalues=tf.int64
            )
            return {"keys": keys, "values": values}

        def _restore_from_tensors(self, restored):
            return tf.raw_ops.LookupTableImportV2(table_handle=self.resource_handle, **restored)

    words, counts = Words(), Counts()
    counts._restore_from_tensors({"keys": list(COUNTS), "values": np.int64(list(COUNTS.values()))})
    assert words.resource_handle is not None  # made here: within the function it could not be used outside
    return words, counts


def test_the_object_graphs_are_the_same(ours, theirs):
    """By path: kinds, children, dependencies, structures of functions and what these capture."""
    mine, other = (objects(meta_of(directory).object_graph_def) for directory in (ours, theirs))
    assert mine.keys() == other.keys()
    for path, expected in other.items():
        assert mine[path] == expected, path


def test_the_signatures_are_the_same(ours, theirs):
    mine, other = meta_of(ours).signature_def, meta_of(theirs).signature_def
    assert mine.keys() == other.keys()
    served, expected = mine["serving_default"], other["serving_default"]
    assert served.method_name == expected.method_name
    assert served.inputs == expected.inputs
    assert served.outputs.keys() == expected.outputs.keys()
    for key, info in expected.outputs.items():
        assert (served.outputs[key].name.partition(":")[2], served.outputs[key].dtype) == (
            info.name.partition(":")[2],
            info.dtype,
        )


def test_the_checkpoints_hold_the_same_tensors_for_the_same_objects(ours, theirs):
    with open_bundle(ours / "variables/variables") as mine, open_bundle(theirs / "variables/variables") as other:
        assert set(mine) == set(other)
        for key in set(mine) - {OBJECT_GRAPH_KEY}:
            if "tables" not in key:  # in what order a table exports its keys is up to chance
                np.testing.assert_array_equal(mine[key], other[key])
        graphs = [TrackableObjectGraph.FromString(item[OBJECT_GRAPH_KEY].item()) for item in (mine, other)]
    attributes = [[str(item) for node in graph.nodes for item in node.attributes] for graph in graphs]
    assert attributes[0] == attributes[1]


def test_files_savers_and_tags_are_the_same(ours, theirs):
    mine, other = meta_of(ours), meta_of(theirs)
    assert list(mine.asset_file_def) == list(other.asset_file_def)
    assert list(mine.meta_info_def.tags) == list(other.meta_info_def.tags)
    assert (mine.saver_def.version, mine.saver_def.sharded) == (other.saver_def.version, other.saver_def.sharded)
    assert mine.collection_def == other.collection_def


def test_arguments_carry_the_shapes_of_variables(ours, theirs):
    shapes = [_handle_data(meta_of(directory)) for directory in (ours, theirs)]
    assert shapes[0] == shapes[1] == {(2, 3), (3,)}


def _handle_data(meta):
    name = meta.object_graph_def.nodes[paths(meta.object_graph_def)["/signatures/serving_default"]]
    name = name.bare_concrete_function.concrete_function_name
    (function,) = [item for item in meta.graph_def.library.function if item.signature.name == name]
    found = [item for arg in function.signature.input_arg for item in arg.handle_data]
    return {tuple(dim.size for dim in item.shape.dim) for item in found}


def check(found):
    for key, expected in EXPECTED.items():
        np.testing.assert_array_equal(np.asarray(found[key]), expected)


def test_it_loads_and_runs(ours):
    import tensorflow as tf

    model = tf.saved_model.load(str(ours))
    check(model.signatures["serving_default"](**{key: tf.constant(array) for key, array in FED.items()}))
    assert [item.name for item in model.variables] == ["scope/w:0", "scope/b:0"]
    assert [item.name for item in model.trainable_variables] == ["scope/w:0"]
    assert set(model.weights) == set(WEIGHTS)
    assert set(model.tables) == {"words", "counts"}
    assert len(model.assets) == 1


def test_a_session_restores_runs_and_saves_it(ours, tmp_path):
    import tensorflow as tf

    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        meta = tf.compat.v1.saved_model.load(session, ["serve"], str(ours))
        served = meta.signature_def["serving_default"]
        feeds = {served.inputs[key].name: array for key, array in FED.items()}
        check(session.run({key: info.name for key, info in served.outputs.items()}, feeds))
        saver = meta.saver_def
        prefix = session.run(saver.save_tensor_name, {saver.filename_tensor_name: str(tmp_path / "saved")})
    with open_bundle(prefix.decode()) as saved, open_bundle(ours / "variables/variables") as expected:
        assert set(saved) == set(expected)
        assert saved[OBJECT_GRAPH_KEY] == expected[OBJECT_GRAPH_KEY]


def test_models_whose_functions_share_a_name_load_one_after_the_other(tmp_path):
    """TensorFlow registers functions by name in the whole process."""
    import tensorflow as tf

    for number, op in enumerate(("Neg", "Abs")):
        model = contents_with_a_function(op)
        loaded = tf.saved_model.load(str(write(tmp_path / str(number), model)))
        found = loaded.signatures["serving_default"](**{key: tf.constant(array) for key, array in FED.items()})
        function = {"Neg": np.negative, "Abs": np.abs}[op]
        np.testing.assert_array_equal(found["y"], function(EXPECTED["y"]))
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            served = tf.compat.v1.saved_model.load(session, ["serve"], str(tmp_path / str(number)))
            served = served.signature_def["serving_default"]
            feeds = {served.inputs[key].name: array for key, array in FED.items()}
            np.testing.assert_array_equal(session.run(served.outputs["y"].name, feeds), function(EXPECTED["y"]))


def contents_with_a_function(op):
    from compat_saver.graph import parse_graph
    from compat_saver.proto.messages import FunctionDef
    from tests.saved_model.models import FLOAT, GRAPH

    function = FunctionDef()
    function.signature.name = "f"
    function.signature.input_arg.add(name="x", type=FLOAT)
    function.signature.output_arg.add(name="y", type=FLOAT)
    function.node_def.add(name="n", op=op, input=["x"]).attr["T"].type = FLOAT
    function.ret["y"] = "n:y:0"
    call = "y = PartitionedCall[Tin={float32}, Tout={float32}, f=@f](sum)"
    graph = parse_graph(GRAPH.replace("y = Identity[T=float32](sum)", call), 26)
    graph.functions = {"f": function}
    return contents(graph)
