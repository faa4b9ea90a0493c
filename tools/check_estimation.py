"""docs/explanation/estimation.md, "The check": simulate histories, and see whether the figures keep
their word.

    python tools/check_estimation.py [--histories 2000] [--seed 1] [--write]

Prints the tables of docs/explanation/estimation.md, or puts them there with --write. Ends with
status 1 when a limit is not kept.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from policies.suggesting import audits_needed
from tools import fairness_histories, guard_histories, rate_histories, suggestion_histories
from tools.rate_histories import NESTED, SCENARIOS, Coverage, Scenario

PAGE: Final = Path(__file__).resolve().parent.parent / "docs/explanation/estimation.md"
BEGIN: Final = "<!-- tools/check_estimation.py --write -->"
END: Final = "<!-- end -->"

#: The run of the page.
HISTORIES, SEED = 2000, 1

#: Limits of the coverage, of that of the wrong ways, and of the guard's alarms.
LEAST, MOST, WRONG, ALARMS = 0.93, 0.98, 0.9, 0.05


@dataclass
class Report:
    """Tables in Markdown, and what was not kept."""

    lines: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def table(self, title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Add a table under its *title*."""
        self.lines += [f"**{title}**", "", _row(head), _row(["---"] * len(head))]
        self.lines += [*map(_row, rows), ""]

    def hold(self, kept: bool, what: str) -> None:
        """Note *what* when it is not *kept*."""
        if not kept:
            self.broken.append(what)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _count(expected: float) -> str:
    return f"{expected:,.0f}" if expected >= 100 else f"{expected:.3g}"


def _width(scenario: Scenario, coverage: Coverage) -> str:
    """In percentage points, or in cutoffs where the figure is a number of them."""
    return f"{coverage.width:.0f}" if scenario.truth > 1 else f"{100 * coverage.width:.2f}"


def rates(report: Report, *, histories: int, seed: int) -> None:
    """Coverage of the 95 % interval, and that of the wrong ways."""
    rows, wrong_rows = [], []
    for scenario in SCENARIOS:
        ways = rate_histories.cover(scenario, histories=histories, seed=seed)
        ours = ways.pop("")
        events = ", ".join(_count(expected) for expected in scenario.events)
        truth = f"{scenario.truth:.0f}" if scenario.truth > 1 else _percent(scenario.truth)
        rows.append([scenario.name, truth, events, _percent(ours.share), _width(scenario, ours)])
        report.hold(ours.share >= LEAST, f"{scenario.name}: covers {_percent(ours.share)}")
        report.hold(
            ours.share <= MOST or not scenario.ample or scenario.bounded,
            f"{scenario.name}: covers {_percent(ours.share)}, more than needed",
        )
        for name, way in ways.items():
            wrong_rows.append([name, scenario.name, _percent(way.share), _width(scenario, way)])
            report.hold(way.share < WRONG, f"{name} covers {_percent(way.share)}")
    report.table(
        "Rates: coverage of the 95 % interval",
        ["history", "truth", "events expected by stratum", "covered", "mean width"],
        rows,
    )
    report.table("The wrong ways", ["way", "history", "covered", "mean width"], wrong_rows)


def differences(report: Report, *, histories: int, seed: int) -> None:
    """Coverage of the interval of a difference, and how often a change is found."""
    rows = []
    for name, nested in NESTED.items():
        coverage, shown, disjoint = nested.check(histories=histories, seed=seed)
        width = f"{100 * coverage.width:.2f}"
        rows.append([name, _percent(coverage.share), width, _percent(shown), _percent(disjoint)])
        report.hold(coverage.share >= LEAST, f"{name}: covers {_percent(coverage.share)}")
    report.table(
        "Differences: the rate of the kept cutoffs less that of all",
        ["history", "covered", "mean width", "leaves out 0", "disjoint intervals"],
        rows,
    )


