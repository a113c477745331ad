#!/usr/bin/env python3
"""Writes the inputs that our benchmarks and the peers' share: spiral_data.py [FOLDER], by default build/bench.

All files are bare little-endian arrays in row-major order; numpy's default_rng is the same everywhere.

    spiral.bin         float32  W1 (50, 2), W2 (2, 50), y0 (20, 2), drawn in that order: seed 0, standard normal,
                                the weights times 0.1
    vdp.bin            float32  y0 (256, 2): (2, 0) + 0.1 standard normal, seed 1; mu (256), evenly spaced 1 to 100
    train_spiral.bin   int32    starts (500, 20): where a training step's pieces begin, 0 <= start < 990, seed 2
"""
import pathlib
import sys

import numpy as np


def spiral():
    rng = np.random.default_rng(0)
    w1 = 0.1 * rng.standard_normal((50, 2))
    w2 = 0.1 * rng.standard_normal((2, 50))
    y0 = rng.standard_normal((20, 2))
    return w1.astype("<f4"), w2.astype("<f4"), y0.astype("<f4")


def van_der_pol():
    y0 = np.array([2.0, 0.0]) + 0.1 * np.random.default_rng(1).standard_normal((256, 2))
    return y0.astype("<f4"), np.linspace(1, 100, 256).astype("<f4")


def train_starts():
    return np.random.default_rng(2).integers(0, 990, (500, 20)).astype("<i4")


def write(path, *arrays):
    path.write_bytes(b"".join(array.tobytes() for array in arrays))


if __name__ == "__main__":
    default = pathlib.Path(__file__).resolve().parent.parent / "build" / "bench"
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "spiral.bin", *spiral())
    write(folder / "vdp.bin", *van_der_pol())
    write(folder / "train_spiral.bin", train_starts())
