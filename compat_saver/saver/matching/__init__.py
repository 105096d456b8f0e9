"""Matches tensors of a checkpoint with variables by name, dtype and shape, and describes what does not match.

Reading order: `report` (the outcome), `fit` (finds the tensor of each variable), `conflicts` (two variables that match
one tensor), `naming` (scope, moving averages, the caller's map), `numbering`
(names that differ in their numbers), `advice` (the message about what does not match).
"""
