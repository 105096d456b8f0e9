"""Replacements of ops that current TensorFlow lacks; each file is named after the op that it replaces."""
