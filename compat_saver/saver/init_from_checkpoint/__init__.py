"""init_from_checkpoint and warm_start: everything checked before TensorFlow changes an initialiser."""
