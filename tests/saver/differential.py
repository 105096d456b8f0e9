"""Runs a program of TensorFlow 1 with TensorFlow's Saver and with ours, and compares everything that comes of it."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf

from compat_saver.saver.meta_graph import export_meta_graph, import_meta_graph
from compat_saver.saver.saver import Saver

v1 = tf.compat.v1
v1.logging.set_verbosity(v1.logging.ERROR)


class Theirs:
    """TensorFlow's own."""

    Saver = staticmethod(v1.train.Saver)
    import_meta_graph = staticmethod(v1.train.import_meta_graph)
    export_meta_graph = staticmethod(v1.train.export_meta_graph)


class Ours:
    """This package's."""

    Saver = Saver
    import_meta_graph = staticmethod(import_meta_graph)
    export_meta_graph = staticmethod(export_meta_graph)


class World:
    """A graph with variables of several kinds, and a session; `train` is Theirs or Ours."""

    def __init__(self, train: Any, *, values: float = 1.0) -> None:
        self.train = train
        self.graph = v1.get_default_graph()
        with v1.device("/cpu:0"):
            self.a = v1.get_variable("a", [2, 3], initializer=v1.constant_initializer(values), use_resource=True)
            self.b = v1.get_variable("scope/b", [4], v1.int64, v1.ones_initializer(), use_resource=False)
        with v1.device("/cpu:1"):
            self.parts = v1.get_variable("parts", [6, 2], partitioner=v1.fixed_size_partitioner(3))
        self.step = v1.train.get_or_create_global_step()
        self.next = v1.group(
            v1.assign_add(self.a, tf.ones_like(self.a)),
            v1.assign_add(self.b, tf.ones_like(self.b)),
            self.step.assign_add(1),
        )
        self.fill = [part.assign(tf.fill(part.shape, float(index))) for index, part in enumerate(self.parts)]
        self.session = v1.Session(config=v1.ConfigProto(device_count={"CPU": 2}))

    def start(self) -> World:
        self.session.run(v1.global_variables_initializer())
        self.session.run(self.fill)
        return self

    def values(self) -> dict[str, Any]:
        return {item.name: self.session.run(item).tolist() for item in v1.global_variables()}


Program = Callable[[World], Any]


@contextlib.contextmanager
def inside(directory: Path) -> Iterator[None]:
    directory.mkdir(exist_ok=True)
    before = os.getcwd()
    os.chdir(directory)
    try:
        yield
    finally:
        os.chdir(before)


def outcome(train: Any, program: Program, directory: Path) -> tuple[Any, dict[str, Any]]:
    """Returns what a program answers or raises, and the files it leaves."""
    with inside(directory), tf.Graph().as_default():
        try:
            answer = program(World(train))
        except Exception as error:
            answer = error
        return answer, files()


def files() -> dict[str, Any]:
    """Returns the files of the current directory and below: messages parsed, for they have no order of their own."""
    return {
        re.sub(r"tempstate\d+", "tempstate", str(path)): _content(path)
        for path in sorted(Path().rglob("*"))
        if _counts(path)
    }


def _counts(path: Path) -> bool:
    """Whether a file must be the same: the summaries of training loops have the time in their names."""
    return path.is_file() and "tfevents" not in path.name


def _content(path: Path) -> Any:
    content = path.read_bytes()
    if path.suffix in (".meta", ".graph"):
        return v1.MetaGraphDef.FromString(content)
    if path.suffix == ".debug":
        return "the lines of the program"
    return content


def assert_alike(program: Program, directory: Path) -> Any:
    """Checks that ours answers as TensorFlow's does, raises what programs catch as such, and leaves the same files."""
    theirs, their_files = outcome(Theirs, program, directory / "theirs")
    ours, our_files = outcome(Ours, program, directory / "ours")
    if isinstance(theirs, Exception):
        assert isinstance(ours, type(theirs)), f"expected {theirs!r}, found {ours!r}"
    else:
        if isinstance(ours, Exception):
            raise ours
        assert ours == theirs
    assert our_files.keys() == their_files.keys()
    for name, content in their_files.items():
        assert our_files[name] == content, name
    return ours
