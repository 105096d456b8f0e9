"""Every exception of the package, drawn as one tree.

CompatSaverError
├── ArtifactError                      a file or directory cannot be read as what it should be
│   ├── SourceNotFoundError            (FileNotFoundError) nothing is there
│   ├── NotALegacyArtifactError        (ValueError) something else is there: a Git LFS pointer, an HTML page, ...
│   └── FormatError                    (ValueError) damaged, cut short or contradictory bytes
│       └── ChecksumError              stored and computed checksum differ
├── TensorNotFoundError                (KeyError) a checkpoint holds no tensor of that name
├── NameNotFoundError                  (KeyError) a graph holds no node, tensor or signature of that name
├── UsageError                         (ValueError) arguments that contradict each other or the graph
├── TimeLimitError                     (TimeoutError) a run of a graph did not end in time
├── MemoryLimitError                   (MemoryError) a run of a graph used more memory than it may
├── CrashError                         (RuntimeError) the process that ran a graph died
├── RestoreError                       (ValueError) a checkpoint does not fit the variables; lists every misfit
├── GraphError                         (ValueError) a graph that contradicts itself, or a pass that broke its promise
├── CannotMigrateError                 the graph has something that cannot be migrated; lists every obstacle
├── SideEffectError                    (PermissionError) a graph would change something outside, and may not
├── VerificationError                  the outputs of the written model differ; lists every difference
├── OutputExistsError                  (FileExistsError) the output is already there
└── TensorFlowMissingError             (ImportError) TensorFlow is needed and absent, or of an unsupported release
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from typing import Any


class CompatSaverError(Exception):
    """The root: everything that compat_saver raises on purpose."""

    def __str__(self) -> str:
        # KeyError prints repr(args[0]); a message must stay readable.
        return str(self.args[0]) if self.args else ""

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickles the message and the attributes: the arguments of the constructor are not among `args`.

        An error that is also one of TensorFlow's (`saver.errors`) arrives as ours alone, for theirs holds a graph.
        """
        known = next(
            kind for kind in type(self).__mro__ if vars(sys.modules[kind.__module__]).get(kind.__name__) is kind
        )
        return _unpickled, (known, self.args, {k: v for k, v in vars(self).items() if not k.startswith("_")})


class ArtifactError(CompatSaverError):
    """A file or directory cannot be read as what it should be."""


class SourceNotFoundError(ArtifactError, FileNotFoundError):
    """Nothing is found at a path."""


class NotALegacyArtifactError(ArtifactError, ValueError):
    """A path leads to something else: a Git LFS pointer, an HTML page, an empty file, ..."""


class FormatError(ArtifactError, ValueError):
    """Bytes that break the format they claim to have.

    Attributes:
        path: the file.
        offset: the byte where the error is, or None where it concerns the whole file.
        expected: what the format requires.
        found: what is there.
    """

    def __init__(
        self,
        what: str,
        *,
        path: str,
        expected: str,
        found: str,
        offset: int | None = None,
        hint: str = "",
    ) -> None:
        self.what, self.path, self.offset = what, path, offset
        self.expected, self.found = expected, found
        where = path if offset is None else f"{path}, byte {offset}"
        sentence = f"{where}: {what}: expected {expected}, found {found}."
        super().__init__(f"{sentence} {hint}".rstrip())


class ChecksumError(FormatError):
    """A stored checksum and the computed one differ: the bytes are not those that were written."""


class TensorNotFoundError(CompatSaverError, KeyError):
    """A checkpoint holds no tensor of that name."""


class NameNotFoundError(CompatSaverError, KeyError):
    """A graph holds no node, tensor, signature or tag of that name."""


class UsageError(CompatSaverError, ValueError):
    """Arguments that contradict each other or the graph."""


class TimeLimitError(CompatSaverError, TimeoutError):
    """A run of a graph did not end within the time that it was given."""


class MemoryLimitError(CompatSaverError, MemoryError):
    """A run of a graph used more memory than it was given."""

    def __new__(cls, *args: Any) -> MemoryLimitError:
        """Makes one as every exception is made: MemoryError's own way refuses what has a further base."""
        return Exception.__new__(cls, *args)


class CrashError(CompatSaverError, RuntimeError):
    """The process that ran a graph ended without a result: a failed check, an op that aborts, no memory left."""


class RestoreError(CompatSaverError, ValueError):
    """A checkpoint does not fit the variables that it is to fill; every misfit is listed at once.

    Attributes:
        report: the RestoreReport: what would have been restored, what is missing, unexpected or mismatched.
    """

    def __init__(self, message: str, report: Any = None) -> None:
        self.report = report
        super().__init__(message)


