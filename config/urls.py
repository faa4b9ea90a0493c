"""All addresses: those of the machine-facing checks here, those of the apps in their `urls`."""

from importlib.util import find_spec

from django.urls import include, path

from config import health, openapi, words

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
    path("api/schema", openapi.schema, name="api-schema"),
    path("api/docs", openapi.docs, name="api-docs"),
    # What chat services call comes first: to walk past a hundred pages takes a tenth of a call.
    *(
        path("", include(f"{app}.{urls}"))
        for urls in ("api_urls", "urls")
        # And of that, events: they are the most.
        for app in ("conversations", "reviews", "policies", "accounts")
        if find_spec(f"{app}.{urls}")
    ),
    path("words/<slug:language>.js", words.WordsView.as_view(), name="words"),
]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.forbidden"
handler404 = "config.errors.not_found"
handler500 = "config.errors.internal_error"
