"""init_from_checkpoint and warm_start: everything is checked before TensorFlow changes an initializer."""
