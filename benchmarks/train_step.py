"""Times a training step of `deep_watermarking`'s initial stage, and the same step in PyTorch.

python -m benchmarks.train_step [--rounds 4] [--steps 3] [--peer-python PATH] [--out FILE]
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from benchmarks.torch_env import PeerUnavailable, torch_python
from benchmarks.workers import Worker, interleaved, summary
from tfwm.files import write_json

PEER = Path(__file__).parent / "peers" / "train_step_torch.py"
BUSY = 0.4  # load average per thread, before anything of ours runs
SLEEPING = {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"}
SIZES = {
    "U-Net 32, extractor 32": {"side": 64, "batch": 8, "filters": 32, "channels": 32, "downs": 5},
    "U-Net 64, extractor 128": {"side": 64, "batch": 8, "filters": 64, "channels": 128, "downs": 5},
}


def measure(
    sizes: dict[str, int], peer_python: Path | None, *, rounds: int, steps: int, threads: int
) -> dict[str, Any]:
    """Times the step of the library and that of the peer in turns.

    Where other programs use the processors, OpenMP's threads wait for each other by spinning and the peer
    slows down thirtyfold. There its threads are told to sleep, and processor seconds are the fairer figure.

    Args:
      sizes: of networks and batch, one of `SIZES`.
      peer_python: an interpreter that has PyTorch; None leaves the peer out.
      rounds: how many turns each has.
      steps: how many steps a turn has.
      threads: of each program.

    Returns:
      One row of the table: the sizes, the medians of both, and their ratio, above 1 where TensorFlow is faster.

    Raises:
      RuntimeError: the two do not train networks of the same size.
    """
    load = os.getloadavg()[0]
    busy = load > BUSY * threads
    flags = [text for name, value in {**sizes, "threads": threads}.items() for text in (f"--{name}", str(value))]
    ours = Worker([sys.executable, "-m", "benchmarks.train_step_worker", *flags], {"TF_CPP_MIN_LOG_LEVEL": "3"})
    peer = Worker([str(peer_python), str(PEER), *flags], SLEEPING if busy else {}) if peer_python else None
    if peer and peer.ready["parameters"] != ours.ready["parameters"]:
        raise RuntimeError(f"Not the same networks: {ours.ready['parameters']} here, {peer.ready['parameters']} there.")
    own_s, peer_s = interleaved(ours, peer, rounds=rounds, steps=steps)
    row: dict[str, Any] = {**sizes, "threads": threads, "load_average_before": load, "busy": busy}
    row["tensorflow"] = {**ours.ready, **summary(own_s, sizes["batch"])}
    if peer:
        row["pytorch"] = {**peer.ready, **summary(peer_s, sizes["batch"])}
        row["ratio"] = row["pytorch"]["step_s"] / row["tensorflow"]["step_s"]
        row["processor_ratio"] = row["pytorch"]["processor_s"] / row["tensorflow"]["processor_s"]
    for worker in filter(None, (ours, peer)):
        worker.close()
    return row


def lines(result: dict[str, Any]) -> list[str]:
    """The lines of the table that `main` prints, from the document that it writes."""
    heads = f"{'TensorFlow':>14} {'first step':>11} {'PyTorch':>14} {'ratio':>6} {'processor':>10}"
    table = [f"{'training step':26} {heads}"]
    for name, row in result["rows"].items():
        ours, peer = row["tensorflow"], row.get("pytorch")
        theirs = f"{peer['images_per_s']:9.2f} im/s" if peer else "not measured"
        ratios = f"{row['ratio']:6.2f} {row['processor_ratio']:10.2f}" if peer else f"{'-':>6} {'-':>10}"
        table.append(f"{name:26} {ours['images_per_s']:9.2f} im/s {ours['first_step_s']:9.1f} s {theirs:>14} {ratios}")
        if row["busy"]:
            table.append(f"  the machine was busy (load {row['load_average_before']:.1f}): trust the processor ratio")
    if result["peer_skipped"]:
        table.append(f"PyTorch skipped: {result['peer_skipped']}")
    return table


def main() -> None:
    """Measures every size, prints the table, and writes it as JSON where `--out` says so."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--only", choices=sorted(SIZES), help="one size")
    parser.add_argument("--peer-python", type=Path, help="an interpreter that has torch; made when missing")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    skipped, peer_python = "", options.peer_python
    if peer_python is None:
        try:
            peer_python = torch_python()
        except PeerUnavailable as reason:
            skipped = str(reason)
    chosen = [options.only] if options.only else list(SIZES)
    rows = {
        name: measure(SIZES[name], peer_python, rounds=options.rounds, steps=options.steps, threads=options.threads)
        for name in chosen
    }
    result = {"rows": rows, "peer_skipped": skipped, "onednn": os.environ.get("TF_ENABLE_ONEDNN_OPTS", "default")}
    result["table"] = lines(result)
    print("\n".join(result["table"]))
    if options.out:
        write_json(options.out, result)


if __name__ == "__main__":
    main()
