"""What the scripts say, in the language of the page: ``/words/<language>.js``."""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import translation
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.decorators.http import conditional_page
from django.views.i18n import JavaScriptCatalog

#: Seconds for which a browser does not ask again; then it asks with the ETag. After an upgrade a
#: sentence that it does not know yet is English for as long.
_FRESH: Final = 60 * 60


@method_decorator(
    [login_not_required, cache_control(public=True, max_age=_FRESH), conditional_page],
    name="dispatch",
)
class WordsView(JavaScriptCatalog):
    """``gettext``, ``ngettext`` and ``interpolate``, with the catalogue ``djangojs``.

    The language is in the address: another one is at once another script. Open to everybody, and
    asks neither session nor database, for every page of the staff loads it.
    """

    http_method_names = ["get", "head"]
    needs_no_reader = True

    def get(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """The script in one of our languages; 404 for another."""
        language = str(kwargs["language"])
        if language not in dict(settings.LANGUAGES):
            raise Http404
        with translation.override(language):
            return super().get(request)
