#!/usr/bin/env python3
"""What patching block_output at every layer and position of one pair of prompts costs, by the rules of docs/scaling.md.

    scripts/sweep-cost.py facts-gpt2 --positions 10 --differ 3
    scripts/sweep-cost.py 70b --positions 4096 --differ 0 --memory 64

The first lines are those of `onnx-intervene patch … --explain`, which computes them from the file and the plan.
"""

import argparse
from dataclasses import dataclass


@dataclass
class Shape:
    """A transformer: how large the numbers are that the rules take."""

    layers: int
    width: int
    kept: int  # the keys of a position, and as many values
    layer: int  # weights that a position is multiplied by in a layer
    head: int  # and for its logits


def plain(layers, width, vocabulary):
    """GPT-2: four matrices of the attention, two of the feed-forward, which is four times as wide."""
    return Shape(layers, width, width, 12 * width**2, width * vocabulary)


def gated(layers, width, kept, feed_forward, vocabulary):
    """LLaMA: grouped keys and values, three matrices of the feed-forward."""
    layer = 2 * width**2 + 2 * width * kept + 3 * width * feed_forward
    return Shape(layers, width, kept, layer, width * vocabulary)


SHAPES = {
    "facts-gpt2": plain(6, 192, 2560),
    "gpt2-small": plain(12, 768, 50257),
    "70b": gated(80, 8192, 1024, 28672, 128256),
}


def groups(shape, positions, differ, memory):
    """For each run of rows up the layers: the positions it computes, and the layer's input at which each row joins."""
    for first in range(differ, positions):
        length = positions - first
        points = list(range(1, shape.layers + (first == positions - 1)))
        most = max(1, min(1 << 12, memory // row_bytes(shape, length)))
        for start in range(0, len(points), most):
            yield length, points[start : start + most]


def row_bytes(shape, length):
    return length * shape.width * 16 * 4


def cost(shape, positions, differ, memory, bases=2):
    runs = rows = weights = largest = 0
    for length, points in groups(shape, positions, differ, memory):
        rows += len(points)
        runs += 1 + sum(1 for layer in range(shape.layers) if points[0] <= layer)
        largest = max(largest, len(points) * row_bytes(shape, length))
        for layer in range(points[0], shape.layers):
            active = sum(1 for point in points if point <= layer)
            computed = length if layer < shape.layers - 1 else 1 + (length - 1) / 6
            weights += active * computed * shape.layer
        weights += len(points) * shape.head
    cells = shape.layers * positions
    naive = cells * positions * (shape.layers * shape.layer + shape.head)
    streams = bases * (shape.layers + 1) * positions * shape.width * 4
    caches = bases * shape.layers * 2 * positions * shape.kept * 4
    return {
        "cells": cells,
        "rows": rows,
        "runs": runs,
        "share": weights / naive,
        "memory": largest + streams + caches,
        "multiplications": weights,
        "naive": naive,
        "streams": streams,
        "caches": caches,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("--positions", type=int, required=True, help="tokens of each prompt")
    parser.add_argument("--differ", type=int, default=0, help="the first position at which the prompts differ")
    parser.add_argument("--memory", type=int, default=1, help="GiB that the rows of one run may take")
    options = parser.parse_args()
    found = cost(SHAPES[options.shape], options.positions, options.differ, options.memory << 30)
    for name, value in found.items():
        print(f"{name:16} {value:.6g}" if isinstance(value, float) else f"{name:16} {value}")


if __name__ == "__main__":
    main()
