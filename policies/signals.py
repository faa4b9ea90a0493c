"""How policies tell the apps above what came in force, so that sources can be told.

Each is sent inside the transaction of what it tells of, with ids and numbers alone; a receiver
that raises undoes it.
"""

from django.dispatch import Signal

#: Another version holds for a scope from now on: with ``scope``, ``version`` (its number),
#: ``percent`` (1 to 100), ``beside`` (the number for the others, or None), ``activation_id``
#: (None where the scope's override ended and the built-in version holds) and ``now``.
policy_activated = Signal()

#: Nothing of a scope may be ended: with ``scope``, ``pause_id`` and ``now``.
policy_paused = Signal()

#: Two people ended a pause: with ``scope``, ``pause_id`` and ``now``.
policy_resumed = Signal()
