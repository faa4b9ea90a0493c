"""Django's settings of the API: REST framework, and the document that describes it."""

from typing import Any

__all__ = ["REST_FRAMEWORK", "SPECTACULAR_SETTINGS"]

REST_FRAMEWORK: dict[str, Any] = {
    "EXCEPTION_HANDLER": "accounts.problems.handler",
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["accounts.parsers.JSONParser"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Recourse",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "DESCRIPTION": "Review the conversations that an AI chat model ended by itself.",
    "POSTPROCESSING_HOOKS": ["config.openapi.add_components"],
    # One enumeration may stand in several places; each is written where it stands.
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # Another program checks the document (tests/test_openapi.py), not every deployment.
    "ENABLE_DJANGO_DEPLOY_CHECK": False,
}
