"""Every op that may reach outside of a graph has a row, and every stateful op a decision."""

from compat_saver.graph.ops import known_definitions, known_facts
from compat_saver.graph.side_effects import (
    ASSET,
    KINDS,
    LISTS,
    NETWORK,
    NOTHING,
    PROCESS,
    READS,
    WRITES,
    known_effects,
    reaching_ops,
    runs_at_import,
)


def test_every_stateful_op_of_every_release_is_decided():
    stateful = {name for name, definition in known_definitions().items() if definition.is_stateful}
    assert stateful - known_effects().keys() == set()


def test_every_row_is_of_an_op_that_was_there():
    assert known_effects().keys() - known_facts().keys() == set()


def test_rows_say_what_they_are():
    for op, effect in known_effects().items():
        definition = known_definitions()[op]
        assert effect.kind in KINDS, op
        assert effect.does, op
        assert effect.argument in ("", *(arg.name for arg in definition.input_arg)), op
        assert effect.attribute in ("", *(attr.name for attr in definition.attr)), op


def test_a_position_of_an_argument_is_that_of_its_input():
    """Inputs before the one that names a file are single, so its place in the definition is its place in the node."""
    for op, effect in reaching_ops().items():
        names = [arg.name for arg in known_definitions()[op].input_arg]
        before = known_definitions()[op].input_arg[: names.index(effect.argument) if effect.argument else 0]
        assert not any(arg.number_attr or arg.type_list_attr for arg in before), op


def test_kinds():
    kinds = {op: effect.kind for op, effect in known_effects().items()}
    assert {kinds[op] for op in ("WriteFile", "SaveV2", "PrintV2", "DebugIdentity", "CreateSummaryFileWriter")} == {
        WRITES
    }
    assert {kinds[op] for op in ("ReadFile", "RestoreV2", "TFRecordReaderV2", "LoadAndRemapMatrix")} == {READS}
    assert {kinds[op] for op in ("MatchingFiles", "ListSnapshotChunksDataset")} == {LISTS}
    assert {kinds[op] for op in ("RpcCall", "DataServiceDataset", "CollectiveReduceV2")} == {NETWORK}
    assert {kinds[op] for op in ("Abort", "FileSystemSetConfiguration", "XlaCallModule")} == {PROCESS}
    assert kinds["InitializeTableFromTextFileV2"] == ASSET
    assert {kinds[op] for op in ("VariableV2", "RandomUniform", "Print", "Assert", "HashTableV2")} == {NOTHING}


def test_names_that_do_not_reach_outside():
    prints = known_effects()["PrintV2"]
    assert not any(map(prints.reaches, ("stderr", "stdout", "log(info)", "")))
    assert prints.reaches("file:///x")


def test_ops_without_state_may_run_at_import():
    assert runs_at_import("DebugIdentity")
    assert not runs_at_import("WriteFile")
