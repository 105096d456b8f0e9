"""Writes a plan as a TF2 SavedModel."""
