"""Asks whether p is honest: what wrong keys, and models that never saw the key, are given for p-values.

RUN is what `tfwm protect` wrote, or a key folder. Wrong keys are drawn like the owner's; each is asked about the marked
model and about small independent models of several architectures, widths and seeds, which are trained here and kept.
Honest p-values are no smaller than uniform ones; a one-sided test says so, and gives the exact interval of the
false-claim rate.

Where p is a rank among control models of the key (labels that were trained along, logo marks) no wrong key is asked:
the independent models are compared with the controls.

Where all wrong keys send the same images a model is asked once for all of them. Where each has images of its own
(trigger images), a model is asked for all of these: --keys 1000 is a tenth of the time.

Exit code 0: honest; 1: not. Writes calibration.md, calibration.json and calibration.png. A killed calibration goes on
where it stopped: same command again.

--overview FOLDER writes FOLDER/README.md, a table over all calibrations below it: after this one, or without RUN.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfwm.commands import options
from tfwm.commands.result import DONE, NOT_VERIFIED, Result, add_output, say

if TYPE_CHECKING:
    from tfwm.evaluation.calibration.calibrate import Models
    from tfwm.evaluation.calibration.document import Calibration
    from tfwm.kinds import Kind
    from tfwm.training import Run
    from tfwm.types import Scheme, Suspect

KEYS, MODELS, CACHE = 10_000, 20, "runs/calibration"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The command's options."""
    option = parser.add_argument
    option("run", metavar="RUN", nargs="?", help="folder that `tfwm protect` wrote, or a key folder")
    option("--models", type=options.seed, default=MODELS, metavar="N", help=f"independent models (default {MODELS})")
    option("--keys", type=options.positive, default=KEYS, metavar="N", help=f"wrong keys (default {KEYS})")
    option("--out", metavar="FOLDER", help="for the results (default <cache>/<fingerprint of the key>)")
    option("--cache", default=CACHE, metavar="FOLDER", help=f"for models and answers (default {CACHE})")
    option("--overview", metavar="FOLDER", help="write a table over all calibrations of this folder")
    options.add_data(parser, "as many as the marked model's preset takes")
    options.add_machine(parser)
    add_output(parser)


def run(arguments: argparse.Namespace) -> Result:
    """Asks the marked model, and models that it trains, and writes what was found; exit code 1 where p is too small.

    Raises:
      FileNotFoundError: there is no such run, or no calibration for an overview.
      InvalidKeyError: the key was changed.
      ValueError: nothing to do, data that are not of the key's kind, or nobody to ask.
    """
    if not arguments.run and not arguments.overview:
        raise ValueError("`RUN` or `--overview` must be given, got neither. Give what `tfwm protect` wrote.")
    result = _calibrated(arguments) if arguments.run else None
    if not arguments.overview:
        assert result is not None
        return result
    from tfwm.evaluation.calibration.overview import write_overview

    page = str(write_overview(arguments.overview))
    if result is None:
        return Result(f"All calibrations: {page}", {"overview": page}, DONE)
    text = f"{result.text}\nAll calibrations: {page}"
    return Result(text, {**result.document, "overview": page}, result.code)


def _calibrated(arguments: argparse.Namespace) -> Result:
    from tfwm.commands import opening
    from tfwm.evaluation.calibration.calibrate import calibrate
    from tfwm.evaluation.calibration.page import write_calibration_page
    from tfwm.evaluation.calibration.picture import write_calibration_picture
    from tfwm.schemes import scheme_of

    key_folder, marked = _places(Path(arguments.run))
    key = opening.load_key(str(key_folder))
    scheme = scheme_of(key)
    machine = opening.run_of(arguments, Path(arguments.cache) / key.fingerprint)
    models = _models(arguments, scheme, marked, opening.run_of(arguments, Path(arguments.cache) / "models"))
    found = calibrate(scheme, key, models, arguments.keys, machine, say)
    out = Path(arguments.out) if arguments.out else Path(machine.directory)
    write_calibration_picture(found, out / "calibration.png")
    write_calibration_page(found, out / "calibration.md", "calibration.png")
    found.save(out / "calibration.json")
    return result_of(found, out)


