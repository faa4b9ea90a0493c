"""The plain admin behind the same server."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "bench.plain_admin.settings"

from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
