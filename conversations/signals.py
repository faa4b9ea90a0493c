"""How intake tells the apps above what it stored."""

from django.dispatch import Signal

#: Sent once a batch, inside its transaction, with ``cutoff_ids`` (a list of UUIDs) and
#: ``now``. Receivers run set-based SQL only; one that raises makes intake try event by event.
cutoffs_recorded = Signal()

#: Sent once a batch of an erasure, inside its transaction and before the words go, with
#: ``cutoff_ids`` (the batch), ``all_cutoffs`` (a queryset: all of the person that no hold keeps),
#: ``said`` (what the person wrote in the batch), ``unread`` (those of the batch whose words
#: went before), and ``now``. Receivers empty what words they keep, and return how many rows by
#: kind.
words_erased = Signal()

#: Sent once a batch, inside its transaction, with ``cutoff_ids`` whose signals are no longer
#: kept. Receivers forget their copies of them.
signals_expired = Signal()

#: Sent once a source and run of retention, outside any transaction, with ``source``, ``before``
#: (what was received before it has been kept for as long as the source's signals) and ``now``.
#: Receivers return a kind, all their rows of the source from before, and those of them that no
#: hold keeps, as querysets with UUIDv7 keys. Retention counts and deletes the latter.
kept_like_signals = Signal()

#: Sent when a legal hold is placed on a case, inside its transaction, with ``cutoff_id`` and
#: ``now``. Receivers show nothing that tells of the hold.
case_held = Signal()
