"""Which tensor of a checkpoint is whose: names, dtypes, shapes, and what to say where they do not fit."""
