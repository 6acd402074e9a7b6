"""The evaluation on a portable runner: Beam's own job service, and a pool of workers in processes of their own."""

from __future__ import annotations

import importlib
import os
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import apache_beam as beam
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.utils import shared

from tests.components.laid_subjects import laid
from tfwm.attacks import attack_from_dict
from tfwm.components.beam_steps import Place, measure
from tfwm.components.settings import Machine, to_json
from tfwm.components.steps import load_subjects, read_rows
from tfwm.config import to_dict
from tfwm.evaluation.battery import plan

pytestmark = [pytest.mark.trains, pytest.mark.slow]

RUNNERS = "apache_beam.runners"
SURROGATE = {
    "attack": "surrogate", "network": "unet", "loss": "l2", "filters": 4, "downs": 2,
    "schedule": {"epochs": 1, "steps_per_epoch": 2, "batch_size": 4, "learning_rate": 1e-3, "decay": "constant"},
}  # fmt: skip
ATTACKS = [SURROGATE, {"attack": "jpeg", "quality": 60}, {"attack": "prune", "share": 0.05}]
# A module that workers find, as a user's own package: it notes the process of every load.
COUNTED = """
import os
from pathlib import Path

from tfwm.components.beam_steps import MeasureCells


class CountedLoads(MeasureCells):
    def load(self):
        with Path(__file__).with_name("loads").open("a") as file:
            file.write(f"{os.getpid()}\\n")
        return super().load()
"""


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def _answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def _serving(module: str, flag: str, log: Path, environment: dict[str, str]):
    """A module of Beam that serves on a port of this machine, until the block ends."""
    port = _free_port()
    with log.open("w") as output:
        words = [sys.executable, "-m", module, f"--{flag}={port}"]
        process = subprocess.Popen(words, env=environment, stdout=output, stderr=output)
        try:
            until = time.monotonic() + 120
            while not _answers(port):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.2)
            yield f"localhost:{port}"
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture
def counted(tmp_path, monkeypatch):
    """The class that counts loads, in a folder of its own."""
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "counted_loads.py").write_text(COUNTED)
    monkeypatch.syspath_prepend(str(tmp_path / "own"))
    return importlib.import_module("counted_loads").CountedLoads


@pytest.fixture
def options(tmp_path):
    """Flags of a portable runner whose workers are other processes."""
    # Beam starts its workers as `python`.
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    places = os.pathsep.join([str(Path(__file__).parents[2]), str(tmp_path / "own")])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": places, "CUDA_VISIBLE_DEVICES": ""}
    with (
        _serving(
            f"{RUNNERS}.portability.local_job_service_main", "port", tmp_path / "service.log", environment
        ) as jobs,
        _serving(f"{RUNNERS}.worker.worker_pool_main", "service_port", tmp_path / "pool.log", environment) as workers,
    ):
        yield PipelineOptions(
            ["--runner=PortableRunner", f"--job_endpoint={jobs}", "--environment_type=EXTERNAL",
             f"--environment_config={workers}", "--job_server_timeout=1200"]
        )  # fmt: skip


def test_the_same_rows_as_here_and_none_is_measured_twice(tmp_path, counted, options):
    sources = laid(tmp_path / "artifacts")
    subjects = load_subjects(sources)
    cells = plan([attack_from_dict(dict(fields)) for fields in ATTACKS], subjects.kind, wrong_keys=1, seeds=2)
    machine = to_json(to_dict(Machine(quiet=True)))

    def rows_of(name: str, options: PipelineOptions | None, work: str):
        step = counted(sources, Place(str(tmp_path / work), 0, machine), shared.Shared())
        with beam.Pipeline(options=options) as pipeline:
            measure(pipeline, cells, step, str(tmp_path / name), at_once=1)
        return read_rows(str(tmp_path / name), cells)

    found = rows_of("portable", options, "work")
    loads = (tmp_path / "own" / "loads").read_text().split()
    assert len(loads) == len(set(loads)) >= 1  # once a process
    assert str(os.getpid()) not in loads
    # What is finished is not measured again, not even by workers that were not there: seconds would differ.
    assert rows_of("again", options, "work") == found
    here = rows_of("direct", None, "work here")
    for ours, theirs in zip(here, found, strict=True):
        assert (ours.label, ours.verdict, ours.ok) == (theirs.label, theirs.verdict, theirs.ok)
    assert {row.label for row in found if row.repeat} == {
        f"{attack_from_dict(dict(fields))!r}, seed 2" for fields in ATTACKS
    }
    unattacked = next(row for row in found if row.group == "unattacked")
    assert unattacked.verdict["marked"]
