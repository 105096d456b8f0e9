"""Saving: names, crash safety, and which checkpoints are kept.

Reading order: `destination` (the names of the files), `crash_safety` (an earlier checkpoint stays usable), `retention`
(which checkpoints a saver keeps).
"""
