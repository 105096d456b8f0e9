"""Finding tables, and what fills them, by their ops."""

from pathlib import Path

import pytest

from compat_saver.analysis.values.tables import file_initializers, find_tables, needed_tables, vocabulary
from compat_saver.graph import parse_graph
from compat_saver.sources.table_files import TableFiles

TABLE = 'HashTableV2[container="", shared_name="{}", key_dtype=string, value_dtype=int64]'
TWO = f"""
    t = {TABLE.format("")}
    u = {TABLE.format("")}
    keys = Const[dtype=string, value=string[2]("a", "b")]
    values = LookupTableFindV2[Tin=string, Tout=int64](u, keys, d)
    d = Const[dtype=int64, value=int64[](0)]
    fill = InitializeTableV2[Tkey=string, Tval=int64](same, keys, values)
    same = Identity[T=resource](t)
    path = Const[dtype=string, value=string[]("/data/en/words.txt")]
    read = InitializeTableFromTextFileV2[key_index=1, value_index=-1, delimiter=";", vocab_size=-1](u, path)
    x = Placeholder[dtype=string]
    y = LookupTableFindV2[Tin=string, Tout=int64](t, x, d)
"""


def test_initializers_are_found_without_a_collection_and_through_an_identity():
    tables = {item.name: item for item in find_tables(parse_graph(TWO))}
    assert tables["t"].initializers == ("fill",)
    assert tables["u"].initializers == ("read",)


def test_filling_one_table_may_need_another():
    graph = parse_graph(TWO)
    tables = find_tables(graph)
    assert [item.name for item in needed_tables(graph, tables, [graph.value("y")], {})] == ["t", "u"]
    assert [item.name for item in needed_tables(graph, tables, [graph.value("values")], {})] == ["u"]
    assert needed_tables(graph, tables, [graph.value("y")], {graph.value("y"): None}) == ()


def test_nodes_of_one_shared_name_are_one_table():
    shared = TABLE.format("words")
    graph = parse_graph(f"a = {shared}\nb = {shared}\nc = {TABLE.format('')}")
    assert [item.nodes for item in find_tables(graph)] == [("a", "b"), ("c",)]


def test_inserting_counts_where_the_collection_lists_it():
    graph = parse_graph(
        """
        m = MutableHashTableV2[key_dtype=string, value_dtype=int64]
        i = LookupTableInsertV2[Tin=string, Tout=int64](m, k, v)
        k = Placeholder[dtype=string]
        v = Placeholder[dtype=int64]
        all = NoOp(^i)
        """
    )
    assert find_tables(graph)[0].initializers == ()
    assert find_tables(graph, ["all"])[0].initializers == ("i",)


def test_keys_of_a_file_and_of_a_constant(tmp_path):
    graph = parse_graph(TWO)
    first, second = find_tables(graph)
    path = tmp_path / "words.txt"
    path.write_bytes(b"1;one\r\n2;two\n3\n")
    assert vocabulary(first, graph, {}) == [b"a", b"b"]
    assert vocabulary(second, graph, {"read": path}) == [b"one", b"two"]
    assert vocabulary(second, graph, {"read": path}, most=1) == [b"one"]
    assert [item for _, item in file_initializers(graph, second)] == ["/data/en/words.txt"]


@pytest.mark.parametrize(
    ("there", "found"),
    [
        (["words.txt"], "words.txt"),
        (["words.txt", "en/words.txt"], "en/words.txt"),
        (["assets/words.txt"], "assets/words.txt"),
        ([], None),
    ],
)
def test_where_a_file_is_looked_for(there, found, tmp_path):
    for name in there:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    files = TableFiles([tmp_path, tmp_path / "assets"], {}, {})
    for recorded in ("/nowhere/data/en/words.txt", "D:\\data\\en\\words.txt", "gs://bucket/../en/words.txt"):
        assert files.find(recorded, "path:0") == (None if found is None else tmp_path / found)


def test_what_is_given_goes_first_by_path_tensor_or_last_part():
    for name in ("/data/words.txt", "path:0", "words.txt"):
        assert TableFiles([], {}, {name: Path("here")}).find("/data/words.txt", "path:0") == Path("here")


def test_only_files_of_the_source_count(tmp_path):
    source = tmp_path / "source"
    (source / "assets").mkdir(parents=True)
    (tmp_path / "words.txt").touch()
    (source / "assets" / "link.txt").symlink_to(tmp_path / "words.txt")
    (source / "own.txt").touch()
    (source / "assets" / "own.txt").symlink_to(source / "own.txt")
    carried = {"path:0": source / "assets" / "link.txt", "own:0": source / "assets" / "own.txt"}
    files = TableFiles([source, source / "assets"], carried, {})
    assert files.find(str(tmp_path / "words.txt"), "other:0") is None
    assert files.find_outside(str(tmp_path / "words.txt"), "other:0") == tmp_path / "words.txt"
    assert files.find("anything.txt", "path:0") is None
    assert files.find_outside("anything.txt", "path:0") == source / "assets" / "link.txt"
    assert files.find("anything.txt", "own:0") == source / "assets" / "own.txt"
    assert files.find(str(source / "own.txt"), "other:0") == source / "own.txt"
