"""Edits that turn training behavior of a graph to inference; `analysis.training_behavior` decides which."""