class GraphError(CompatSaverError, ValueError):
    """A graph that contradicts itself, or a pass that broke its promise."""


class CannotMigrateError(CompatSaverError):
    """The graph cannot be migrated; every obstacle is listed at once.

    Attributes:
        obstacles: a few sentences each: what, where, what to do.
        ops: the rows of the triage, an OpRow for each op of the graph; empty where it did not come to one.
        around: flags with which no op would be unsupported; "" if there are none.
        change: the GraphChange of the graph, with what would become of every node; None where it did not come to one.
    """

    def __init__(self, obstacles: Sequence[str], ops: Sequence[Any] = (), around: str = "", change: Any = None) -> None:
        self.obstacles = tuple(obstacles)
        self.ops = tuple(ops)
        self.around = around
        self.change = change
        count = len(self.obstacles)
        head = f"The graph cannot be migrated; {count} obstacle{'s' if count != 1 else ''}:"
        way = [f"Flags that avoid all unsupported ops: {around}"] if around else []
        super().__init__("\n".join([head, *(f"  - {obstacle}" for obstacle in self.obstacles), *way]))


class SideEffectError(CompatSaverError, PermissionError):
    """A graph would write files, open connections or act on the process, and the caller did not allow that.

    Attributes:
        path: the graph's file.
        sentences: what it would do, a sentence for all nodes of one op.
        effects: the SideEffect of each node.
    """

    def __init__(self, path: str, sentences: Sequence[str], effects: Sequence[Any] = ()) -> None:
        self.path, self.sentences, self.effects = path, tuple(sentences), tuple(effects)
        head = f"{path}: opening this graph would reach outside of it, which was not allowed:"
        ops = list(dict.fromkeys(item.op for item in effects))
        tail = f"Allow it, if you trust the graph, with allow={ops}."
        super().__init__("\n".join([head, *(f"  - {sentence}" for sentence in self.sentences), tail]))


class VerificationError(CompatSaverError):
    """The written model and the original graph have different outputs, or none that could be compared.

    Attributes:
        differences: one sentence per output that differs, and per doubt about the comparison.
        report: the MigrationReport of the attempt; None where there is none.
    """

    def __init__(
        self, differences: Sequence[str], report: object = None, consequence: str = "", what: str = "failed"
    ) -> None:
        self.differences = tuple(differences)
        self.report = report
        head = f"Verification {what}{consequence}:"
        super().__init__("\n".join([head, *(f"  - {line}" for line in self.differences)]))


class OutputExistsError(CompatSaverError, FileExistsError):
    """The output is already there and may not be replaced."""


class TensorFlowMissingError(CompatSaverError, ImportError):
    """TensorFlow is needed and absent, or its release is not supported."""


def _unpickled(kind: type[CompatSaverError], args: tuple[Any, ...], attributes: dict[str, Any]) -> CompatSaverError:
    error = kind.__new__(kind, *args)
    error.args = args
    vars(error).update(attributes)
    return error


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """Returns a text for a terminal: what would act on that, such as an escape in a name, is spelled out."""
    return _CONTROL.sub(lambda found: ascii(found[0])[1:-1], text)


def counted(number: int, one: str, several: str = "") -> str:
    """Returns "1 op", "2,000 ops"; the plural is given where it is not made with an s."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def and_more(names: Sequence[str], most: int) -> str:
    """Returns `'a', 'b' and 3 more`: the first names, quoted, and the number of the others."""
    return phrases_and_more([repr(name) for name in names], most)


def phrases_and_more(phrases: Sequence[str], most: int) -> str:
    """Returns `a (float32), b (int8) and 3 more`: the same of phrases, which are not quoted."""
    more = f" and {len(phrases) - most:,} more" if len(phrases) > most else ""
    return f"{', '.join(phrases[:most])}{more}"


def nearest_names(name: str, known: Iterable[str], count: int = 3) -> str:
    """Returns `; did you mean a, b or c?` for the known names closest to `name`, or an empty string."""
    import difflib  # only where something went wrong already

    close = difflib.get_close_matches(name, _plausible(name, list(known)), n=count, cutoff=0.5)
    if not close:
        return ""
    quoted = [repr(item) for item in close]
    listed = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"
    return f"; did you mean {listed}?"


# Comparing texts takes time: a graph of 100,000 names would make an error message take a minute.
_MOST_COMPARED = 2000


def _plausible(name: str, known: list[str]) -> list[str]:
    """Returns all names, or, of very many, those that share the first or the last word of the path."""
    if len(known) <= _MOST_COMPARED:
        return known
    first, last = name.partition("/")[0], name.rpartition("/")[2]
    related = [item for item in known if item.rpartition("/")[2] == last or item.partition("/")[0] == first]
    return related[:_MOST_COMPARED]
