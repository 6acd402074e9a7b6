"""Times embedding and extraction of one 256 x 256 picture, in milliseconds, by networks as they are exported."""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

from tfwm.files import write_json
from tfwm.networks import ceilnet, unet

SIDE = 256


def subjects() -> dict[str, Callable[[], tf.Tensor]]:
    """What is timed, by name: one call of each of the paper's networks and of narrow ones."""
    draws = tf.random.Generator.from_seed(0)
    image, joined = draws.uniform((1, SIDE, SIDE, 3)), draws.uniform((1, SIDE, SIDE, 6))
    embedders = {filters: unet((SIDE, SIDE, 6), 3, filters=filters, downs=7, seed=0) for filters in (64, 32)}
    extractors = {channels: ceilnet((SIDE, SIDE, 3), 3, channels=channels, seed=0) for channels in (128, 32)}
    named = {f"embed, U-Net {filters}": (network, joined) for filters, network in embedders.items()}
    named |= {f"extract, CEILNet {channels}": (network, image) for channels, network in extractors.items()}
    return {name: _inference(*pair) for name, pair in named.items()}


def _inference(network: tf.keras.Model, picture: tf.Tensor) -> Callable[[], tf.Tensor]:
    # A function of its own: in a loop each lambda would call the last network.
    return tf.function(lambda: network(picture, training=False))


def median_ms(run: Callable[[], tf.Tensor], repeats: int) -> float:
    """The median time of a call, in milliseconds, after a first one that does not count because it traces.

    Args:
      run: the call.
      repeats: how many calls count.
    """
    run()
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        run().numpy()
        taken.append(time.perf_counter() - start)
    return 1e3 * statistics.median(taken)


def main() -> None:
    """Times every network, prints a table, and writes it as JSON where `--out` says so."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=10)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    rows: dict[str, Any] = {name: median_ms(run, options.repeats) for name, run in subjects().items()}
    table = [f"{'one 256 x 256 picture':26} {'median':>10}"]
    table += [f"{name:26} {value:7.1f} ms" for name, value in rows.items()]
    print("\n".join(table))
    if options.out:
        write_json(options.out, {"rows_ms": rows, "table": table})


if __name__ == "__main__":
    main()
