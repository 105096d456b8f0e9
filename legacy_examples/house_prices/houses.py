"""Makes up houses and what they were sold for: the data of this example, the same numbers on every machine."""

import numpy as np

FEATURES = ["area", "rooms", "age", "distance", "garden", "floor"]  # m2, -, years, km, m2, -


def make_houses(count, seed):
    """Returns features [count, 6] and prices in thousands [count, 1], both float32."""
    rng = np.random.RandomState(seed)
    area = rng.uniform(30.0, 220.0, count)
    rooms = np.clip(np.round(area / 28.0 + rng.uniform(-1.0, 1.0, count)), 1.0, 8.0)
    age = rng.uniform(0.0, 90.0, count)
    distance = rng.uniform(0.5, 25.0, count)
    garden = rng.uniform(0.0, 600.0, count) * (rng.uniform(size=count) < 0.5)
    floor = rng.randint(0, 6, count)
    price = (40.0 + 3.1 * area + 9.0 * rooms + 0.12 * garden - 4.0 * (floor == 0)) * np.exp(-distance / 40.0)
    price = price * (1.0 - 0.3 * np.sin(np.pi * age / 120.0)) + rng.uniform(-8.0, 8.0, count)
    features = np.stack([area, rooms, age, distance, garden, floor], axis=1)
    return features.astype(np.float32), price[:, np.newaxis].astype(np.float32)
