"""Interprets an assignment map of TF1: which tensor of a checkpoint fills which variable of the default graph.

    'old/w': variable            a tf.Variable, a partitioned one, or the list of its parts
    'old/w': 'new/w'             the name of one made by get_variable
    'old/': 'new/'               every variable below a scope; '/' is the whole checkpoint, or the whole graph

Everything is resolved before anything is changed, and everything that does not match is listed at once.
"""

from __future__ import annotations

import re
import reprlib
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compat_saver import _tensorflow
from compat_saver.analysis.values.weights import fits
from compat_saver.bundle import Checkpoint
from compat_saver.dtypes import DType
from compat_saver.errors import UsageError, nearest_names
from compat_saver.saver.errors import with_bases
from compat_saver.saver.matching.fit import whole_of
from compat_saver.saver.matching.report import described
from compat_saver.saver.variables import name_of, static_shape_of, unwrapped

MOST_SHOWN = 20
"""The number of problems that get a hint; hints for thousands would take minutes."""

_ROOT = "/"
_EAGER = (
    "There are no variables by name in eager execution; compat_saver.load_into(target, source) fills the variables of "
    "eager programs."
)


@dataclass(frozen=True)
class Assignment:
    """A tensor of a checkpoint and the variable that it fills.

    Attributes:
        key: name of the tensor.
        variable: a tf.Variable, or the list of the parts of a partitioned one.
    """

    key: str
    variable: Any


class AssignmentMap:
    """Resolves the pairs of an assignment map.

    Attributes:
        assignments: the pairs that match.
        problems: why the others do not, a sentence each.
    """

    def __init__(self, checkpoint: Checkpoint, pairs: Sequence[tuple[str, Any]]) -> None:
        self._shapes, self._dtypes = checkpoint.shapes(), checkpoint.dtypes()
        self._variables = _tensorflow.variables_by_name()
        self.assignments: list[Assignment] = []
        self.problems: list[str] = []
        for key, target in sorted(pairs, key=lambda pair: pair[0]):
            for problem in self._add(key, target):
                self.problems.append(f"{key!r}: {problem}")

    def batches(self) -> list[list[Assignment]]:
        """Returns the assignments, split where a variable occurs again: of several the last one counts.

        The order is that in which TensorFlow processes the map: by the names on its left side.
        """
        found: list[list[Assignment]] = []
        seen: set[int] = set()
        for item in self.assignments:
            parts = {id(part) for part in (item.variable if isinstance(item.variable, list) else [item.variable])}
            if not found or parts & seen:
                found.append([])
                seen = set()
            found[-1].append(item)
            seen |= parts
        return found

    def _add(self, key: str, target: Any) -> Iterator[str]:
        """Resolves a pair. Cases: a variable or its parts; the name of one; a scope; none of them."""
        variable = _given(target) if not isinstance(target, str) else self._named(target)
        if variable is not None:
            yield from self._checked(key, variable)
        elif target.endswith("/") and key.endswith("/"):
            yield from self._scope(key, target)
        else:
            yield self._no_variable(key, target)

    def _named(self, name: str) -> Any:
        """Returns a variable by name, a partitioned one as the list of its parts; None if there is none."""
        if name in self._variables:
            return self._variables[name]
        parts: list[Any] = []
        while f"{name}/part_{len(parts)}" in self._variables:
            parts.append(self._variables[f"{name}/part_{len(parts)}"])
        return parts or None

    def _checked(self, key: str, variable: Any) -> Iterator[str]:
        if key not in self._shapes:
            hint = nearest_tensors(key, self._shapes) if len(self.problems) < MOST_SHOWN else ""
            yield f"the tensor is not found in checkpoint{hint or '.'}"
            return
        problem = mismatch_of(variable, self._dtypes[key], self._shapes[key])
        if problem:
            yield problem
        else:
            self.assignments.append(Assignment(key, variable))

    def _scope(self, key: str, scope: str) -> Iterator[str]:
        names = sorted({whole_of(name) for name in self._variables if scope == _ROOT or name.startswith(scope)})
        if not names:
            yield _nothing_in(f"no variable of the graph is in the scope {scope!r}", scope, self._variables)
            return
        rests = {name: name if scope == _ROOT else name.removeprefix(scope) for name in names}
        wanted = {name: rest if key == _ROOT else key + rest for name, rest in rests.items()}
        if not any(item in self._shapes for item in wanted.values()):
            better = self._better_scope(list(rests.values()))
            if better:
                yield f"it has none of the variables of {scope!r}; with {better!r}: {scope!r} all are found."
                return
            if key != _ROOT and not any(name.startswith(key) for name in self._shapes):
                yield _nothing_in("no tensor of the checkpoint is in this scope", key, self._shapes)
                return
        for name, item in wanted.items():
            yield from (f"for {name!r}, {item!r}: {problem}" for problem in self._checked(item, self._named(name)))

    def _better_scope(self, rests: Sequence[str]) -> str | None:
        """Returns the scope of the checkpoint, if there is one, that has tensors of all these names."""
        by_last: dict[str, list[str]] = defaultdict(list)
        for name in self._shapes:
            by_last[name.rpartition("/")[2]].append(name)
        votes = Counter(
            name.removesuffix(rest) or _ROOT
            for rest in rests
            for name in by_last[rest.rpartition("/")[2]]
            if name == rest or name.endswith(f"/{rest}")
        )
        scope, count = max(votes.items(), key=lambda item: item[1], default=("", 0))
        return scope if count == len(rests) else None

    def _no_variable(self, key: str, target: str) -> str:
        if _tensorflow.tensorflow().executing_eagerly():
            return f"no variable {target!r}. {_EAGER}"
        named = {whole_of(name) for name in self._variables}
        if f"{target}/" in _scopes(named) or target.endswith("/") or key.endswith("/"):
            other = f"{key.rstrip('/')}/", f"{target.rstrip('/')}/"
            return f"to fill a scope from a scope, end both names with a slash: {other[0]!r}: {other[1]!r}."
        hint = nearest_names(target.removesuffix(":0"), sorted(named))
        made = "" if hint else " Only variables made by get_variable are found by name; pass others as tf.Variable."
        return f"the graph has no variable {target!r}{hint or '.'}{made}"