def fairness(report: Report, *, histories: int, seed: int) -> None:
    """How often groups that do not differ are called different, and coverage of their rates."""
    rows = []
    ways = fairness_histories.WAYS
    for world in fairness_histories.SAME:
        found = fairness_histories.discoveries(world, histories=histories, seed=seed)
        covered = fairness_histories.cover(world, histories=histories, seed=seed)
        shares = [_percent(found[way].some) for way in ways]
        rows.append([world.name, *shares, _percent(covered.least), f"{100 * covered.width:.2f}"])
        false = found[fairness_histories.OURS].some
        report.hold(false <= ALARMS, f"{world.name}: {_percent(false)} false discoveries")
        report.hold(covered.least >= LEAST, f"{world.name}: covers {_percent(covered.least)}")
    report.table(
        "Fairness, no group differs: histories in which some group is called different",
        ["history", *ways, "covered, the worst group", "mean width"],
        rows,
    )
    rows = []
    for world in fairness_histories.WORSE:
        found = fairness_histories.discoveries(world, histories=histories, seed=seed)
        rows.append([world.name, *(_percent(found[way].first) for way in ways)])
    report.table(
        "Fairness, one group differs: histories in which it is called different",
        ["history", *ways],
        rows,
    )


def guarding(report: Report, *, histories: int, seed: int) -> None:
    """False alarms of the guard under daily looks, and how soon it finds a change."""
    alarms = {
        "guard, 2×2 e-process": guard_histories.guard_alarms(histories=histories, seed=seed),
        "guard, ceiling": guard_histories.ceiling_alarms(histories=histories, seed=seed),
    }
    for name, found in alarms.items():
        report.hold(found.alarmed <= ALARMS, f"{name}: {_percent(found.alarmed)} false alarms")
    alarms |= guard_histories.peeking(histories=histories, seed=seed)
    report.table(
        "Nothing changed: histories with a false alarm at some daily look",
        ["way", "alarmed", "paused at the end"],
        [[name, _percent(one.alarmed), _percent(one.paused)] for name, one in alarms.items()],
    )
    rows = []
    for before, after, share in ((0.05, 0.1, 0.5), (0.05, 0.1, 0.1), (0.05, 0.2, 0.5)):
        needed = guard_histories.audits_to_alert(
            (before, after), share=share, histories=histories, seed=seed
        )
        change = f"{100 * before:g} % to {100 * after:g} %, {100 * share:g} % of the audits"
        rows.append([change, *(f"{audits:,.0f}" for audits in needed)])
    report.table(
        "Something changed: audits in both arms until the alert",
        ["change, the version's share", "median", "enough in 80 %"],
        rows,
    )


def suggesting(report: Report, *, histories: int, seed: int) -> None:
    """How often a suggestion misses a target of 5 %, and what a test needs."""
    rows = []
    for world in suggestion_histories.WORLDS:
        found = suggestion_histories.suggestions(world, histories=histories, seed=seed)
        for name, one in found.items():
            rows.append([world.name, name, _percent(one.suggested), _percent(one.missed)])
        tested = found[suggestion_histories.OURS]
        report.hold(tested.missed <= ALARMS, f"{world.name}: {_percent(tested.missed)} miss")
    report.table(
        f"Suggestions for a target of 5 % among {suggestion_histories.CANDIDATES} candidates",
        ["history", "way", "suggested", "misses the target"],
        rows,
    )
    report.table(
        "Audited cutoffs in the test half that a target of 5 % takes, at power 80 %",
        ["true rate", "audits"],
        [[f"{true} %", f"{audits_needed(0.05, true / 100):,}"] for true in (2, 3, 4)],
    )


def check(*, histories: int, seed: int) -> Report:
    """All tables."""
    report = Report()
    for part in (rates, differences, fairness, guarding, suggesting):
        part(report, histories=histories, seed=seed)
    report.lines.append(
        f"{histories:,} histories each, seed {seed}. Widths are in percentage points, those of "
        "totals in cutoffs."
    )
    return report


def put(text: str, tables: str) -> str:
    """*text* with *tables* between the two marks."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{tables}\n\n{END}{after}"


def main() -> int:
    """Run the check as the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--histories", type=int, default=HISTORIES)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--write", action="store_true", help=f"put the tables into {PAGE.name}")
    options = parser.parse_args()
    report = check(histories=options.histories, seed=options.seed)
    tables = "\n".join(report.lines)
    if options.write:
        PAGE.write_text(put(PAGE.read_text("utf-8"), tables), "utf-8")
    else:
        print(tables)
    for line in report.broken:
        print(f"not kept: {line}", file=sys.stderr)
    return bool(report.broken)


if __name__ == "__main__":
    sys.exit(main())
