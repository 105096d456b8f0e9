"""What a graph does only because it was saved while training: found by structure, each with the edits that end it.

Reading order: finding.py (a result), served.py (what is looked at), masks.py, sparse_masks.py, noise.py,
augmentation.py (chance), updates.py, batch_norm.py, side_updates.py (statistics and updates), label_checks.py.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from compat_saver.analysis.training_behavior.augmentation import find_augmentations
from compat_saver.analysis.training_behavior.batch_norm import Stored, find_batch_norms
from compat_saver.analysis.training_behavior.finding import Finding
from compat_saver.analysis.training_behavior.label_checks import find_label_checks
from compat_saver.analysis.training_behavior.masks import find_masks
from compat_saver.analysis.training_behavior.noise import find_noise
from compat_saver.analysis.training_behavior.served import Served
from compat_saver.analysis.training_behavior.side_updates import find_side_updates
from compat_saver.analysis.training_behavior.sparse_masks import find_sparse_masks
from compat_saver.analysis.training_behavior.updates import averages, changes_of
from compat_saver.passes.inference.edits import StopWaiting

__all__ = ["Finding", "Served", "find_training_behavior"]


def find_training_behavior(served: Served, stored: Stored, trainable: Collection[str]) -> tuple[Finding, ...]:
    """Returns every place where what is served behaves as in training.

    Args:
        served: the graph, and what of it is served.
        stored: reads the value of a variable from the checkpoint; None if it is not there.
        trainable: the names of the trainable variables.
    """
    changes = changes_of(served)
    found = [
        *find_masks(served),
        *find_sparse_masks(served),
        *find_augmentations(served),
        *find_noise(served),
        *find_batch_norms(served, averages(served, changes), stored, trainable),
        *find_label_checks(served),
    ]
    return (*found, *find_side_updates(served, changes, _stopped(found), stored))


def _stopped(findings: Iterable[Finding]) -> set[str]:
    return {edit.node for item in findings for edit in item.edits if isinstance(edit, StopWaiting)}
