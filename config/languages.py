"""The languages of the user's pages, each by its own name. Staff pages and the API are English."""

from typing import Final

LANGUAGES: Final = [
    ("en", "English"),
    ("es", "Español"),
    ("de", "Deutsch"),
    ("fr", "Français"),
    ("ar", "العربية"),
]
