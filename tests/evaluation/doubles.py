"""A scheme that marks with plain numpy, so that the battery runs in milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from tfwm.evaluation.battery import Subjects
from tfwm.evaluation.policy import Policy
from tfwm.evaluation.report import Report, Row
from tfwm.evidence.statistics import binomial_tail, hits_needed
from tfwm.keys import OwnerKey, derive_bits, new_secret
from tfwm.kinds import kind_called
from tfwm.suspects import FunctionSuspect, as_float
from tfwm.types import RESTORATION, Access, ImagePairs, Suspect, Verdict

CELLS = 8
KIND = kind_called(RESTORATION)
SIDE = 32


@dataclass(frozen=True)
class CellScheme:
    """Every cell of the picture is a little lighter or darker, as the key's code says."""

    strength: float = 0.01
    calls: ClassVar[list[str]] = []
    name: ClassVar[str] = "cells"
    kind: ClassVar[str] = RESTORATION

    def train(self, host: Any, data: ImagePairs, run: Any) -> Any:
        raise AssertionError("the battery never trains")

    def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict:
        self.calls.append(suspect.name)
        alpha = alpha or 1e-6
        queries = as_float(key.arrays["probes"])
        change = np.mean(suspect(queries) - 0.9 * queries, axis=(0, 3))
        cells = change.reshape(CELLS, SIDE // CELLS, CELLS, SIDE // CELLS).mean(axis=(1, 3))
        hits = int(np.sum((cells > cells.mean()) == code(key)))
        n = CELLS * CELLS
        return Verdict(hits / n, hits_needed(n, alpha) / n, binomial_tail(hits, n), n, "Bin(64, 1/2)", alpha,
                       {"bits": np.float32(hits)})  # type: ignore[dict-item]  # fmt: skip

    def decoy(self, key: OwnerKey, *, seed: int) -> OwnerKey:
        return OwnerKey(key.scheme, key.settings, new_secret(1000 + seed), key.arrays)


@dataclass(frozen=True)
class Careless(CellScheme):
    """Claims whatever it is shown."""

    def verify(self, suspect: Suspect, key: OwnerKey, *, alpha: float | None = None) -> Verdict:
        return Verdict(1.0, 0.9, 1e-9, 64, "none", alpha or 1e-6)


@dataclass(frozen=True)
class Shift:
    """Adds a constant to every answer; pretends to be a surrogate and to save a network."""

    amount: float = 0.02
    size: int = SIDE
    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    copies: ClassVar[str] = "surrogate"
    needs: ClassVar[Access] = Access.QUERIES

    def __repr__(self) -> str:
        return f"shift({self.amount}, {self.size})"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> Suspect:
        Path(run.directory).mkdir(parents=True, exist_ok=True)
        (Path(run.directory) / "model.keras").write_bytes(b"network")
        return FunctionSuspect(f"shifted {suspect.name}", lambda images: suspect(images) + self.amount)


@dataclass(frozen=True)
class Erase:
    """Answers as the unmarked host would."""

    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES

    def __repr__(self) -> str:
        return "erase"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> Suspect:
        return host()


@dataclass(frozen=True)
class Break:
    """Fails."""

    kinds: ClassVar[tuple[str, ...]] = (RESTORATION,)
    copies: ClassVar[str] = ""
    needs: ClassVar[Access] = Access.QUERIES

    def __repr__(self) -> str:
        return "break"

    def __call__(self, suspect: Suspect, data: ImagePairs, run: Any) -> Suspect:
        raise RuntimeError("the thief's\ndisk | is full")


@dataclass(frozen=True)
class FakeRun:
    directory: Path
    seed: int = 3
    quiet: bool = True
    replicas: int = 1

    def child(self, name: str) -> FakeRun:
        return FakeRun(self.directory / name, self.seed, self.quiet)


FAKES: dict[str, type] = {"surrogate": Shift, "erase": Erase, "break": Break}


def fake_to_dict(attack: Any) -> dict[str, Any]:
    (name,) = [name for name, cls in FAKES.items() if cls is type(attack)]
    return {"attack": name, **vars(attack)}


def fake_from_dict(values: dict[str, Any]) -> Any:
    return FAKES[values["attack"]](**{name: value for name, value in values.items() if name != "attack"})


def code(key: OwnerKey) -> np.ndarray:
    return derive_bits(key.secret, "code", CELLS * CELLS).reshape(CELLS, CELLS).astype(bool)


def pairs(seed: int, count: int = 6) -> ImagePairs:
    images = np.random.default_rng(seed).integers(60, 190, (count, SIDE, SIDE, 3), dtype=np.uint8)
    return ImagePairs(images, images)


def owner_key(seed: int = 1) -> OwnerKey:
    return OwnerKey("cells", {}, new_secret(seed), {"probes": pairs(7, 32).inputs})


def host() -> FunctionSuspect:
    return FunctionSuspect("host", lambda images: 0.9 * images)


def marked(key: OwnerKey, strength: float = 0.01) -> FunctionSuspect:
    signs = np.where(code(key), 1.0, -1.0).astype(np.float32)
    pattern = strength * np.kron(signs, np.ones((SIDE // CELLS, SIDE // CELLS), np.float32))[..., None]
    return FunctionSuspect("marked", lambda images: 0.9 * images + pattern)


def subjects(scheme: CellScheme | None = None, **changed: Any) -> Subjects:
    key = owner_key()
    fields = {"scheme": scheme or CellScheme(), "key": key, "marked": marked(key), "host": host(),
              "attacker": pairs(11), "test": pairs(12)}  # fmt: skip
    return Subjects(**{**fields, **changed})


ATTACKS = (Erase(), Shift(), Shift(0.05))
POLICY = Policy(30.0, 3.0, 1e-6, ("shift(0.02, 32)",))


def row(label: str, group: str, expected: str, hits: int, attack: dict[str, Any] | None = None) -> Row:
    """A row as a coded mark of 64 cells would give it; 51 hits are needed at 1e-6."""
    p_value = binomial_tail(hits, 64)
    found = p_value <= 1e-6
    verdict = {
        "marked": found, "score": hits / 64, "threshold": 51 / 64, "p_value": p_value, "n": 64,
        "null": "Every cell agrees with chance 1/2.", "alpha": 1e-6,
    }  # fmt: skip
    ok = expected == "recorded" or found == (expected == "marked")
    return Row(label, group, "marked", attack, expected, None, verdict, ok, 31.25, 40.5, 0.93, 1.5)


def report(*changed: Row, fidelity: dict[str, float | None] | None = None) -> Report:
    """A report that meets the usual policy; a row in `changed` takes the place of its namesake."""
    rows = {
        one.label: one
        for one in (
            row("unattacked", "unattacked", "marked", 64),
            row("surrogate(unet-12, l1)", "attack", "marked", 60, {"attack": "surrogate"}),
            row("surrogate(plain-12, l2)", "attack", "recorded", 33, {"attack": "surrogate"}),
            row("unmarked host", "control", "unmarked", 31),
            row("wrong key 1", "wrong key", "unmarked", 35),
            row("trivial: echo", "trivial", "unmarked", 29),
            *changed,
        )
    }
    figures = {"psnr_marked_vs_unmarked_db": 38.9, "host_psnr_db": 31.4, "marked_host_psnr_db": 31.2, "ssim": 0.98}
    return Report(tuple(rows.values()), {**figures, **(fidelity or {})}, 12.5, {"python": "3.10.13"})
