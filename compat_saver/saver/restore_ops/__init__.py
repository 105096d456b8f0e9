"""Restores through the ops of a saver.

Reading order: `preflight` (checks before anything runs), `requests` (what the ops read from a checkpoint), `filling`
(match, then fill), `failures` (what TensorFlow's errors mean).
"""
