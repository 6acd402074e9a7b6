"""Times requests to a marked model and to the same host without a mark, over gRPC, in turns."""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from tensorflow import keras

from serving.client import predict
from serving.server import Server
from tfwm.exporting import export
from tfwm.files import write_json
from tfwm.kinds.restoration_hosts import HostSettings
from tfwm.networks.resampling import any_size
from tfwm.networks.restorers.residual_unet import residual_unet
from tfwm.schemes import DeepWatermarking
from tfwm.schemes.deep_watermarking.networks import build, carriers, fold_carriers, host_then_embedder

SIDE = 256


def models(seed: int = 0) -> dict[str, keras.Model]:
    """The demo's host, and the same with an embedder behind it: untrained, for they answer as fast as trained ones."""
    settings, scheme = HostSettings(), DeepWatermarking.fast()
    host = any_size(
        residual_unet((None, None, 3), filters=settings.filters, downs=settings.downs, seed=seed), 2**settings.downs
    )
    code = np.ones((1, scheme.cells**2), np.float32)
    logo = np.zeros((scheme.image_size, scheme.image_size, 3), np.float32)
    carried = carriers(code, logo, scheme.image_size, 1)[0].numpy()
    folded = fold_carriers(build(scheme, seed).embedder, carried, scheme.channels)
    return {"unmarked": host, "marked": host_then_embedder(host, folded, scheme.image_size, scheme.residual_scale)}


def latencies_ms(address: str, names: list[str], repeats: int) -> dict[str, list[float]]:
    """Times requests to models that take turns, so that all of them meet a machine that grows slower or faster.

    Args:
      address: of the server, `host:port`.
      names: of the models.
      repeats: how many requests to each model count; two before them do not.

    Returns:
      Milliseconds of each request, by model.
    """
    picture = np.random.default_rng(0).random((1, SIDE, SIDE, 3), np.float32)
    taken: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(repeats + 2):
        for name in names:
            start = time.perf_counter()
            predict(address, name, {"image": picture})
            if turn >= 2:
                taken[name].append(1e3 * (time.perf_counter() - start))
    return taken


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
        with Server({name: str(path) for name, path in paths.items()}) as server:
            taken = latencies_ms(server.address, list(paths), options.repeats)
    rows: dict[str, Any] = {name: statistics.median(values) for name, values in taken.items()}
    ratio = statistics.median(m / u for m, u in zip(taken["marked"], taken["unmarked"], strict=True))
    table = [f"{'one 256 x 256 picture, gRPC':30} {'median':>10}"]
    table += [f"{name:30} {value:7.1f} ms" for name, value in rows.items()]
    table.append(f"{'marked / unmarked':30} {ratio:7.2f}")
    print("\n".join(table))
    if options.out:
        write_json(options.out, {"rows_ms": rows, "ratio": ratio, "table": table})


if __name__ == "__main__":
    main()
