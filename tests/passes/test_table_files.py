"""Tables read their files from where a placeholder says."""

from compat_saver.passes.structure.inputs_and_outputs import ReadTableFiles
from tests.passes.graphs import assert_rewrites


def test_initialisers_of_one_file_share_a_placeholder():
    before = """
        t = HashTableV2
        u = HashTableV2
        path = Const[dtype=string, value=string[]("words.txt")]
        a = InitializeTableFromTextFileV2(t, path)
        b = InitializeTableFromTextFileV2(u, path)
    """
    after = """
        t = HashTableV2
        u = HashTableV2
        path = Const[dtype=string, value=string[]("words.txt")]
        a = InitializeTableFromTextFileV2(t, file)
        b = InitializeTableFromTextFileV2(u, file)
        file = Placeholder[dtype=string, shape=[]]
    """
    assert_rewrites(ReadTableFiles({"a": "file", "b": "file"}), before, after)
