"""How intake tells the apps above what it stored."""

from django.dispatch import Signal

#: Sent once a batch, inside its transaction, with ``cutoff_ids`` (a list of UUIDs) and
#: ``now``. Receivers run set-based SQL only; one that raises makes intake try event by event.
cutoffs_recorded = Signal()
