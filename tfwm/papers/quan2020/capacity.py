"""Tables X to XII: how large a trigger may be."""

from __future__ import annotations

from typing import Any

from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.subjects import Subject
from tfwm.papers.quan2020.fidelity import ALLOWED_LOSS_DB, SETS
from tfwm.papers.quan2020.measure import Figures, denoising_quality, scaling_quality
from tfwm.papers.quan2020.models import TRAINED, control_host
from tfwm.papers.quan2020.pictures import FACTORS
from tfwm.papers.quan2020.scales import HOSTS
from tfwm.papers.quan2020.sizes import COMPARED, embedded, sized_subject, sized_title, sizes_of, taken

DENOISERS, SCALERS = ("dncnn", "red"), ("vdsr", "sr_dncnn")
# PSNR / SSIM x 10 on BSD68 and Img12. Table X ends at 480 for DnCNN; its 600 is table XII's.
_DNCNN = {
    20: ("29.20 / 8.263", "30.42 / 8.610"), 40: ("29.20 / 8.275", "30.41 / 8.612"),
    80: ("29.20 / 8.276", "30.42 / 8.613"), 160: ("29.18 / 8.275", "30.36 / 8.598"),
    320: ("29.06 / 8.232", "30.19 / 8.557"), 480: ("28.97 / 8.210", "30.15 / 8.541"),
    600: (None, "30.00 (table XII)"),
}  # fmt: skip
_RED = {
    20: ("29.09 / 8.225", "30.27 / 8.567"), 40: ("29.06 / 8.226", "30.27 / 8.562"),
    80: ("28.97 / 8.225", "30.12 / 8.553"), 160: ("28.97 / 8.211", "30.09 / 8.537"),
    320: ("28.96 / 8.192", "30.11 / 8.531"), 480: ("28.88 / 8.144", "29.94 / 8.478"),
    600: ("28.66 / 8.078", "29.59 / 8.389"),
}  # fmt: skip
TABLE_10 = {**{("dncnn", k): v for k, v in _DNCNN.items()}, **{("red", k): v for k, v in _RED.items()}}

# PSNR at x2, x3, x4 and their mean. The columns of our copy of table XI are broken: rows were told apart by the marked
# rows of table II and by table XII's means, and three values of SR-DnCNN at x2 are lost.
_VDSR = {
    20: (32.85, 29.68, 27.88, 30.14), 40: (32.83, 29.67, 27.86, 30.12), 80: (32.84, 29.68, 27.86, 30.13),
    160: (32.82, 29.67, 27.86, 30.12), 320: (32.63, 29.61, 27.84, 30.03), 480: (32.28, 29.43, 27.73, 29.81),
    600: (31.94, 29.25, 27.60, 29.60),
}  # fmt: skip
_SR_DNCNN = {
    20: (32.92, 29.68, 27.81, 30.14), 40: (None, 29.67, 27.82, 30.14), 80: (32.88, 29.69, 27.83, 30.13),
    160: (None, 29.68, 27.84, 30.12), 320: (32.67, 29.60, 27.82, 30.03), 480: (None, 29.37, 27.61, 29.75),
    600: (31.77, 29.03, 27.36, 29.39),
}  # fmt: skip
TABLE_11 = {**{("vdsr", k): v for k, v in _VDSR.items()}, **{("sr_dncnn", k): v for k, v in _SR_DNCNN.items()}}

UNMARKED = {
    "dncnn": ("29.20 / 8.265", "30.41 / 8.605"), "red": ("29.11 / 8.222", "30.28 / 8.571"),
    "vdsr": (32.83, 29.66, 27.88, 30.12), "sr_dncnn": (32.90, 29.68, 27.83, 30.12),
}  # fmt: skip
"""Tables X and XI, no trigger; table XI's is the block whose label is lost."""

