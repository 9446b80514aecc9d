"""What ``pincite eval`` prints: the measures, each with how many questions it is over, and wrong answers."""

from collections.abc import Iterator, Sequence

from pincite.evaluating import TOLERATED_RISK, Outcome, Report
from pincite.ui.printing import say, visible

_INDENT = " " * 6
_WIDTH = 100
_SHOWN_DOUBTS = 5
_RATIOS = ("source_rr", "auroc")


def print_report(report: Report, failures: int) -> None:
    """Print the measures as a table, then the ``failures`` wrong answers with the highest confidence."""
    print(f"{'measure':<52}{'value':>8}{'questions':>11}")
    for label, value, questions in _rows(report):
        print(f"{label:<52}{value:>8}{questions:>11,}")
    print(f"\n{_advice(report)}")
    wrong = sorted(
        (one for one in report.outcomes if one.answered and one.right is False),
        key=lambda one: -one.confidence,
    )
    if wrong[:failures]:
        shown = f"{failures} of {len(wrong)}: --failures sets how many" if failures < len(wrong) else "all"
        print(f"\nWrong answers, the most confident first ({shown}):")
        for one in wrong[:failures]:
            _print_failure(one)


def say_doubts(doubts: Sequence[str], ignored: Sequence[str]) -> None:
    """Say on standard error which columns were passed over, and which labels are not so in the corpus."""
    if ignored:
        say(f"note: ignored: {', '.join(ignored)}")
    for doubt in doubts[:_SHOWN_DOUBTS]:
        say(f"note: {doubt}")
    if len(doubts) > _SHOWN_DOUBTS:
        say(f"note: and {len(doubts) - _SHOWN_DOUBTS} more sources like these")


def say_fallbacks(report: Report, llm: str) -> None:
    """Say on standard error how many questions the reader had to answer in the LLM's place."""
    failed = sum(not one.method.startswith("llm:") for one in report.outcomes)
    if failed:
        say(f"note: {llm} failed on {failed} of {report.questions} questions; the reader answered them")


def _rows(report: Report) -> Iterator[tuple[str, str, int]]:
    top_k = report.top_k
    labels = {
        "recall_at_1": "right document first",
        "recall_at_3": "… among the first 3 passages",
        "recall_at_k": f"… among the first {top_k} passages",
        "source_rr": "… 1 / its rank, mean (MRR)",
        "passage_recall_at_1": "passage with the quote or answer first",
        "passage_recall_at_3": "… among the first 3 passages",
        "passage_recall_at_k": f"… among the first {top_k} passages",
        "answered": "answerable questions that are answered",
        "cited": "… of those, the cited quote holds the answer",
        "exact": "exact match, not answered counting 0",
        "f1": "F1, not answered counting 0",
        "false_answers": "unanswerable questions that are answered",
        "accuracy": "right answers, and rightly none (accuracy)",
        "auroc": "right answers above wrong in confidence (AUROC)",
        "calibration_error": "confidence from the share right, mean gap (ECE)",
        "aurc": "wrong answers, mean over all coverages (AURC)",
    }
    for name, label in labels.items():
        value = getattr(report, name)
        if value is None or (name.endswith("_at_k") and top_k in (1, 3)):
            continue
        shown = f"{value:.3f}" if name in _RATIOS else _percent(value)
        yield label, shown, report.over[name]


def _advice(report: Report) -> str:
    """Return what was asked, and the threshold to set for few wrong answers."""
    asked = f"{report.questions:,} questions asked, answered from confidence {report.min_confidence:.14g} up."
    if not report.curve:
        return asked
    best, most = report.recommended, _percent(TOLERATED_RISK, 0)
    if best is None:
        return f"{asked}\nNo threshold keeps the wrong answers within {most}."
    return (
        f"{asked}\nTo keep the wrong answers within {most}: --min-confidence {best.threshold:.14g},"
        f" which answers {_percent(best.coverage)}."
    )


def _percent(share: float, decimals: int = 1) -> str:
    return f"{100 * share:.{decimals}f} %"


def _print_failure(one: Outcome) -> None:
    line = f" (line {one.line})" if one.line else ""
    print(f"\n{one.confidence:.2f}  {_cut(one.question, _WIDTH - 18)}{line}")
    print(f"{_INDENT}answered: {_cut(one.text)}")
    if not one.answerable:
        print(f"{_INDENT}known:    that the documents do not say")
    elif one.expected:
        print(f"{_INDENT}known:    {_cut(' | '.join(one.expected))}")
    else:
        print(f"{_INDENT}known:    “{_cut(one.expected_quote)}”")
    print(f"{_INDENT}cited:    {_cut(one.cited_address)}")


def _cut(text: str, width: int = _WIDTH - 16) -> str:
    """Return ``text`` on one line, its end cut off where it is wider than ``width``."""
    from rich.cells import cell_len, set_cell_size

    line = visible(" ".join(text.split()))
    return line if cell_len(line) <= width else set_cell_size(line, width - 2).rstrip() + " …"
