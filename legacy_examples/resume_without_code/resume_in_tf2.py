"""Goes on where TensorFlow 1 stopped, without the program: 100 more steps, a model to serve, and a checkpoint.

    python resume_in_tf2.py OUT
"""

import sys
from pathlib import Path

import compat_saver as cs
import numpy as np
import tensorflow as tf
from batches import batch

HERE = Path(__file__).parent
out = Path(sys.argv[1])

cs.migrate(HERE / "run", out / "resumed", train=True, overwrite=True)
model = tf.saved_model.load(str(out / "resumed"))
train, serve = model.signatures["train"], model.signatures["serving_default"]

losses = []
for step in range(100, 200):
    points, labels = batch(step)
    result = train(points=tf.constant(points), labels=tf.constant(labels))
    losses.append(float(result["loss"]))
print(f"step {result['global_step']}: loss {np.mean(losses[:20]):.4f} at first, {np.mean(losses[-20:]):.4f} at last")

recorded = np.loadtxt(HERE / "losses.txt")
difference = np.abs(losses - recorded).max()
assert difference < 1e-3, difference
print(f"TensorFlow 1.15.5 had the same losses, within {1e-3}")

points, labels = batch(1000)
found = serve(points=tf.constant(points))["probabilities"].numpy().argmax(1)
print(f"{(found == labels).mean():.0%} of new points are on the right spiral")

tf.saved_model.save(model, str(out / "trained"), signatures=model.signatures)
cs.save_checkpoint(model, out / "model.ckpt-200", source=HERE / "run", overwrite=True)