# Base-1, ours.
TABLE_12 = {
    ("dncnn", 40): (30.18, 30.41), ("dncnn", 160): (30.10, 30.36), ("dncnn", 320): (28.49, 30.19),
    ("dncnn", 600): (27.34, 30.00), ("red", 40): (30.12, 30.27), ("red", 160): (30.03, 30.09),
    ("red", 320): (29.02, 30.11), ("red", 600): (23.48, 29.59), ("vdsr", 40): (29.83, 30.12),
    ("vdsr", 160): (28.27, 30.12), ("vdsr", 320): (28.11, 30.03), ("vdsr", 600): (28.09, 29.60),
    ("sr_dncnn", 40): (30.02, 30.14), ("sr_dncnn", 160): (29.98, 30.12), ("sr_dncnn", 320): (29.43, 30.03),
    ("sr_dncnn", 600): (28.55, 29.39),
}  # fmt: skip

PRINTED: dict[tuple[str, int], tuple[Any, ...]] = {**TABLE_10, **TABLE_11}


def table10(context: Context) -> Findings:
    """What triggers of all sizes cost the denoisers."""
    return _capacity(context, DENOISERS)


def table11(context: Context) -> Findings:
    """What triggers of all sizes cost the super-resolution networks."""
    return _capacity(context, SCALERS)


def _capacity(context: Context, names: tuple[str, ...]) -> Findings:
    rows: list[Row] = []
    claims: list[Claim] = []
    losses: dict[str, dict[int, float]] = {}
    for name in names:
        title, losses[name], distances = HOSTS[name].title, {}, {}
        unmarked = _figures(context, name, TRAINED.unmarked(context, name))
        control = _figures(context, name, control_host(context, name))
        rows += _quality_rows(name, f"{title}, unmarked", unmarked, UNMARKED[name])
        rows += _quality_rows(name, f"{title}, tuned on without a mark", control, None)
        for size in sizes_of(context, name):
            ours = _figures(context, name, sized_subject(context, name, size))
            distances[size] = embedded(context, name, size)
            losses[name][size] = judged(unmarked) - judged(ours)
            rows += _quality_rows(name, sized_title(context, name, size), ours, PRINTED.get((name, size)))
            rows.append(_distance_row(sized_title(context, name, size), distances[size]))
        gain = judged(control) - judged(unmarked)
        claims += [_size_claim(context, name, losses[name], gain), _mark_claim(name, distances)]
    return Findings(tuple(rows), (*claims, _order_claim(losses)))


def _figures(context: Context, name: str, subject: Subject) -> dict[str, Figures]:
    """The quality by test set (`set11`) or by factor (`x2`)."""
    if not HOSTS[name].denoises:
        return {f"x{factor}": scaling_quality(context, subject, factor) for factor in FACTORS}
    sets = context.at(smoke=("bsd68", "set11"), desk=("set11",), paper=("bsd68", "set11"))
    return {test: denoising_quality(context, subject, test) for test in sets}


def judged(figures: dict[str, Figures]) -> float:
    """The PSNR in dB that the claims go by: Set11's, or the mean over the factors."""
    judging = [figures["set11"]] if "set11" in figures else list(figures.values())
    return sum(figure["psnr"] for figure in judging) / len(judging)


def _quality_rows(name: str, title: str, ours: dict[str, Figures], paper: Any) -> list[Row]:
    """`paper` holds texts for BSD68 and Set11, or PSNR at x2, x3, x4 and their mean."""
    if HOSTS[name].denoises:
        printed = dict(zip(("bsd68", "set11"), paper or (None, None), strict=True))
        return [Row(f"{title}, {SETS[test]}", printed[test], f"{figure['psnr']:.2f} / {10 * figure['ssim']:.3f}",
                    "PSNR dB / SSIM x 10") for test, figure in ours.items()]  # fmt: skip
    values = {**{factor: figure["psnr"] for factor, figure in ours.items()}, "mean": judged(ours)}
    return [Row(f"{title}, {label}", printed, value, "PSNR dB")
            for (label, value), printed in zip(values.items(), paper or (None,) * 4, strict=True)]  # fmt: skip


