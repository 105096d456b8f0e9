"""JSON output: every key that was ever promised, of the right type, and strict."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

import compat_saver
from compat_saver.cli import main
from compat_saver.report.json_text import to_json
from tests.cli.test_bad_input import OBSTRUCTED_GRAPH
from tests.golden_cases import case
from tests.report.outcomes import make_difference, make_report
from tests.small_models import WEIGHTS, write_checkpoint, write_model

NUMBER = (int, float)
TENSOR = {"tensor": str, "dtype": str, "shape": (list, type(None))}
SIGNATURE = {"kind": str, "inputs": {"*": TENSOR}, "outputs": {"*": TENSOR}, "bound": dict, "why": dict}
OP = {
    "op": str, "count": int, "verdict": str, "needed": bool, "becomes": str, "agreement": str, "reason": str,
    "origin": str, "since": str, "advice": str, "nodes": [str],
}  # fmt: skip
MIGRATION = {
    "source": {"kind": str, "path": str, "tensorflow_version": str, "producer": int},
    "output": (str, type(None)),
    "signatures": {"*": SIGNATURE},
    "variables": {"kept": int, "trainable": int, "dropped": int, "untrained": list, "bytes": int},
    "tables": [
        {"name": str, "key_dtype": str, "value_dtype": str, "stored": bool, "files": [{"recorded": str, "path": str}]}
    ],
    "rewrites": [{"name": str, "count": int, "detail": str}],
    "ops": [OP],
    "warnings": [str],
    "problems": [str],
    "verification": {
        "status": str,
        "rtol": NUMBER,
        "atol": NUMBER,
        "inputs": (str, type(None)),
        "guesses": {"*": {"*": str}},
        "signatures": {"*": {"*": {"max_abs_diff": (*NUMBER, type(None)), "bitwise_equal": bool}}},
        "training": {"*": {"steps": int, "loss": NUMBER, "variables": NUMBER}},
        "gradients": {"*": {"with": int, "without": int, "zero_for": [str], "none_for": [str], "error": str}},
    },
    "seconds": {"read": NUMBER, "rewrite": NUMBER, "write": NUMBER, "verify": NUMBER},
}
COUNT = {"count": int, "bytes": int}
INSPECTION = {
    "checkpoint": {
        "prefix": str, "version": str, "files": int, "tensors": int, "nbytes": int, "object_based": bool
    },
    "graph": {
        "path": str, "tensorflow_version": str, "producer": int, "nodes": int, "functions": int,
        "collections": {"*": int}, "signatures": [str],
    },
    "placeholders": [TENSOR],
    "outputs": [{"tensor": str, "score": NUMBER, "signals": [str], "proposed": bool}],
    "variables": [
        {
            "name": str, "dtype": str, "shape": (list, type(None)), "nbytes": int, "role": str,
            "stored": (bool, type(None)),
        }
    ],
    "totals": {"trainable": COUNT, "slot": COUNT, "average": COUNT, "other": COUNT},
    "serving": [str],
    "ops": [OP],
    "around": str,
    "problems": [{"op": str, "count": int, "reason": str, "needed": bool}],
    "queues": [str],
    "tables": [str],
    "notes": [str],
}  # fmt: skip


def assert_has(found, contract, where="$") -> None:
    """Asserts that a value has every key of a contract ("*": any), each with a value of its type."""
    if isinstance(contract, dict):
        assert isinstance(found, dict), where
        expected = dict.fromkeys(found, contract["*"]) if "*" in contract else contract
        assert not expected.keys() - found.keys(), where
        for key, part in expected.items():
            assert_has(found[key], part, f"{where}.{key}")
    elif isinstance(contract, list):
        assert isinstance(found, list), where
        for number, item in enumerate(found):
            assert_has(item, contract[0], f"{where}[{number}]")
    else:
        assert isinstance(found, contract), f"{where}: {found!r}"


def strict(text: str):
    """Parses JSON and accepts no NaN or Infinity."""
    return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def printed(*arguments) -> dict:
    result = CliRunner().invoke(main, [*map(str, arguments), "--json"])
    assert result.exit_code == 0, result.stderr
    return strict(result.stdout)


@pytest.mark.parametrize("name", ["dense_adam", "conv_batch_norm", "int_bool_string", "moving_average", "partitioned"])
def test_migrate_dry_run(name, tmp_path):
    chosen = case("1.15.5", name)
    flags = ["--inputs", ",".join(chosen.facts["inputs"]), "--outputs", ",".join(chosen.facts["outputs"])]
    for tensor, value in chosen.facts["bind"].items():
        flags += ["--bind", f"{tensor}={value}"]
    found = printed("migrate", chosen.prefix, tmp_path / "out", "--dry-run", *flags)
    assert_has(found, MIGRATION)
    assert found["output"] is None
    assert found["source"]["kind"] == "checkpoint"
    assert found["verification"]["status"] == "planned"
    (signature,) = found["signatures"].values()
    assert [item["tensor"] for item in signature["inputs"].values()] == chosen.facts["inputs"]
    assert [item["tensor"] for item in signature["outputs"].values()] == chosen.facts["outputs"]
    assert signature["bound"] == chosen.facts["bind"]
    assert found["variables"]["kept"] == len(chosen.facts["variables_needed"])


def test_the_report_of_a_whole_migration():
    found = strict(to_json(make_report().to_dict()))
    assert_has(found, MIGRATION)
    assert found["output"] == "out"
    assert found["signatures"]["serving_default"] == {
        "kind": "serving",
        "inputs": {
            "features": {"tensor": "in/features:0", "dtype": "float32", "shape": [None, 12]},
            "words": {"tensor": "words:0", "dtype": "string", "shape": None},
        },
        "outputs": {
            "prediction": {"tensor": "prediction:0", "dtype": "float32", "shape": [None, 3]},
            "label": {"tensor": "label:0", "dtype": "string", "shape": [None]},
        },
        "bound": {"keep_prob:0": 1.0, "mode:0": "eval", "mask:0": [True, False]},
        "why": {},
    }
    counts = {"kept": 2, "trainable": 1, "dropped": 6, "bytes": 52000}
    assert found["variables"] == {**counts, "averaged": [], "untrained": [], "from_constants": [], "option": None}
    assert [item["became"] for item in found["training_behavior"]] == ["identity", ""]
    assert found["verification"]["status"] == "passed"
    assert found["verification"]["signatures"]["serving_default"]["prediction"] == {
        "max_abs_diff": 1.5e-7,
        "bitwise_equal": False,
    }


@pytest.mark.parametrize("largest", [float("nan"), float("inf"), None])
def test_numbers_that_json_does_not_have(largest):
    bound = {
        "scale:0": np.float32(-np.inf),
        "list:0": np.float32([1, np.nan]),
        "text:0": np.array([b"a", "b", b"\xff"], object),
        "phase:0": np.complex64(1 + 2j),
    }
    report = make_report(verification=make_difference(largest), bound=bound)
    found = strict(to_json(report.to_dict()))
    assert_has(found, MIGRATION)
    assert found["problems"] == ["serving_default/prediction: 1 of 9 elements differ, by up to 0.25"]
    assert found["signatures"]["serving_default"]["bound"] == {
        "scale:0": "-inf",
        "list:0": [1.0, "nan"],
        "text:0": ["a", "b", "\ufffd"],
        "phase:0": "(1+2j)",
    }
    assert found["verification"]["signatures"]["serving_default"]["prediction"]["max_abs_diff"] is None


@pytest.mark.parametrize("name", ["dense_adam", "queue_input", "v1_format", "resource_variables", "unknown_shape"])
def test_inspect(name):
    chosen = case("1.15.5", name)
    found = printed("inspect", chosen.prefix)
    assert_has(found, INSPECTION)
    assert sum(total["count"] for total in found["totals"].values()) == len(found["variables"])


def test_inspect_of_a_graph_and_of_a_checkpoint_alone(tmp_path):
    alone = printed("inspect", write_checkpoint(tmp_path / "model.ckpt", {"w": np.float32([np.nan])}))
    assert_has({**alone, "graph": printed("inspect", case("1.15.5", "cond").prefix)["graph"]}, INSPECTION)
    assert alone["graph"] is None
    graph = tmp_path / "graph.meta"
    graph.write_bytes(case("1.15.5", "cond").prefix.with_name("model.ckpt.meta").read_bytes())
    found = printed("inspect", graph)
    assert found["checkpoint"] is None
    assert {item["stored"] for item in found["variables"]} == {None}


@pytest.mark.parametrize(
    ("flags", "error"),
    [(["--outputs", "predicton"], "NameNotFoundError"), (["--bind", "features=words"], "UsageError")],
)
def test_failures_are_told_as_json_too(flags, error, tmp_path):
    arguments = ["migrate", str(case("1.15.5", "dense_adam").prefix), str(tmp_path / "out"), *flags, "--json"]
    result = CliRunner().invoke(main, arguments)
    found = strict(result.stdout)
    assert result.exit_code == 2
    assert (found["error"], len(found["problems"])) == (error, 1)


def test_the_ops_in_the_way_are_told_as_json_too(tmp_path):
    prefix = write_model(tmp_path, OBSTRUCTED_GRAPH, {"w": WEIGHTS["w"]})
    result = CliRunner().invoke(main, ["migrate", str(prefix), str(tmp_path / "out"), "--outputs", "y", "--json"])
    found = strict(result.stdout)
    assert result.exit_code == 3
    assert_has(found, {"error": str, "problems": [str], "ops": [OP], "around": str})
    assert {row["op"] for row in found["ops"] if row["verdict"] == "unsupported"} == {
        *("BipartiteMatch", "FIFOQueueV2", "NegTrain", "PyFunc", "QueueDequeueV2"),
        "TheirOwnOp",
    }
    assert len(found["problems"]) == 7
    assert all(row["reason"] and row["advice"] for row in found["ops"] if row["verdict"] == "unsupported")


def test_the_api_and_the_command_say_the_same():
    chosen = case("1.15.5", "dense_adam")
    assert printed("inspect", chosen.prefix) == strict(to_json(compat_saver.inspect(chosen.prefix).to_dict()))
