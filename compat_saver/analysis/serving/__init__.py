"""What a graph should serve: its outputs, its inputs, and the training-mode inputs to fix."""
