"""``manage.py enforce_retention``: delete what has been kept for its term, here and now."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from conversations.services import retention
from conversations.services.retention import Report

KINDS = (retention.TRANSCRIPTS, retention.SEARCH_CHUNKS, retention.REMAINDERS, retention.SIGNALS)


class Command(BaseCommand):
    """The nightly task in the foreground, with a report. Interrupted, it is run again."""

    help = "Delete words and signals that have been kept for their source's term."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whether to delete at all."""
        parser.add_argument("--dry-run", action="store_true", help="count, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Delete, or count; then a line for each source and month."""
        dry_run: bool = options["dry_run"]
        report = retention.enforce(now=timezone.now(), dry_run=dry_run, progress=self._show)
        if sys.stderr.isatty():
            self.stderr.write("", style_func=str)
        self._table(report)
        for partition in report.dropped:
            self.stdout.write(f"dropped {partition}")
        if dry_run:
            self.stdout.write("Dry run: nothing was changed.")

    def _show(self, report: Report) -> None:
        """On a terminal only: the report at the end says it all."""
        if sys.stderr.isatty():
            self.stderr.write(f"\r  {sum(report.counts.values())} rows", str, ending="")
            self.stderr.flush()

    def _table(self, report: Report) -> None:
        places = sorted({(line.source, line.month) for line in report.counts})
        if not places:
            self.stdout.write("Nothing is over.")
            return
        kinds = [*KINDS, *sorted({line.kind for line in report.counts} - set(KINDS))]
        titles = [kind.replace("_", " ") for kind in kinds]
        rows = [("source", "month", *titles)] + [
            (*place, *(str(report.counts[retention.Line(*place, kind)]) for kind in kinds))
            for place in places
        ]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            self.stdout.write("  ".join(cells).rstrip())
