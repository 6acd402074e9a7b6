"""After the pipeline: certificate, endpoints, verdicts, report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.configs import PipelineConfig
from pipelines.demo import endpoints, outcome
from pipelines.demo.pictures import DemoData
from pipelines.summary import RunSummary
from serving.server import Server
from tfwm.components.artifact_files import KERAS_FILE
from tfwm.evaluation.policy import decide
from tfwm.evaluation.report import Report
from tfwm.keys import OwnerKey
from tfwm.networks import load_network
from tfwm.ownership.certificate import write_certificate
from tfwm.suspects import KerasSuspect
from tfwm.types import Suspect

if TYPE_CHECKING:
    from pipelines.demo.__main__ import Clock


def finish(clock: Clock, config: PipelineConfig, done: RunSummary, data: DemoData) -> int:
    """Serves, verifies and reports; a model that is not blessed is reported only.

    Returns:
      0 blessed and every endpoint verdict as expected, 1 not.
    """
    report = Report.load(done.artifacts["RobustnessEvaluator.report"] / "report.json")
    key_directory = done.artifacts["WatermarkTrainer.owner_key"]
    key = OwnerKey.load(key_directory)
    found, served = [], None
    if done.pushed_path is not None:
        with clock.stage("certificate", "3. Certificate beside the pushed model"):
            certificate = _certify(config, done.pushed_path, key, report)
            print(f"    {certificate}")
        with (
            clock.stage("serving", "4. Serving the pushed model, the stolen surrogate and the unmarked host over gRPC"),
            Server(_servables(config, done, report)) as server,
        ):
            print(f"    grpc://{server.address}: marked, stolen, unmarked")
            served = endpoints.ask(server.address, {n: p.inputs[0] for n, p in data.photographs.items()}, key)
            print("    whole photographs sent and received; extract with the owner's token and with a wrong one")
            for model in endpoints.EXPECTED:
                print(f"    tfwm verify --suspect grpc://{server.address}/{model} --key ...")
                found.append(endpoints.verify(server.address, model, key_directory))
    result = outcome.Outcome(done, report, found, served, clock.seconds)
    with clock.stage("report", "5. Report"):
        host = KerasSuspect("host", load_network(done.artifacts["HostTrainer.host"] / KERAS_FILE))
        written = outcome.write(
            config.root, result, key, config.scheme, data.photographs, host, _shown(done, report, host),
            config.work_dir, config.seed,
        )  # fmt: skip
    print("\n" + outcome.table(result) + "\n")
    print("\n".join(f"    {path}" for path in written))
    as_expected = all(v["marked"] == (v["expected"] == "marked") for v in found)
    print(f"Done in {clock.seconds['total']:.0f} s. " + _last_word(done, as_expected))
    return 0 if done.blessed and as_expected else 1


def _last_word(done: RunSummary, as_expected: bool) -> str:
    if not done.blessed:
        return "Not blessed, so not pushed:\n  - " + "\n  - ".join(done.reasons)
    return "Blessed, served and verified." if as_expected else "Blessed, but an endpoint's verdict is not as expected."


def _certify(config: PipelineConfig, pushed: Path, key: OwnerKey, report: Report) -> Path:
    path = config.root / "certificates" / f"{config.name}-{pushed.name}.json"
    return write_certificate(
        path, model_directory=pushed, key=key, report=report, decision=decide(report, config.policy)
    )


def _servables(config: PipelineConfig, done: RunSummary, report: Report) -> dict[str, Path]:
    """Base folders by the name that the server gives them."""
    stolen = outcome.survivors(report)[0]
    folder = config.root / "endpoints"
    return {
        "marked": config.serving_dir,
        "stolen": endpoints.export_plain(Path(stolen.model_path), folder / "stolen"),
        "unmarked": endpoints.export_plain(done.artifacts["HostTrainer.host"] / KERAS_FILE, folder / "unmarked"),
    }


def _shown(done: RunSummary, report: Report, host: KerasSuspect) -> dict[str, Suspect]:
    """The suspects whose extracted marks go on the page: every model that is at hand."""
    marked = load_network(done.artifacts["WatermarkTrainer.model"] / KERAS_FILE)
    shown: dict[str, Suspect] = {"unattacked": KerasSuspect("marked", marked)}
    for row in report.rows:
        if row.model_path and Path(row.model_path).is_file():
            shown[row.label] = KerasSuspect(row.label, load_network(Path(row.model_path)))
    return {**shown, "unmarked host": host}
