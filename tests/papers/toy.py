"""A paper of four small experiments; each making leaves a line in the file that TOY_LOG names."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import numpy as np

from tfwm.papers import Claim, Context, Experiment, Findings, Row


def log(line: str) -> None:
    with Path(os.environ["TOY_LOG"]).open("a", encoding="utf-8") as file:
        file.write(f"{line}\n")


def logged() -> list[str]:
    path = Path(os.environ["TOY_LOG"])
    return path.read_text(encoding="utf-8").splitlines() if path.is_file() else []


def table1(context: Context) -> Findings:
    rows = [_row(context, name, seed) for name in ("first", "second") for seed in context.seeds]
    claims = (
        Claim("Rows are | made.", True, "They are there."), Claim("All rows are 7.", False, "They are not."),
        Claim("Rows are useful.", None, "Nobody asked."),
    )  # fmt: skip
    return Findings(tuple(rows), claims)


def _row(context: Context, name: str, seed: int) -> Row:
    def make(folder: Path) -> float:
        log(f"{name} {seed}")
        if os.environ.get("TOY_KILL") == name:
            (folder / "checkpoint").write_text("half done")
            time.sleep(float(os.environ.get("TOY_SLEEP", "0")))
            os.kill(os.getpid(), signal.SIGKILL)
        if (folder / "checkpoint").is_file():
            log("resumed")
        return np.float32(context.at(smoke=0.5, desk=31.456789, paper=7.0))

    recipe = {"what": f"{name} row", "recipe_version": 1, "seed": seed, "scale": context.scale}
    return Row(f"{name}, seed {seed}", 31.73 if name == "first" else None, context.cache.value(recipe, make), "dB")


def figure2(context: Context) -> Findings:
    grey, colour = np.full((8, 9, 1), 128, np.uint8), np.ones((6, 5, 3), np.float32)
    pictures = {"one": {"grey": grey, "colour": colour}, "two": {"grey": grey}}
    return Findings((Row("pictures", None, 3),), (Claim("There are pictures.", True, "Look."),), pictures)


def broken(context: Context) -> Findings:
    raise RuntimeError("a mistake\nof ours")


def without_data(context: Context) -> Findings:
    return Findings((Row("pictures", 12, len(context.dataset("nowhere.tar"))),), ())


EXPERIMENTS = (
    Experiment("toy.table1", "Two rows", table1, {"smoke": 0.5, "desk": 12, "paper": 600}),
    Experiment("toy.figure2", "Pictures", "tests.papers.toy:figure2", {"smoke": 0.1}),
    Experiment("toy.broken", "Raises what nobody foresaw", broken),
    Experiment("toy.without_data", "Needs data that are not there", without_data),
)
