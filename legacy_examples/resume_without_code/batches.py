"""The data of the lost program: points on two spirals, and which spiral each is on."""

import numpy as np


def batch(step):
    """Returns the points, [32, 2], and the labels, [32], of a training step."""
    rng = np.random.RandomState(step)
    labels = rng.randint(0, 2, 32)
    angles = rng.uniform(0.5, 9.0, 32)
    radii = angles / 9.0
    turned = angles + labels * np.pi
    points = np.stack([radii * np.cos(turned), radii * np.sin(turned)], axis=1)
    return (points + rng.normal(0, 0.02, points.shape)).astype(np.float32), labels.astype(np.int64)