def result_of(found: Calibration, out: Path) -> Result:
    """The answer, and the figures of each sample; exit code 1 where p is too small.

    Args:
      found: what was measured.
      out: the folder that holds it.
    """
    from tfwm.evaluation.report import aligned

    lines: list[tuple[str, ...]] = [
        (sample.name, f"{sample.test.n}", f"{sample.test.claims.hits}", f"{sample.test.claims.high:.2g}",
         f"{min(sample.test.p_values):.2g}") for sample in found.samples
    ]  # fmt: skip
    table = aligned(("p-values", "n", "claims", "rate at most", "p of the test"), lines)
    answer = (
        "HONEST: no p-value here is smaller than uniform ones would be."
        if found.honest
        else "NOT HONEST: p is too small."
    )
    document: dict[str, Any] = {
        "honest": found.honest, "scheme": found.scheme, "key_fingerprint": found.fingerprint,
        "faults": list(found.faults), "warnings": list(found.warnings), "page": str(out / "calibration.md"),
        "calibration": str(out / "calibration.json"),
        "picture": str(out / "calibration.png"),
        "samples": [{"name": s.name, "n": s.test.n, "claims": s.test.claims.hits, "rate_low": s.test.claims.low,
                     "rate_high": s.test.claims.high, "p_value": min(s.test.p_values)} for s in found.samples],
    }  # fmt: skip
    if found.honest and found.warnings:
        answer = "NOT SHOWN: no p-value here is found too small, but the key claims too many models."
    text = "\n".join([answer, *found.faults, *found.warnings, "", table, "", f"The page: {out / 'calibration.md'}"])
    return Result(text, document, DONE if found.honest else NOT_VERIFIED)


def _places(folder: Path) -> tuple[Path, Path | None]:
    """The key folder, and the marked model where it is there."""
    if (folder / "key.json").is_file():
        return folder, None
    marked = folder / "marked.keras"
    if not (folder / "key").is_dir():
        raise FileNotFoundError(f"`RUN` {folder} holds no key. Give what `tfwm protect` wrote, or a key folder.")
    return folder / "key", marked if marked.is_file() else None


def _models(arguments: argparse.Namespace, scheme: Scheme, marked: Path | None, machine: Run) -> Models:
    from tfwm.commands import opening
    from tfwm.evaluation.calibration.calibrate import Models
    from tfwm.evaluation.calibration.models import designs
    from tfwm.kinds import kind_called

    kind = kind_called(scheme.kind)
    data = _data(arguments, scheme, kind) if arguments.models else None
    planned = designs(kind, arguments.models, seed=arguments.seed, **scheme.host_settings)
    there: dict[str, Callable[[], Suspect]] = {}
    if marked is not None:
        there["marked model"] = lambda: opening.open_suspect(str(marked))
    return Models(there, {one.name: _maker(kind, one, data, machine) for one in planned})


def _maker(kind: Kind, model: Any, data: Any, machine: Run) -> Callable[[], Suspect]:
    from tfwm.evaluation.calibration.models import train_model

    return lambda: train_model(kind, model, data, machine)


def _data(arguments: argparse.Namespace, scheme: Scheme, kind: Kind) -> Any:
    """What the independent models learn: the owner's part, so that they know all that he knows but the key."""
    from tfwm.kinds import Wanted

    count = arguments.patches or kind.counts["tiny"]
    wanted = Wanted(
        {"owner": count}, scheme.image_size, scheme.channels, scheme.channels, None, arguments.task, count,
        arguments.seed, scheme.host_settings,
    )  # fmt: skip
    return kind.read(arguments.data, wanted, say)["owner"]
