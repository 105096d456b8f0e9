"""Lookup tables read their text files from where a placeholder says, and no longer from where the file once lay."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from compat_saver import dtypes
from compat_saver.graph.attributes import shape_attr, type_attr
from compat_saver.graph.ir import Graph
from compat_saver.passes.base import Pass, Rewrite

_STRING = dtypes.by_name("string").number
_FILENAME = 1


class ReadTableFiles(Pass):
    """Gives initialisers a placeholder in place of the path; initialisers of the same file share one.

    Args:
        placeholders: name of an InitializeTableFromTextFile -> name of the placeholder that it is to read.
    """

    name = "read_table_files"

    def __init__(self, placeholders: Mapping[str, str]) -> None:
        self._placeholders = placeholders

    def apply(self, graph: Graph) -> Rewrite:
        """Replaces the second input of each."""
        for initializer, name in self._placeholders.items():
            node = graph.get(name)
            if node is None:
                node = graph.add("Placeholder", name, attrs={"dtype": type_attr(_STRING), "shape": shape_attr(())})
            graph[initializer].replace_input(_FILENAME, node.output())
        return Rewrite(self.name, len(self._placeholders), f"{len(set(self._placeholders.values()))} files")

    def ensures(self, graph: Graph) -> Iterator[str]:
        """Each reads its placeholder."""
        for initializer, name in self._placeholders.items():
            if graph[initializer].inputs[_FILENAME] != graph[name].output():
                yield f"{initializer} does not read {name}"