def _distance_row(title: str, figures: dict[str, float]) -> Row:
    marked, unmarked, eta = (1e3 * figures[name] for name in ("marked", "unmarked", "eta"))
    verdict = "embedded" if taken(figures) else "NOT embedded"
    return Row(f"{title}, distance to G", None, f"{marked:.3f} (unmarked {unmarked:.3f}, eta {eta:.3f}): {verdict}",
               "1e-3")  # fmt: skip


def _size_claim(context: Context, name: str, losses: dict[int, float], gain: float) -> Claim:
    small = [size for size in losses if size <= 80]
    listed = ", ".join(f"{size}: {loss:+.3f}" for size, loss in losses.items())
    where = "Set11 (BSD68 at scale paper only)" if HOSTS[name].denoises else "average over the factors"
    cut = (
        " At 320 half of the epochs, at 480 and 600 a quarter."
        if context.scale == "desk" and max(losses) >= 320
        else ""
    )
    return Claim(
        f"A trigger of up to 80 x 80 costs {HOSTS[name].title} at most {ALLOWED_LOSS_DB} dB.",
        max(losses[size] for size in small) <= ALLOWED_LOSS_DB,
        f"Losses in dB by size, {where}, against the host that was marked: {listed}. The same training on without a "
        f"mark gains {gain:+.3f} dB.{cut} For super-resolution the size is that of K enlarged.",
    )


def _mark_claim(name: str, distances: dict[int, dict[str, float]]) -> Claim:
    missed = [str(size) for size, figures in distances.items() if not taken(figures)]
    blind = [str(size) for size, figures in distances.items() if figures["unmarked"] <= figures["eta"]]
    return Claim(
        f"{HOSTS[name].title} takes triggers of every size.", not missed,
        "Taken: the answer within eta of G, and at most half as far from it as the unmarked host's. "
        f"Sizes tried: {', '.join(map(str, distances))}; not embedded: {', '.join(missed) or 'none'}; where eq. 8 "
        f"against G accepts the unmarked host too: {', '.join(blind) or 'none'}. Where a mark did not take, its PSNR "
        "says nothing about capacity.",
    )  # fmt: skip


def _order_claim(losses: dict[str, dict[int, float]]) -> Claim:
    """What a trigger costs grows with it; of the denoisers, RED has less room."""
    shared = set.intersection(*(set(found) for found in losses.values()))
    ends = {name: (found[min(shared)], found[max(shared)]) for name, found in losses.items()}
    holds = all(small < large for small, large in ends.values())
    listed = "; ".join(f"{HOSTS[name].title} {small:+.3f} and {large:+.3f} dB" for name, (small, large) in ends.items())
    text = f"A trigger of {max(shared)} pixels a side costs more than one of {min(shared)}"
    if "red" not in ends:
        return Claim(f"{text}.", holds, f"Losses: {listed}.")
    return Claim(f"{text}, and RED loses more to it than DnCNN.", holds and ends["red"][1] > ends["dncnn"][1],
                 f"Losses: {listed}.")  # fmt: skip


def table12(context: Context) -> Findings:
    """What triggers of all sizes cost with the first baseline and with the paper's scheme."""
    rows, claims = [], []
    for name in HOSTS:
        gaps = {}
        for size in sizes_of(context, name, COMPARED):
            figures, printed = {}, TABLE_12.get((name, size), (None, None))
            for method, title, paper in (("base1", "Base-1", printed[0]), ("ours", "ours", printed[1])):
                figures[method] = judged(_figures(context, name, sized_subject(context, name, size, method)))
                rows.append(Row(f"{sized_title(context, name, size)}, {title}", paper, figures[method], "PSNR dB"))
            rows.append(_distance_row(f"{sized_title(context, name, size)}, ours", embedded(context, name, size)))
            gaps[size] = figures["ours"] - figures["base1"]
        claims.append(Claim(
            f"On {HOSTS[name].title} Base-1 costs more than the trigger image at every size.", min(gaps.values()) > 0,
            "Ours above Base-1, in dB: " + ", ".join(f"{size}: {gap:+.3f}" for size, gap in gaps.items()) + ".",
        ))  # fmt: skip
    return Findings(tuple(rows), tuple(claims))
