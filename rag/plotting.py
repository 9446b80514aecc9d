"""Draws how far a report's confidence can be trusted: risk against coverage, and right answers by confidence.

Drawn by matplotlib, through its object interface and without a display; what a user's own matplotlibrc says
does not matter, and the same report makes the same bytes.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MultipleLocator, PercentFormatter

from pincite.evaluating import TOLERATED_RISK, Report
from pincite.risk import RiskPoint, point_at

FORMATS = (".png", ".svg", ".pdf")

_SIZE = (10.4, 4.8)  # inches
_DOTS_PER_INCH = 160
_CURVE, _SET, _BEST, _PALE, _FAINT = "#1b5e8c", "#c2410c", "#15803d", "#dbe8f1", "#6b7280"
_DASHED = (0, (4, 3))
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",  # comes with matplotlib
    "font.size": 9.5,
    "axes.titlesize": 10.5,
    "axes.titlelocation": "left",
    "axes.titlepad": 34,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#9ca3af",
    "axes.axisbelow": True,
    "axes.grid": True,
    "grid.color": "#e5e7eb",
    "grid.linewidth": 0.7,
    "xtick.color": "#374151",
    "ytick.color": "#374151",
    "axes.titleweight": "bold",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "svg.hashsalt": "pincite",
}


def check_plot(path: Path) -> None:
    """Raise ValueError where ``path`` has no ending of ``FORMATS``, OSError where it cannot be written; what
    is there stays.
    """
    if path.suffix.lower() not in FORMATS:
        raise ValueError(f"{path} cannot be drawn: its name must end in {', '.join(FORMATS)}")
    is_new = not path.exists()
    with path.open("ab"):
        pass
    if is_new:
        path.unlink()


def draw_report(report: Report, path: Path) -> None:
    """Write ``report``'s risk against coverage, and its right answers by confidence, to ``path``.

    ``path`` ends in one of ``FORMATS``. Raises OSError where it cannot be written.
    """
    with _own_style():
        figure = Figure(figsize=_SIZE, dpi=_DOTS_PER_INCH, layout="constrained")
        left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
        _draw_risk(left, report)
        _draw_reliability(right, report)
        dates = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}
        suffix = path.suffix.lower()
        figure.savefig(path, format=suffix[1:], metadata=dates[suffix])


def _draw_risk(axes: Axes, report: Report) -> None:
    axes.set(xlabel="questions answered (coverage)", ylabel="of those, answered wrongly (risk)")
    axes.set_title("Risk and coverage")
    _in_percent(axes)
    curve = report.curve
    if not curve:
        axes.text(0.5, 0.5, "no answer that is known to be right or wrong", ha="center", color=_FAINT)
        return
    coverage = [0.0, *(point.coverage for point in curve)]
    risk = [curve[0].risk, *(point.risk for point in curve)]
    axes.fill_between(coverage, risk, step="pre", color=_PALE, linewidth=0)
    axes.step(coverage, risk, where="pre", color=_CURVE, linewidth=1.8, solid_joinstyle="miter")
    _draw_ideal(axes, curve)
    axes.axhline(TOLERATED_RISK, color=_FAINT, linewidth=0.9, linestyle=_DASHED)
    _mark(axes, report)
    top = max(0.25, 1.35 * max(risk))  # the legend lies above the curve
    axes.set_ylim(0, top)
    axes.set_yticks([tick for tick in axes.get_yticks() if tick <= min(1.0, top)])
    area = "" if report.aurc is None else f"area under the curve (AURC) {_percent(report.aurc, 1)}"
    _caption(axes, f"{area} · {report.over['aurc']:,} questions")
    axes.legend(loc="upper left")


def _draw_ideal(axes: Axes, curve: Sequence[RiskPoint]) -> None:
    """Draw what the same answers would come to if each right one were more confident than each wrong one."""
    reached = curve[-1].coverage
    right = reached * (1 - curve[-1].risk)
    at = [right + (reached - right) * step / 50 for step in range(51)]
    ideal = [(one - right) / one for one in at if one]
    label = "the same answers in the best order"
    axes.plot(at[-len(ideal) :], ideal, color=_FAINT, linewidth=1.1, linestyle=":", label=label)


def _mark(axes: Axes, report: Report) -> None:
    """Mark where the threshold is set, and the one that is recommended, where there is one."""
    marks = (
        ("as set", "o", _SET, report.min_confidence, point_at(report.curve, report.min_confidence)),
        (
            f"{_percent(TOLERATED_RISK)} risk",
            "D",
            _BEST,
            getattr(report.recommended, "threshold", 0.0),
            report.recommended,
        ),
    )
    for name, marker, colour, threshold, point in marks:
        if point is not None:
            style: dict[str, Any] = {
                "color": colour,
                "markeredgecolor": "white",
                "clip_on": False,
                "zorder": 5,
            }
            result = f"{_percent(point.coverage)} answered, {_percent(point.risk)} of them wrong"
            label = f"threshold {threshold:.14g} ({name}): {result}"
            axes.plot(point.coverage, point.risk, marker, markersize=9, linewidth=0, label=label, **style)


def _draw_reliability(axes: Axes, report: Report) -> None:
    axes.set(xlabel="confidence of the answer", ylabel="answers that are right")
    axes.set_title("Calibration")
    _in_percent(axes)
    axes.set_ylim(0, 1)
    axes.plot([0, 1], [0, 1], color=_FAINT, linewidth=0.9, linestyle=_DASHED)
    for one in report.bins:
        axes.bar(one.low, one.right, one.high - one.low, align="edge", color=_PALE, edgecolor="white")
        axes.plot([one.confidence] * 2, [one.right_low, one.right_high], color=_CURVE, linewidth=1.3)
        dot: dict[str, Any] = {"markersize": 7, "markeredgecolor": "white", "clip_on": False, "zorder": 5}
        axes.plot(one.confidence, one.right, "o", color=_CURVE, **dot)
        axes.text((one.low + one.high) / 2, 1.02, f"{one.answers:,}", ha="center", color=_FAINT, fontsize=8.5)
    answers = sum(one.answers for one in report.bins)
    _caption(axes, f"{answers:,} answers, counted above their bins; lines are 95 % intervals")


def _caption(axes: Axes, text: str) -> None:
    """Write ``text`` under the title, where there is room for a line between it and the axes."""
    axes.annotate(text, (0, 1), (0, 18), "axes fraction", "offset points", color=_FAINT, fontsize=8.5)


def _percent(share: float, decimals: int = 0) -> str:
    return f"{100 * share:.{decimals}f} %"


def _in_percent(axes: Axes) -> None:
    axes.set_xlim(0, 1)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol=" %"))
    axes.xaxis.set_major_locator(MultipleLocator(0.2))


@contextmanager
def _own_style() -> Iterator[None]:
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield
