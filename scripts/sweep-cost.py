#!/usr/bin/env python3
"""What patching block_output at every layer and position of one pair of prompts costs, by the rules of docs/scaling.md.

    scripts/sweep-cost.py facts-gpt2 --positions 10 --differ 3
    scripts/sweep-cost.py 70b --positions 4096 --differ 0 --memory 64

The first lines are those of `onnx-intervene patch … --explain`, which computes them from the file and the plan.
"""

import argparse
from dataclasses import dataclass

MOST_TOKENS = 4096  # of a group of rows
RUN_TOKENS = 512  # of a run of a part that computes each token by itself
MIXING_TOKENS = 32  # that attention may compute twice, for a run less
ANSWERS = 2  # tokens whose logits are measured


@dataclass
class Shape:
    """A transformer: how large the numbers are that the rules take."""

    layers: int
    width: int
    kept: int  # the keys of a position, and as many values
    layer: int  # weights that a position is multiplied by in a layer
    head: int  # and for its logits

    @property
    def projections(self):
        """The weights of queries, keys and values."""
        return self.width * (self.width + 2 * self.kept)


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


@dataclass
class Row:
    """A cell that is run: the layer that it joins at, and the first position that differs."""

    point: int
    first: int


def rows_of(shape, positions, differ):
    for point in range(1, shape.layers + 1):
        for first in range(differ, positions):
            if point < shape.layers or first == positions - 1:
                yield Row(point, first)


def divided(shape, positions, differ, memory):
    """Layers in three parts: the groups' runs, multiplications and largest memory."""
    token_bytes = shape.width * 12 * 4
    most = max(1, min(MOST_TOKENS, memory // token_bytes))
    runs = weights = largest = 0
    for group in groups(rows_of(shape, positions, differ), positions, most):
        largest = max(largest, sum(positions - row.first for row in group) * token_bytes)
        runs += 1
        weights += len(group) * shape.width * ANSWERS
        for layer in range(shape.layers):
            active = [row for row in group if row.point <= layer]
            projected = sum(1 if row.point == layer else positions - row.first for row in active)
            carried = sum(1 if layer == shape.layers - 1 else positions - row.first for row in active)
            weights += projected * shape.projections + carried * (shape.layer - shape.projections)
            runs += -(-projected // RUN_TOKENS) + -(-carried // RUN_TOKENS) + mixings(active, positions, most)
    return runs, weights, largest


def groups(rows, positions, most):
    """Rows in the order in which they join, as many as a group holds."""
    group, tokens = [], 0
    for row in rows:
        if group and tokens + positions - row.first > most:
            yield group
            group, tokens = [], 0
        group.append(row)
        tokens += positions - row.first
    if group:
        yield group


def mixings(rows, positions, most):
    """How many runs attention takes: rows that begin a few positions later join, where little is computed twice."""
    count = size = first = twice = 0
    for row in sorted(rows, key=lambda row: row.first):
        is_full = (size + 1) * (positions - first) > most
        if size and (is_full or twice + row.first - first > MIXING_TOKENS):
            size = twice = 0
        if size == 0:
            first = row.first
            count += 1
        twice += row.first - first
        size += 1
    return count


def whole(shape, positions, differ, memory):
    """Layers as they are: rows of one position climb together."""
    runs = weights = largest = 0
    for first in range(differ, positions):
        length = positions - first
        points = list(range(1, shape.layers + (first == positions - 1)))
        row_bytes = length * shape.width * 16 * 4
        most = max(1, min(1 << 12, memory // row_bytes))
        for start in range(0, len(points), most):
            some = points[start : start + most]
            runs += 1 + sum(1 for layer in range(shape.layers) if some[0] <= layer)
            largest = max(largest, len(some) * row_bytes)
            for layer in range(some[0], shape.layers):
                active = sum(1 for point in some if point <= layer)
                computed = length if layer < shape.layers - 1 else 1 + (length - 1) / 6
                weights += active * computed * shape.layer
            weights += len(some) * shape.width * ANSWERS
    return runs, weights, largest


def cost(shape, positions, differ, memory, bases=2):
    streams = bases * (shape.layers + 1) * positions * shape.width * 4
    caches = bases * shape.layers * 2 * positions * shape.kept * 4
    between = bases * shape.layers * positions * (2 * shape.width + 2 * shape.kept) * 4
    stream = bases * shape.layers * positions * shape.width * 4
    is_divided = stream + caches + between <= memory
    runs, weights, largest = (divided if is_divided else whole)(shape, positions, differ, memory)
    cells = shape.layers * positions
    naive = cells * positions * (shape.layers * shape.layer + shape.head)
    return {
        "layers are": "divided around attention" if is_divided else "whole",
        "cells": cells,
        "rows": sum(1 for _ in rows_of(shape, positions, differ)),
        "runs": runs,
        "share": weights / naive,
        "memory": largest + streams + caches + (between if is_divided else 0),
        "multiplications": weights,
        "naive": naive,
        "streams": streams,
        "caches": caches,
        "between": between if is_divided else 0,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape", choices=SHAPES)
    parser.add_argument("--positions", type=int, required=True, help="tokens of each prompt")
    parser.add_argument("--differ", type=int, default=0, help="the first position at which the prompts differ")
    parser.add_argument("--memory", type=int, default=1, help="GiB of --memory")
    options = parser.parse_args()
    found = cost(SHAPES[options.shape], options.positions, options.differ, options.memory << 30)
    for name, value in found.items():
        print(f"{name:16} {value:.6g}" if isinstance(value, float) else f"{name:16} {value}")


if __name__ == "__main__":
    main()
