"""The examples at the end of every `--help`, in one place; a test parses each of them."""

from __future__ import annotations

EXAMPLES = {
    "compat-saver": (
        "inspect run",
        "migrate run out",
        "batch models out --jobs 4",
    ),
    "inspect": ("inspect run/model.ckpt-2000", "inspect saved_model --tag-set serve,gpu --json"),
    "migrate": (
        "migrate run out",
        "migrate run/model.ckpt-2000 out --outputs logits --bind keep_prob=1.0",
        "migrate run out --signature 'serve:image->probabilities' --signature 'embed:image->pool/Mean'",
        "migrate run out --dry-run",
    ),
    "verify": ("verify run out", "verify run out --verify-data inputs.npz --rtol 1e-4"),
    "batch": (
        "batch models out --jobs 4 --memory 16G",
        "batch models out --resume",
        "batch models.csv out --dry-run --json",
    ),
    "run": (
        "run out --input 'x=[[1.0, 2.0]]'",
        "run run/model.ckpt-2000 --input image=image.npy --output logits --json",
    ),
    "doctor": ("doctor", "doctor --json"),
    "checkpoint": ("checkpoint ls run", "checkpoint diff run/model.ckpt-1 run/model.ckpt-2"),
    "checkpoint ls": ("checkpoint ls run", "checkpoint ls run --flat"),
    "checkpoint get": ("checkpoint get run dense/kernel", "checkpoint get run dense/kernel --slice 0:2,: -o k.npy"),
    "checkpoint stats": ("checkpoint stats run 'dense/*'", "checkpoint stats run --check"),
    "checkpoint diff": ("checkpoint diff run/model.ckpt-1 run/model.ckpt-2",),
    "checkpoint verify": ("checkpoint verify run/model.ckpt-2000",),
    "checkpoint convert": ("checkpoint convert run/model.ckpt new/model.ckpt",),
    "checkpoint rename": ("checkpoint rename run new/model.ckpt --map names.yaml",),
    "checkpoint drop": ("checkpoint drop run slim/model.ckpt --slots",),
    "checkpoint keep": ("checkpoint keep run encoder/model.ckpt 'encoder/*'",),
    "checkpoint ema": ("checkpoint ema run averaged/model.ckpt",),
    "checkpoint cast": ("checkpoint cast run half/model.ckpt float32=float16",),
    "checkpoint merge": ("checkpoint merge encoder decoder whole/model.ckpt",),
    "checkpoint average": ("checkpoint average run/model.ckpt-1 run/model.ckpt-2 mean/model.ckpt",),
    "checkpoint export": ("checkpoint export run weights.npz", "checkpoint export run weights.safetensors"),
    "checkpoint import": ("checkpoint import weights.npz new/model.ckpt",),
}
"""Command, as it is typed -> the arguments of examples."""


def epilog(command: str) -> str:
    """Returns the examples of a command as click prints them unwrapped."""
    lines = "\n".join(f"  compat-saver {line}" for line in EXAMPLES[command])
    return f"\b\nExamples:\n{lines}"