def mismatch_of(variable: Any, dtype: DType, shape: tuple[int, ...]) -> str:
    """Returns why a tensor cannot fill a variable, or "".

    Args:
        variable: a tf.Variable, or a list of the parts of one.
        dtype: of the tensor.
        shape: of the tensor.
    """
    parts = variable if isinstance(variable, list) else []
    wholes = [_tensorflow.slice_of(part) for part in parts]
    if None in wholes or len({whole.full_name for whole in wholes}) > 1:
        return f"{', '.join(repr(name_of(part)) for part in parts)} are not parts of one variable."
    one = parts[0] if parts else variable
    name = wholes[0].full_name if parts else name_of(one)
    expected = tuple(wholes[0].full_shape) if parts else static_shape_of(one)
    number = one.dtype.base_dtype.as_datatype_enum
    has_shape = fits(shape, expected)
    if has_shape and number == dtype.number:
        return ""
    problem = "" if has_shape else "the shape of the variable doesn't match with shape of tensor: "
    return (
        f"variable {name!r}: {problem}expected {described(number, expected)}, "
        f"found {described(dtype.number, shape)} in the checkpoint."
    )


def nearest_tensors(name: str, known: Mapping[str, Any]) -> str:
    """Returns `; did you mean a, b or c?`: names that differ in their scope alone, else those nearest to it."""
    bare = name.removesuffix(":0")
    same = [item for item in known if item == bare or item.endswith(f"/{bare}") or bare.endswith(f"/{item}")]
    if same:
        return f"; did you mean {' or '.join(repr(item) for item in sorted(same, key=len)[:3])}?"
    return nearest_names(bare, known)


def _nothing_in(what: str, scope: str, names: Mapping[str, Any]) -> str:
    if not names:
        return f"{what}; get_variable made no variable at all. {_advice_of_mode()}".rstrip()
    known = sorted(_scopes(names))
    listed = f"; the scopes are {', '.join(map(repr, known[:10]))}" if known else "; there are no scopes"
    return f"{what}{nearest_names(scope, known) or f'{listed}.'}"


def _advice_of_mode() -> str:
    return _EAGER if _tensorflow.tensorflow().executing_eagerly() else ""


def _scopes(names: Mapping[str, Any] | set[str]) -> set[str]:
    """Returns every scope of names: of `a/b/c` both `a/` and `a/b/`."""
    return {name[: match.end()] for name in names for match in re.finditer("/", whole_of(name))}


def _given(target: Any) -> Any:
    """Returns a given variable, or the parts of a partitioned one as a list.

    Raises:
        TypeError: it is not one (UsageError).
    """
    tf = _tensorflow.tensorflow()
    target = unwrapped(target)
    if isinstance(target, tf.Variable):
        return target
    try:
        parts = list(target)  # a partitioned variable is an iterable of its parts
    except TypeError:
        parts = [target]
    if not parts or not all(isinstance(part, tf.Variable) for part in parts):
        raise with_bases(
            UsageError(
                "assignment_map: expected a tf.Variable, the parts of one, or the name of a variable or scope; "
                f"found {reprlib.repr(target)}"
            ),
            TypeError,
        )
    whole = len(parts) == 1 and _tensorflow.slice_of(parts[0]) is None
    return parts[0] if whole else parts
