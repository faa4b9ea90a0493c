"""``manage.py seed_demo``: the demo's story and its credentials. Safe to run twice."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from reviews.demo import credentials, seeding


class Command(BaseCommand):
    """Fill an empty installation with invented conversations and what came of them."""

    help = "Fill an empty installation with the demo's story; what is there already stays."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where logins and keys are written."""
        parser.add_argument("--credentials", type=Path, required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        """Seed what is missing, and issue credentials where there is no file of them."""
        if not seeding.is_seeded():
            seeding.seed(now=timezone.now(), progress=self._show)
        path: Path = options["credentials"]
        if not path.exists():
            # Written to the side and moved: half a file of credentials is never found.
            draft = path.with_suffix(".new")
            descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(credentials.issue(now=timezone.now()), file)
            draft.replace(path)

    def _show(self, what: str, done: int, total: int) -> None:
        """A bar on a terminal; elsewhere a line for each step that is complete."""
        if sys.stdout.isatty():
            filled = 30 * done // total
            bar = "█" * filled + "░" * (30 - filled)
            end = "\n" if done == total else ""
            self.stdout.write(f"\r  {what:<22}{bar} {done:>5}/{total}{end}", ending="")
            self.stdout.flush()
        elif done == total:
            self.stdout.write(f"  {what}: {done}")
