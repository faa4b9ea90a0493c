"""``manage.py erase_subject``: erase a person's words, here and now."""

from __future__ import annotations

import getpass
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.ledger import Actor
from conversations.models import ErasureRequest, ErasureState, Source
from conversations.services import erasure


class Command(BaseCommand):
    """Erase a person's words in the foreground. Interrupted, it goes on by itself."""

    help = "Erase a person's words; verdicts, figures and the ledger stay."

    def add_arguments(self, parser: CommandParser) -> None:
        """Whose words, and why."""
        parser.add_argument("--source", required=True, help="the source's slug")
        parser.add_argument("--user-id", required=True, help="the person's id at the source")
        parser.add_argument("--reason", required=True, help="why; no name, no id")
        parser.add_argument("--dry-run", action="store_true", help="count, and change nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        """Erase, or count; says what it came to."""
        source = Source.objects.filter(slug=options["source"]).first()
        if source is None:
            raise CommandError("There is no source with this slug.")
        now = timezone.now()
        if options["dry_run"]:
            asked = erasure.rehearse(
                source=source, user_id=options["user_id"], now=now, progress=self._show
            )
            self.stdout.write("Dry run: nothing was changed. An erasure would remove")
        else:
            asked = erasure.request_erasure(
                source=source,
                user_id=options["user_id"],
                reason=options["reason"],
                actor=Actor(agent=f"manage.py:{getpass.getuser()}"[:80]),
                now=now,
            )
            self.stdout.write(f"Request {asked.pk}")
            erasure.run(request_id=asked.pk, now=now, progress=self._show)
            asked.refresh_from_db()
            self.stdout.write("Erased")
        self._sum_up(asked)

    def _show(self, asked: ErasureRequest) -> None:
        cutoffs = erasure.covered(asked)
        done = cutoffs.filter(pk__lte=asked.after).count()
        self.stderr.write(f"  {done} of {cutoffs.count()} cutoffs", style_func=str)

    def _sum_up(self, asked: ErasureRequest) -> None:
        for kind, count in sorted(asked.counts.items()):
            if kind not in erasure.OF_HOLDS:
                self.stdout.write(f"  {kind.replace('_', ' ')}: {count}")
        if asked.state != ErasureState.DONE:
            # No word of a hold: whoever runs this need not be one who may know of it.
            self.stdout.write("It is not complete; it goes on by itself as soon as it can.")
