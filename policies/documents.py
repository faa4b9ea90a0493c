"""A policy as YAML, so that it can live in a team's git, and the JSON Schema of what it may say."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import yaml

from conversations.vocabulary import Category
from policies.thresholds import Fault, InvalidPolicy, Thresholds, read

#: Bytes; the longest policy that can be said takes a tenth of it.
LARGEST: Final = 64 * 1024

_HEADER: Final = "# A policy of Recourse: {title}\n"


class _Loader(yaml.SafeLoader):
    """Plain values only: no aliases, which could unfold without end, and no name twice."""

    def fetch_alias(self) -> None:
        """Refuse an alias where a value should stand."""
        raise yaml.MarkedYAMLError(None, None, "aliases are not read here", self.get_mark())

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Refuse a name that is there already, where YAML would take the last."""
        seen = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise yaml.MarkedYAMLError(None, None, "this is no name", key.start_mark)
            if key.value in seen:
                raise yaml.MarkedYAMLError(None, None, "this name is there twice", key.start_mark)
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def write(thresholds: Thresholds, *, title: str) -> str:
    """*thresholds* as YAML, everything spelled out; *title* is a line that says what it is."""
    text = yaml.safe_dump(
        msgspec.to_builtins(thresholds), sort_keys=False, allow_unicode=True, width=100
    )
    return _HEADER.format(title=title.replace("\n", " ")) + text


def load(document: bytes) -> Thresholds:
    """The policy that a YAML *document* spells; what it does not name has its default.

    Raises :class:`InvalidPolicy` with the line, or the place, of all that is wrong.
    """
    if len(document) > LARGEST:
        raise InvalidPolicy([Fault("", "too_large", f"A policy has at most {LARGEST} bytes.")])
    try:
        content = _Loader(document).get_single_data()
    except yaml.MarkedYAMLError as error:
        raise InvalidPolicy([Fault("", "not_yaml", _words(error))]) from None
    except (yaml.YAMLError, UnicodeError, ValueError):
        raise InvalidPolicy(
            [Fault("", "not_yaml", "This is not YAML in UTF-8 that can be read.")]
        ) from None
    except RecursionError:
        raise InvalidPolicy([Fault("", "not_yaml", "This is nested too deep.")]) from None
    return read(content)


def _words(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    where = f" (line {mark.line + 1}, column {mark.column + 1})" if mark else ""
    problem = str(error.problem).encode(errors="replace").decode()
    return f"This is not YAML that can be read: {problem}{where}."


def json_schema() -> dict[str, Any]:
    """What a policy may say, as JSON Schema 2020-12."""
    (reference,), parts = msgspec.json.schema_components(
        [Thresholds], ref_template="#/$defs/{name}"
    )
    for part, name in (("Thresholds", "categories"), ("ReviewSettings", "audit_shares")):
        parts[part]["properties"][name]["propertyNames"] = {"enum": Category.values}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A policy of Recourse",
        **reference,
        "$defs": parts,
    }
