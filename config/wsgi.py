"""The WSGI application that granian serves."""

import gc
import os
import sys

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

# A batch of 500 events makes some 40,000 objects that live until its answer, without a cycle
# among them. At Python's own threshold of 700 the collector walks over them again and again:
# 27 of 67 µs an event. What was loaded at the start is never garbage.
gc.freeze()
gc.set_threshold(100_000, 10, 10)

# A thread that waits for the interpreter gets it after half a millisecond instead of five: an event
# alone asks the database ten times, and each time would wait for the batch beside it.
sys.setswitchinterval(0.0005)
