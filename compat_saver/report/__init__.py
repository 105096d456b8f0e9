"""Renderers: outcomes in, text out; one per file."""
