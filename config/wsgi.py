"""The WSGI application that granian serves."""

import gc
import os
import sys

from django.core.wsgi import get_wsgi_application
from django.urls import reverse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

# Loads every page and its address: the first to ask would else wait 1.5 s for it.
reverse("healthz")

# What was loaded at the start is never garbage: frozen, the collector passes
# over it, which took a third of reading a batch. Each call leaves some hundred objects in REST
# framework's cycles; a collection every 3,000 of them stops the calls beside it for a millisecond
# or two. Every 100,000, as would suit batches alone, it stopped them for 150 ms; and with a full
# one as rare as that, a hundred batches' bodies lay in those cycles.
gc.freeze()
gc.set_threshold(3_000, 10, 10)

# A thread that waits for the interpreter gets it after one millisecond instead of five: an event
# alone asks the database ten times, and each time would wait for the batch beside it.
sys.setswitchinterval(0.001)
