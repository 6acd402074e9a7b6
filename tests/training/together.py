"""Two processes on this machine that train one network, for tests of what comes out; as a program, one of them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]


def free_ports(count: int) -> list[int]:
    """Ports of this machine that nobody listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def tf_config(ports: Sequence[int], index: int) -> str:
    """TF_CONFIG as Kubeflow's training operator writes it: number 0 is the chief, the others are workers."""
    hosts = [f"127.0.0.1:{port}" for port in ports]
    task = {"type": "chief", "index": 0} if index == 0 else {"type": "worker", "index": index - 1}
    return json.dumps({"cluster": {"chief": hosts[:1], "worker": hosts[1:]}, "task": task})


def start(
    command: Sequence[str], count: int, log: Path, *, dies: int | None = None, kill: str = ""
) -> list[subprocess.Popen]:
    """Starts workers that train together.

    Args:
      command: what each of them runs.
      count: how many; 1 is a process alone, without TF_CONFIG.
      log: folder for what they say on standard error, a file each.
      dies: which of them kills itself.
      kill: when, `stage:epoch`.
    """
    ports, processes = free_ports(count), []
    for index in range(count):
        own = {} if count == 1 else {"TF_CONFIG": tf_config(ports, index)}
        own |= {"TFWM_KILL": kill} if index == dies else {}
        with (log / f"worker-{index}.log").open("w", encoding="utf-8") as file:
            processes.append(
                subprocess.Popen(
                    [sys.executable, *command], cwd=ROOT, stdout=file, stderr=file,
                    env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", **own},
                )
            )  # fmt: skip
    return processes


def main(folder: str, epochs: str) -> None:
    """Trains a host and writes its weights: one of the workers, or all there is."""
    from tests.doubles import coarse_pairs
    from tests.killing import kill_in
    from tfwm.kinds.restoration_hosts import HostSettings, train_host
    from tfwm.training import LostWorkerError, Run, Schedule

    strategy = "multiworker" if "TF_CONFIG" in os.environ else "default"
    if "TFWM_KILL" in os.environ:
        kill_in(os.environ["TFWM_KILL"])
    run = Run(Path(folder) / "run", strategy=strategy, seed=3)
    settings = HostSettings(network="dncnn", filters=4, depth=4, schedule=Schedule(int(epochs), 3, 8, 1e-3, "cosine"))
    try:
        host = train_host(coarse_pairs(32, 16), settings, run)
    except LostWorkerError as error:
        sys.exit(f"lost: {error}")
    name = f"weights-{run.worker.task}-{run.worker.index}.npz"
    np.savez(Path(folder) / name, **{weight.name: weight.numpy() for weight in host.weights})


if __name__ == "__main__":
    main(*sys.argv[1:])
