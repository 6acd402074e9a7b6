"""Tables X to XII: how large a trigger may be. Table XIII, what it costs in time, is `timing`'s."""

from __future__ import annotations

from typing import Any

from tfwm.papers import Claim, Context, Findings, Row
from tfwm.papers.engine.subjects import Subject
from tfwm.papers.quan2020.capacity_tables import TABLE_10, TABLE_11, TABLE_12, UNMARKED
from tfwm.papers.quan2020.fidelity import ALLOWED_LOSS_DB, SETS
from tfwm.papers.quan2020.measure import Figures, denoising_quality, scaling_quality
from tfwm.papers.quan2020.models import TRAINED, control_host
from tfwm.papers.quan2020.pictures import FACTORS
from tfwm.papers.quan2020.scales import HOSTS
from tfwm.papers.quan2020.sizes import COMPARED, embedded, sized_subject, sizes_of, taken, title_of
from tfwm.papers.quan2020.timing import table13

__all__ = ["table10", "table11", "table12", "table13"]

DENOISERS, SCALERS = ("dncnn", "red"), ("vdsr", "sr_dncnn")
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
            rows += _quality_rows(name, title_of(context, name, size), ours, PRINTED.get((name, size)))
            rows.append(_distance_row(title_of(context, name, size), distances[size]))
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
                rows.append(Row(f"{title_of(context, name, size)}, {title}", paper, figures[method], "PSNR dB"))
            rows.append(_distance_row(f"{title_of(context, name, size)}, ours", embedded(context, name, size)))
            gaps[size] = figures["ours"] - figures["base1"]
        claims.append(Claim(
            f"On {HOSTS[name].title} Base-1 costs more than the trigger image at every size.", min(gaps.values()) > 0,
            "Ours above Base-1, in dB: " + ", ".join(f"{size}: {gap:+.3f}" for size, gap in gaps.items()) + ".",
        ))  # fmt: skip
    return Findings(tuple(rows), tuple(claims))
