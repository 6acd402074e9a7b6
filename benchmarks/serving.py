"""Times requests to a marked model and to the same host without a mark, over gRPC, in turns."""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from tensorflow import keras

from serving.client import predict
from serving.server import Server
from tfwm.data import make_pairs, photographs, sample_patches
from tfwm.exporting import export
from tfwm.files import write_json
from tfwm.keys import new_secret
from tfwm.kinds.restoration_hosts import HostSettings
from tfwm.networks.resampling import any_size
from tfwm.networks.restorers.residual_unet import residual_unet
from tfwm.schemes import DeepWatermarking
from tfwm.schemes.deep_watermarking.marks import checked_mark
from tfwm.schemes.deep_watermarking.networks import build
from tfwm.schemes.deep_watermarking.training import deployed_model, key_of_networks

CASES = ((1, 256), (16, 256), (1, 1024), (16, 1024))
LARGE = 2**20  # pixels of a request beyond which fewer are sent
FEWEST = 3
PROBES = 512  # pictures from which the functions of structure are computed


def models(seed: int = 0) -> dict[str, keras.Model]:
    """The demo's host, and the same behind the demo's barrier, structure and correction included.

    Nothing is trained: networks answer as fast before as after.

    Args:
      seed: of all weights, pictures and of the secret.
    """
    settings, scheme = HostSettings(), DeepWatermarking.fast()
    host = any_size(
        residual_unet((None, None, 3), filters=settings.filters, downs=settings.downs, seed=seed), 2**settings.downs
    )
    patches = sample_patches([*photographs("owner").values()], PROBES, scheme.image_size, seed=seed)
    built = build(scheme, seed)
    pairs = make_pairs("derain", patches, seed=seed)
    key = key_of_networks(scheme, built, checked_mark(scheme), pairs, host, new_secret(seed))
    return {"unmarked": host, "marked": deployed_model(scheme, built, host, key)}


def latencies_ms(address: str, names: list[str], pictures: np.ndarray, repeats: int) -> dict[str, list[float]]:
    """Times requests to models that take turns, so that all of them meet a machine that grows slower or faster.

    Args:
      address: of the server, `host:port`.
      names: of the models.
      pictures: float32 `[n, height, width, 3]` of each request.
      repeats: how many requests to each model count; two before them do not.

    Returns:
      Milliseconds of each request, by model.
    """
    taken: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(repeats + 2):
        for name in names:
            start = time.perf_counter()
            predict(address, name, {"image": pictures}, timeout_s=600)
            if turn >= 2:
                taken[name].append(1e3 * (time.perf_counter() - start))
    return taken


def barrier_cost(address: str, names: list[str], batch: int, side: int, repeats: int) -> dict[str, Any]:
    """The medians of both models in milliseconds, and the median of their ratio, for one size of request.

    Args:
      address: of the server.
      names: the unmarked model, then the marked one.
      batch: pictures in a request.
      side: of each, in pixels.
      repeats: how many requests to each model count; a seventh of them, `FEWEST` at least, where requests are large.
    """
    pictures = np.random.default_rng(0).random((batch, side, side, 3), np.float32)
    count = repeats if batch * side**2 < LARGE else max(FEWEST, repeats // 7)
    taken = latencies_ms(address, names, pictures, count)
    plain, marked = (taken[name] for name in names)
    return {
        "batch": batch, "side": side, "requests": count, "unmarked_ms": statistics.median(plain),
        "marked_ms": statistics.median(marked),
        "ratio": statistics.median(one / other for one, other in zip(marked, plain, strict=True)),
    }  # fmt: skip


def main() -> None:
    """Exports both models, serves them, times requests and prints a table; writes it as JSON where `--out` says so."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder) / name for name in ("unmarked", "marked")}
        for name, model in models().items():
            export(model, paths[name] / "1", public=True, warmup=False)
        load = os.getloadavg()[0]
        with Server({name: str(path) for name, path in paths.items()}) as server:
            rows, table = [], [f"{'floats over gRPC':20} {'unmarked':>11} {'marked':>11} {'ratio':>6}"]
            for case in CASES:
                row = barrier_cost(server.address, list(paths), *case, options.repeats)
                rows.append(row)
                table.append(
                    f"{row['batch']:3} x {row['side']:4} x {row['side']:4}   {row['unmarked_ms']:8.1f} ms "
                    f"{row['marked_ms']:8.1f} ms {row['ratio']:6.2f}"
                )
                print(table[-1], flush=True)
    table.append(f"load of the machine before: {load:.1f} on {os.cpu_count()} cores")
    print(table[-1])
    if options.out:
        write_json(options.out, {"rows": rows, "load": load, "cores": os.cpu_count(), "table": table})


if __name__ == "__main__":
    main()
