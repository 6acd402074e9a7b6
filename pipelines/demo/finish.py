"""After the pipeline: certificate, endpoints, verdicts, report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.configs import PipelineConfig
from pipelines.demo import endpoints
from pipelines.demo.clock import Clock
from pipelines.demo.outcome import Outcome, table, write_outcome
from pipelines.demo.part import DemoData, DemoPart, Served
from pipelines.summary import RunSummary
from serving.server import Server
from tfwm.components.artifact_files import KERAS_FILE
from tfwm.evaluation.page import ExtractedMark, Pictures
from tfwm.evaluation.pictures import extracted_mark
from tfwm.evaluation.policy import decide
from tfwm.evaluation.report import Report
from tfwm.keys import OwnerKey
from tfwm.networks import load_network
from tfwm.ownership.certificate import write_certificate
from tfwm.schemes import scheme_of
from tfwm.suspects import KerasSuspect
from tfwm.types import Suspect


def finish(clock: Clock, part: DemoPart, config: PipelineConfig, done: RunSummary, data: DemoData) -> int:
    """Serves, verifies and reports; a model that is not blessed is reported only.

    Args:
      clock: of the demo.
      part: of the kind of host.
      config: of the pipeline.
      done: what the pipeline did.
      data: what the demo works on.

    Returns:
      0 blessed and every endpoint verdict as expected, 1 not.
    """
    report = Report.load(done.artifacts["RobustnessEvaluator.report"] / "report.json")
    key = OwnerKey.load(done.artifacts["WatermarkTrainer.owner_key"])
    served = None
    found: list[dict[str, Any]] = []
    if done.pushed_path is not None:
        with clock.stage("certificate", "3. Certificate beside the pushed model"):
            path = config.root / "certificates" / f"{config.name}-{done.pushed_path.name}.json"
            decision = decide(report, config.policy)
            write_certificate(path, model_directory=done.pushed_path, key=key, report=report, decision=decision)
            print(f"    {path}")
        with clock.stage("serving", f"4. {part.serving_title}"):
            served, found = _serve(part, config, done, report, data, key)
    outcome = Outcome(done, report, found, served, clock.seconds)
    with clock.stage("report", "5. Report"):
        host = KerasSuspect("host", load_network(done.artifacts["HostTrainer.host"] / KERAS_FILE))
        photos = part.photos(config.root, data, host, served) if served is not None else ()
        pictures = Pictures(photos, _marks(done, report, host, key), part.logo(key))
        written = write_outcome(
            config.root, outcome, part, pictures, seed=config.seed, fingerprint=key.fingerprint,
            tensorboard=config.work_dir,
        )  # fmt: skip
    print("\n" + table(outcome, part) + "\n")
    print("\n".join(f"    {path}" for path in written))
    as_expected = all(v["marked"] == (v["expected"] == "marked") for v in found)
    print(f"Done in {clock.seconds['total']:.0f} s. " + _last_word(done, as_expected))
    return 0 if done.blessed and as_expected else 1


def _last_word(done: RunSummary, as_expected: bool) -> str:
    if not done.blessed:
        return "Not blessed, so not pushed:\n  - " + "\n  - ".join(done.reasons)
    return "Blessed, served and verified." if as_expected else "Blessed, but an endpoint's verdict is not as expected."


def _serve(
    part: DemoPart, config: PipelineConfig, done: RunSummary, report: Report, data: DemoData, key: OwnerKey
) -> tuple[Served, list[dict[str, Any]]]:
    """What the pushed model answers, and the verdict on each of the three served models."""
    folder, key_directory = config.root / "endpoints", done.artifacts["WatermarkTrainer.owner_key"]
    servables = {
        "marked": config.serving_dir,
        "stolen": endpoints.export_plain(Path(part.stolen(report).model_path), folder / "stolen"),
        "unmarked": endpoints.export_plain(done.artifacts["HostTrainer.host"] / KERAS_FILE, folder / "unmarked"),
    }
    found = []
    with Server(servables) as server:
        print(f"    grpc://{server.address}: marked, stolen, unmarked")
        served = part.ask(server.address, data, key)
        print(f"    {served.sentence}")
        for model in endpoints.EXPECTED:
            print(f"    tfwm verify --trust-key --suspect grpc://{server.address}/{model} --key ...")
            found.append(endpoints.verify_endpoint(server.address, model, key_directory))
    return served, found


def _marks(done: RunSummary, report: Report, host: KerasSuspect, key: OwnerKey) -> tuple[ExtractedMark, ...]:
    """What is read from every model that is at hand: the marked one, attacked copies, the unmarked host."""
    marked = load_network(done.artifacts["WatermarkTrainer.model"] / KERAS_FILE)
    suspects: dict[str, Suspect] = {"unattacked": KerasSuspect("marked", marked)}
    for row in report.rows:
        if row.model_path and Path(row.model_path).is_file():
            suspects[row.label] = KerasSuspect(row.label, load_network(Path(row.model_path)))
    suspects["unmarked host"] = host
    scheme = scheme_of(key)
    found = (extracted_mark(label, suspect, scheme, key) for label, suspect in suspects.items())
    return tuple(mark for mark in found if mark is not None)
