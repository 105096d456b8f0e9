"""Resolves conflicts: two variables that match the same tensor.

The variable for which it is the likelier name keeps it. If it is as likely for both, neither gets it, and a variable
without another name is listed as a mismatch.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from compat_saver.saver.matching.fit import Fit, Match, Tensors, Wanted, fit
from compat_saver.saver.matching.report import Mismatched, Missing, described


def fit_without_conflicts(wanted: Sequence[Wanted], tensors: Tensors, names: Mapping[str, str]) -> Fit:
    """Finds every variable in a checkpoint, as `fit` does, and assigns no tensor to two variables.

    Args:
        wanted: the variables, each with a number of its own.
        tensors: the checkpoint.
        names: the names under which its tensors go -> keys.
    """
    shared: dict[str, Mismatched] = {}
    original = tuple(wanted)
    while True:
        found = fit(wanted, tensors, names)
        conflicts = _conflicts(found.matches)
        if not conflicts:
            return dataclasses.replace(_with_mismatches(found, shared), wanted=original)
        struck: dict[int, str] = {}
        for matches in conflicts:
            ranks = [match.wanted.keys.index(match.name) for match in matches]
            is_resolved = ranks.count(min(ranks)) == 1
            for match, rank in zip(matches, ranks, strict=True):
                if is_resolved and rank == min(ranks):
                    continue
                struck[match.wanted.number] = match.name
                if not is_resolved:
                    shared[match.wanted.name] = _shared(match, len(matches))
        wanted = [_without(item, struck[item.number]) if item.number in struck else item for item in wanted]


def _conflicts(matches: Sequence[Match]) -> list[list[Match]]:
    """Returns the groups of matches that take the same of the same tensor."""
    groups: dict[Any, list[Match]] = defaultdict(list)
    for match in matches:
        groups[match.keys, tuple((part.start, part.stop) for part in match.box)].append(match)
    return [group for group in groups.values() if len(group) > 1]


def _shared(match: Match, count: int) -> Mismatched:
    wanted = match.wanted
    expected = described(wanted.dtype, wanted.shape)
    return Mismatched(wanted.name, match.keys[0], expected, f"one tensor for {count} variables of that name")


def _without(item: Wanted, name: str) -> Wanted:
    return dataclasses.replace(item, keys=tuple(key for key in item.keys if key != name))


def _with_mismatches(found: Fit, shared: Mapping[str, Mismatched]) -> Fit:
    """Returns a fit in which variables that lost a shared tensor are mismatched rather than missing."""
    if not shared:
        return found
    report = found.report
    lost = [shared[row.name] for row in report.missing if row.name in shared]
    missing: tuple[Missing, ...] = tuple(row for row in report.missing if row.name not in shared)
    unexpected = tuple(key for key in report.unexpected if key not in {row.key for row in lost})
    mismatched = (*report.mismatched, *lost)
    return Fit(
        found.matches,
        dataclasses.replace(report, missing=missing, unexpected=unexpected, mismatched=mismatched),
    )
