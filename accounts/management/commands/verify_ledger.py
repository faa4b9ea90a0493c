"""``manage.py verify_ledger``: does the ledger still say what was sealed?"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentTypeError
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.sealing import seal
from accounts.verifying import Flaw, Kind, Report, verify

MEANINGS = {
    Kind.SEALS_MISSING: "One or more seals before it were deleted.",
    Kind.SEAL_CHANGED: "The seal, or the one before it, was changed or replaced.",
    Kind.LINES_MISSING: "Lines were deleted, or the seal was changed.",
    Kind.LINES_ADDED: "Lines were put in afterwards, or the seal was changed.",
    Kind.LINES_CHANGED: "A line was changed or replaced by another, or the seal was changed.",
    Kind.UNREADABLE: "A line holds what Recourse never writes: it was changed.",
}


def digest(text: str) -> bytes:
    """The 32 bytes that *text* names in hexadecimal; argparse tells people of anything else."""
    try:
        value = bytes.fromhex(text)
    except ValueError:
        value = b""
    if len(value) != 32:
        raise ArgumentTypeError("a digest is 64 hexadecimal digits")
    return value


class Command(BaseCommand):
    """Seal what is new, then hold every line against its seal."""

    help = "Check the ledger against its seals; exit code 1 when one does not hold."

    def add_arguments(self, parser: CommandParser) -> None:
        """What is known from elsewhere, and for whom the answer is."""
        parser.add_argument(
            "--expect",
            type=digest,
            metavar="DIGEST",
            help="the digest of a seal, as the log kept it, which must be in the chain",
        )
        parser.add_argument("--json", action="store_true", help="one line of JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        """Say what holds. Raises ``CommandError`` where something does not."""
        seal(now=timezone.now())
        report = verify(expect=options["expect"], progress=self._show)
        if sys.stderr.isatty():
            self.stderr.write("", style_func=str)
        if options["json"]:
            self.stdout.write(json.dumps(_document(report)))
        else:
            self._tell(report)
        if not report.holds:
            raise CommandError("The ledger does not hold.")

    def _show(self, report: Report) -> None:
        """On a terminal only: what is said at the end is enough elsewhere."""
        if sys.stderr.isatty():
            self.stderr.write(f"\r  {report.lines:,} lines", style_func=str, ending="")
            self.stderr.flush()

    def _tell(self, report: Report) -> None:
        if report.first:
            self._tell_flaw(report.first)
        if report.broken > 1:
            self.stdout.write(f"{report.broken - 1:,} further seals do not hold.")
        if report.expected is False:
            self.stdout.write(
                "No seal has the digest that was expected: seals were cut off at the end, or the"
                " chain was made anew, or the digest is of another installation."
            )
        if report.holds:
            self.stdout.write(
                f"{report.lines:,} lines in {report.seals:,} seals hold;"
                f" {report.unsealed:,} lines{_since(report)} are not sealed yet."
            )
        if report.last:
            last = bytes(report.last.digest).hex()
            self.stdout.write(f"The last seal is {report.last.number:,}, digest {last}")

    def _tell_flaw(self, flaw: Flaw) -> None:
        since = _moment(flaw.before.sealed_at) if flaw.before else "the beginning"
        self.stdout.write(
            f"Seal {flaw.seal.number:,} does not hold. {MEANINGS[flaw.kind]}\n"
            f"  ids: {_first_id(flaw) or 'the first'} to {flaw.seal.last_id}\n"
            f"  sealed: between {since} and {_moment(flaw.seal.sealed_at)}\n"
            f"  lines: {flaw.seal.count:,} were sealed, {flaw.found:,} were read"
        )


def _document(report: Report) -> dict[str, Any]:
    last, flaw = report.last, report.first
    return {
        "holds": report.holds,
        "lines": report.lines,
        "seals": report.seals,
        "last_digest": bytes(last.digest).hex() if last else None,
        "last_sealed_at": last.sealed_at.isoformat() if last else None,
        "unsealed": report.unsealed,
        "unsealed_since": report.unsealed_since.isoformat() if report.unsealed_since else None,
        "expected": report.expected,
        "broken": report.broken,
        "first": flaw
        and {
            "kind": flaw.kind,
            "seal": flaw.seal.number,
            "from_id": _first_id(flaw),
            "to_id": flaw.seal.last_id,
            "sealed_after": flaw.before.sealed_at.isoformat() if flaw.before else None,
            "sealed_at": flaw.seal.sealed_at.isoformat(),
            "lines_sealed": flaw.seal.count,
            "lines_read": flaw.found,
        },
    }


def _first_id(flaw: Flaw) -> int | None:
    return flaw.before.last_id + 1 if flaw.before else None


def _since(report: Report) -> str:
    return f" since {_moment(report.unsealed_since)}" if report.unsealed_since else ""


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
