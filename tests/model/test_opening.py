"""What a path is opened as: the graph of a SavedModel by its tags, and what a job needs of a checkpoint."""

import pytest

import compat_saver
from compat_saver.errors import ArtifactError, NameNotFoundError, SourceNotFoundError
from compat_saver.graph import parse_graph, to_graph_def
from compat_saver.model import open_model
from compat_saver.model.opening import parse_tags
from compat_saver.proto.messages import SavedModel
from tests.small_models import DENSE, make_meta, write_checkpoint, write_model

SHARD = "model.ckpt.data-00000-of-00001"


def write_saved_model(directory, *tag_sets, is_hub=False):
    """Writes a SavedModel with a graph per set of tags; each has a placeholder of its own, named after them."""
    model = SavedModel(saved_model_schema_version=1)
    for tags in tag_sets:
        message = model.meta_graphs.add()
        message.CopyFrom(make_meta(f"{'_'.join(tags) or 'untagged'} = Placeholder[dtype=float32]\n{DENSE}").message)
        message.meta_info_def.tags.extend(tags)
    (directory / "variables").mkdir(parents=True)
    write_checkpoint(directory / "variables" / "variables", {"w": [0.0], "b": [0.0]})
    (directory / "saved_model.pb").write_bytes(model.SerializeToString())
    if is_hub:
        (directory / "tfhub_module.pb").write_bytes(b"\x08\x03")
    return directory


TRAIN, SERVE, NONE = ("train",), ("serve",), ()


@pytest.mark.parametrize(
    ("tag_sets", "is_hub", "asked", "opened"),
    [
        ((TRAIN, SERVE), False, None, SERVE),
        ((TRAIN, NONE), False, None, NONE),
        ((NONE, SERVE), False, None, SERVE),
        ((SERVE, NONE), True, None, NONE),
        ((TRAIN, SERVE), True, None, SERVE),
        ((TRAIN, SERVE), False, TRAIN, TRAIN),
        ((TRAIN, NONE), True, NONE, NONE),
        ((("gpu", "serve"), SERVE), False, ("serve", "gpu"), ("gpu", "serve")),
        ((TRAIN,), False, None, TRAIN),
    ],
)
def test_tags_choose_the_graph(tmp_path, tag_sets, is_hub, asked, opened):
    model = open_model(write_saved_model(tmp_path / "m", *tag_sets, is_hub=is_hub), tag_set=asked)
    assert model.meta.tags == model.facts.tag_set == opened
    assert ("_".join(opened) or "untagged") in model.as_read
    assert model.notes == ()


def test_the_only_graph_is_opened_with_a_note(tmp_path):
    model = open_model(write_saved_model(tmp_path / "m", TRAIN), tag_set=("gpu",))
    (note,) = model.notes
    assert "no graph of the tags gpu. The only one it has was taken; its tags: train." in note
    (note,) = open_model(tmp_path / "m", tag_set=()).notes
    assert "has no graph without tags." in note


@pytest.mark.parametrize(
    ("asked", "text"), [(None, "of the tags serve, nor one without tags"), (("gpu",), "tags gpu"), ((), "without tags")]
)
def test_several_graphs_and_none_of_the_tags(tmp_path, asked, text):
    write_saved_model(tmp_path / "m", TRAIN, ("eval",))
    with pytest.raises(NameNotFoundError, match=rf"{text}\. It has: train; eval\. Choose with --tag-set"):
        open_model(tmp_path / "m", tag_set=asked)


def test_inspect_looks_at_the_graph_that_is_migrated(tmp_path):
    write_saved_model(tmp_path / "m", TRAIN, SERVE)
    for asked, tags in ((None, SERVE), ("train", TRAIN)):
        assert tags[0] in {
            item.tensor.partition(":")[0] for item in compat_saver.inspect(tmp_path / "m", tag_set=asked).placeholders
        }


def test_tags_mean_nothing_to_a_checkpoint(tmp_path):
    (note,) = open_model(write_model(tmp_path), tag_set=("gpu",)).notes
    assert "--tag-set was ignored" in note
    assert "--output-tags" in note


@pytest.mark.parametrize(
    ("given", "tags"),
    [(None, None), ("", ()), (",", ()), ("serve", ("serve",)), ("serve, gpu", ("serve", "gpu")), (["a"], ("a",))],
)
def test_tags_as_text(given, tags):
    assert parse_tags(given) == tags


def test_values_are_needed_only_to_write(tmp_path):
    prefix = write_model(tmp_path)
    (tmp_path / SHARD).unlink()
    with pytest.raises(ArtifactError, match=SHARD):
        open_model(prefix)
    assert open_model(prefix, needs_values=False).checkpoint.info("w").shape == (2, 3)


def test_a_dry_run_needs_no_data_files(tmp_path):
    prefix = write_model(tmp_path)
    whole = compat_saver.migrate(prefix, tmp_path / "out", dry_run=True)
    (tmp_path / SHARD).unlink()
    report = compat_saver.migrate(prefix, tmp_path / "out", dry_run=True)
    assert (report.status, report.weights) == ("planned", whole.weights)
    with pytest.raises(ArtifactError, match=SHARD):
        compat_saver.migrate(prefix, tmp_path / "out")


def test_a_graph_alone(tmp_path):
    prefix = write_model(tmp_path)
    for path in tmp_path.glob("model.ckpt.[id]*"):
        path.unlink()
    meta = tmp_path / "model.ckpt.meta"
    with pytest.raises(SourceNotFoundError, match="this is a graph alone"):
        open_model(meta)
    model = open_model(meta, needs_checkpoint=False)
    assert (model.kind, model.checkpoint, set(model.variables)) == ("meta_graph", None, {"w", "b"})
    frozen = tmp_path / "frozen.pb"
    frozen.write_bytes(to_graph_def(parse_graph(DENSE)).SerializeToString())
    assert open_model(frozen).kind == "graph_def"
    assert prefix.name in str(meta)
