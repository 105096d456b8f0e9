"""Graphs as today's TensorFlow can import them."""
