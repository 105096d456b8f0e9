"""Renderers: outcomes in, text out; a file for each kind of outcome."""
