#!/usr/bin/env python3
"""Writes the inputs that our benchmarks and the peers' share: spiral_data.py [FOLDER], by default build/bench.

All files are bare little-endian arrays in row-major order; numpy's default_rng is the same everywhere.

    spiral.bin         float32  W1 (50, 2), W2 (2, 50), y0 (20, 2), drawn in that order: seed 0, standard normal,
                                the weights times 0.1
    vdp.bin            float32  y0 (256, 2): (2, 0) + 0.1 standard normal, seed 1; mu (256), evenly spaced 1 to 100
    train_spiral.bin   int32    starts (500, 20): where a training step's pieces begin, 0 <= start < 990, seed 2
    mnist_field.bin    float32  W1 (100, 785), W2 (784, 101): Glorot uniform, time's column last, seed 3;
                                y0 (512, 784): number i is (7919 i mod 10007) / 10007
    cnf.bin            float32  W1 (32, 1), b1 (32), W2 (32, 32), b2 (32), W3 (448, 32), b3 (448): uniform in
                                +-1/sqrt(columns of W); z (512, 2): circles of radius 1 and 0.5, noise 0.06; seed 4
    hutchinson.bin     float32  W1 (64, 6), b1 (64), W2 (64, 64), b2 (64), W3 (6, 64), b3 (6): as above;
                                y (512, 6) standard normal; eps (512, 6) of -1 and 1; seed 5
    sampler.bin        float32  W1 (64, 3), b1 (64), W2 (64, 64), b2 (64): standard normal over the root of columns, biases
                                0.3 of it, time's column last; W3 (2, 64), b3 (2): least squares for the noise in 8192 noised
                                points of four Gaussians; x (64, 2): where sampling starts; seed 6
"""
import itertools
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


def mnist_field():
    rng = np.random.default_rng(3)
    w1, w2 = (rng.uniform(-1, 1, shape) * np.sqrt(6 / sum(shape)) for shape in ((100, 785), (784, 101)))
    y0 = np.arange(512 * 784).reshape(512, 784) * 7919 % 10007 / 10007
    return w1.astype("<f4"), w2.astype("<f4"), y0.astype("<f4")


def linear(rng, *sizes):
    """Weights and biases of layers in -> out, as torch.nn.Linear draws them."""
    for columns, rows in itertools.pairwise(sizes):
        yield (rng.uniform(-1, 1, (rows, columns)) / np.sqrt(columns)).astype("<f4")
        yield (rng.uniform(-1, 1, rows) / np.sqrt(columns)).astype("<f4")


def cnf():
    rng = np.random.default_rng(4)
    layers = list(linear(rng, 1, 32, 32, 448))
    angle = np.tile(np.linspace(0, 2 * np.pi, 256, endpoint=False), 2)
    radius = np.repeat([1.0, 0.5], 256)
    circles = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return *layers, (circles + 0.06 * rng.standard_normal((512, 2))).astype("<f4")


def hutchinson():
    rng = np.random.default_rng(5)
    layers = list(linear(rng, 6, 64, 64, 6))
    return *layers, rng.standard_normal((512, 6)).astype("<f4"), rng.choice([-1, 1], (512, 6)).astype("<f4")


def sampler():
    """A network that predicts noise fairly, so that trajectories stay of order one: its last layer alone is fitted."""
    rng = np.random.default_rng(6)
    w1, b1 = rng.standard_normal((64, 3)) / np.sqrt(3), 0.3 * rng.standard_normal(64)
    w2, b2 = rng.standard_normal((64, 64)) / 8, 0.3 * rng.standard_normal(64)
    mean = np.array([[1.2, 0.8], [-1, 0.9], [-0.7, -1.1], [0.9, -0.6]])
    t = rng.uniform(1e-3, 1, (8192, 1))
    alpha = np.exp(-0.25 * 19.9 * t**2 - 0.05 * t)
    noise = rng.standard_normal((8192, 2))
    x0 = mean[rng.integers(0, 4, 8192)] + 0.22 * rng.standard_normal((8192, 2))
    x = alpha * x0 + np.sqrt(1 - alpha**2) * noise
    h = np.tanh(np.tanh(np.hstack([x, t]) @ w1.T + b1) @ w2.T + b2)
    h = np.hstack([h, np.ones((8192, 1))])
    w3 = np.linalg.solve(h.T @ h + np.eye(65), h.T @ noise)
    layers = w1, b1, w2, b2, w3[:64].T.copy(), w3[64], rng.standard_normal((64, 2))
    return [a.astype("<f4") for a in layers]


def write(path, *arrays):
    path.write_bytes(b"".join(array.tobytes() for array in arrays))


if __name__ == "__main__":
    default = pathlib.Path(__file__).resolve().parent.parent / "build" / "bench"
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else default
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "spiral.bin", *spiral())
    write(folder / "vdp.bin", *van_der_pol())
    write(folder / "train_spiral.bin", train_starts())
    write(folder / "mnist_field.bin", *mnist_field())
    write(folder / "cnf.bin", *cnf())
    write(folder / "hutchinson.bin", *hutchinson())
    write(folder / "sampler.bin", *sampler())
