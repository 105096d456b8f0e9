"""What the report in a written model says is read again; a damaged report is a message."""

import contextlib
import json
from pathlib import Path

import pytest

import compat_saver
from compat_saver.errors import UsageError
from compat_saver.migration.options import MigrationOptions
from compat_saver.migration.recorded import REPORT_PATH, as_migrated
from tests.small_models import write_model

JUNK = [None, 3, "text", [], {}, [[]], {"a": None}, [{"file": 3}], True]


@pytest.fixture
def model(tmp_path):
    prefix = write_model(tmp_path / "run")
    compat_saver.migrate(prefix, tmp_path / "out", outputs=["prediction"], tag_set=None, verify=False)
    return prefix, tmp_path / "out"


def test_the_options_of_a_migration_come_back(model):
    options, exports = as_migrated(*model, MigrationOptions())
    (signature,) = options.signatures
    assert (signature.name, signature.inputs, signature.outputs) == (
        "serving_default",
        {"x": "x:0"},
        {"prediction": "prediction:0"},
    )
    assert (options.output_tags, options.trains, exports) == (("serve",), False, ())


def places(found, path=()):
    """Yields the path of every value."""
    yield path
    items = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    for key, item in items:
        yield from places(item, (*path, key))


def replaced(found, path, junk):
    if not path:
        return junk
    copy = found.copy()
    copy[path[0]] = replaced(found[path[0]], path[1:], junk)
    return copy


def test_junk_at_every_place_of_a_report(model):
    prefix, written = model
    file = written / REPORT_PATH
    report = json.loads(file.read_text())
    report["exports"] = [{"file": "model.onnx", "format": "onnx", "signature": "serving_default", "ops": "opset 17"}]
    report["tables"] = [{"files": [{"path": "words.txt", "recorded": "words.txt"}]}]
    report["signatures"]["train"] = {**report["signatures"]["serving_default"], "kind": "training", "train_op": "step"}
    report.pop("ops")
    wrong = 0
    for path in places(report):
        for junk in JUNK:
            file.write_text(json.dumps(replaced(report, path, junk)))
            with contextlib.suppress(UsageError):
                as_migrated(prefix, written, MigrationOptions())
                continue
            wrong += 1
    assert wrong > 100


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\x00", '{"signatures": {}}'])
def test_a_report_that_is_none(text, model):
    prefix, written = model
    (written / REPORT_PATH).write_text(text)
    with pytest.raises(UsageError, match=r"was not migrated by compat_saver: .*report\.json cannot be read"):
        as_migrated(prefix, written, MigrationOptions())


def test_a_directory_without_report(tmp_path):
    with pytest.raises(UsageError, match="was not migrated by compat_saver"):
        as_migrated(Path("model.ckpt"), tmp_path, MigrationOptions())
