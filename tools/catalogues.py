"""The catalogues of the user's pages: what is to be translated, and the compiled form of it.

``python -m tools.catalogues`` adds to each ``django.po`` what it lacks, empty, drops what nobody
says any more, and writes ``django.mo``. No program of GNU gettext is needed.
"""

from __future__ import annotations

import ast
import json
import re
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
LOCALE: Final = ROOT / "locale"

TEMPLATES: Final = (
    "reviews/notice*.html",
    "reviews/answer*.*",
    "reviews/_care.html",
    "reviews/_choices.html",
    "reviews/_danger.html",
    "reviews/_languages.html",
    "reviews/_published.html",
    "reviews/_report_*.html",
    "reviews/_support.html",
    "reviews/_told.html",
    "reviews/transparency.html",
    "components/field.html",
)
#: Modules, or what bears one name in a module, whose texts users read.
MODULES: Final = (
    ("reviews/notices.py", ""),
    ("reviews/statements.py", ""),
    ("reviews/feedback_forms.py", "FeedbackForm"),
    ("reviews/vocabulary.py", "PLAIN_REASONS"),
    ("reviews/reply_texts.py", "TEXTS"),
    ("reviews/services/addresses.py", ""),
    ("reviews/services/feedback.py", ""),
    ("reviews/views/transparency.py", ""),
    ("conversations/vocabulary.py", "Category"),
)
#: Plural-Forms of each language, as GNU gettext lists them.
PLURALS: Final = {
    "es": "nplurals=2; plural=(n != 1);",
    "de": "nplurals=2; plural=(n != 1);",
    "fr": "nplurals=2; plural=(n > 1);",
    "ar": (
        "nplurals=6; plural=n==0 ? 0 : n==1 ? 1 : n==2 ? 2 : n%100>=3 && n%100<=10 ? 3"
        " : n%100>=11 && n%100<=99 ? 4 : 5;"
    ),
}

_CALLS: Final = {"_", "gettext", "gettext_noop", "gettext_lazy"}
_TAG: Final = re.compile(r"""{%\s*translate\s+("(?:[^"\\]|\\.)*")""")
_BLOCK: Final = re.compile(
    r"{%\s*blocktranslate\b(.*?)%}(.*?){%\s*endblocktranslate\s*%}", re.DOTALL
)
_VARIABLE: Final = re.compile(r"{{\s*(\w+)\s*}}")


def messages() -> dict[str, list[str]]:
    """What users read in English, in the order of the files, and in which files each stands."""
    found: dict[str, list[str]] = {}
    for name, texts in (*_in_modules(), *_in_templates()):
        for text in texts:
            places = found.setdefault(text, [])
            if name not in places:
                places.append(name)
    return found


def _in_modules() -> Iterator[tuple[str, list[str]]]:
    for name, only in MODULES:
        tree: ast.AST = ast.parse((ROOT / name).read_text("utf-8"))
        if only:
            tree = next(node for node in ast.walk(tree) if _is_called(node, only))
        yield (
            name,
            [
                node.args[0].value
                for node in ast.walk(tree)
                if isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in _CALLS
                and node.args
                and isinstance(node.args[0], ast.Constant)
                and isinstance(node.args[0].value, str)
            ],
        )


def _is_called(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return node.name == name
    if isinstance(node, ast.AnnAssign):
        return isinstance(node.target, ast.Name) and node.target.id == name
    return isinstance(node, ast.Assign) and any(
        isinstance(target, ast.Name) and target.id == name for target in node.targets
    )


def _in_templates() -> Iterator[tuple[str, list[str]]]:
    folder = ROOT / "templates"
    for path in sorted(path for pattern in TEMPLATES for path in folder.glob(pattern)):
        source = path.read_text("utf-8")
        texts = [json.loads(found[1]) for found in _TAG.finditer(source)]
        for options, body in _BLOCK.findall(source):
            if "{% plural %}" in body:
                raise ValueError(f"{path.name}: a plural, which this program does not know")
            text = _VARIABLE.sub(r"%(\1)s", body)
            if "trimmed" in options:
                text = " ".join(line.strip() for line in text.strip().splitlines())
            texts.append(text)
        yield f"templates/{path.relative_to(folder)}", texts


def read(language: str) -> dict[str, str]:
    """The translations of a catalogue by what they translate; its header by the empty text.

    Raises ``ValueError`` for a fuzzy entry, which nobody has confirmed, and for a plural.
    """
    found: dict[str, str] = {}
    entry: dict[str, str] = {}
    part = ""
    for line in [*_path(language, "po").read_text("utf-8").splitlines(), ""]:
        if line.startswith("#"):
            if line.startswith("#,") and "fuzzy" in line:
                raise ValueError(f"{language}: a fuzzy entry")
        elif not line.strip():
            if entry:
                found[entry["msgid"]] = entry["msgstr"]
            entry = {}
        else:
            if not line.startswith('"'):
                part, line = line.split(" ", 1)
                if part not in ("msgid", "msgstr"):
                    raise ValueError(f"{language}: {part}, which this program does not know")
            entry[part] = entry.get(part, "") + json.loads(line)
    return found


def written(language: str, translated: dict[str, str]) -> str:
    """The text of a catalogue that has all :func:`messages`, and no others."""
    lines = [
        "# Texts of the user's pages. Who has reviewed them stands in locale/reviewed.toml.",
        *_entry("", header(language)),
    ]
    for text, places in messages().items():
        lines += ["", f"#: {' '.join(places)}", *_entry(text, translated.get(text, ""))]
    return "\n".join(lines) + "\n"


def _entry(text: str, translation: str) -> tuple[str, str]:
    return (
        f"msgid {json.dumps(text, ensure_ascii=False)}",
        f"msgstr {json.dumps(translation, ensure_ascii=False)}",
    )


def header(language: str) -> str:
    return (
        f"Language: {language}\n"
        "MIME-Version: 1.0\n"
        "Content-Type: text/plain; charset=UTF-8\n"
        "Content-Transfer-Encoding: 8bit\n"
        f"Plural-Forms: {PLURALS[language]}\n"
    )


def compiled(translated: dict[str, str]) -> bytes:
    """A catalogue as the runtime reads it: GNU gettext, "The Format of GNU MO Files"."""
    pairs = sorted((text.encode(), said.encode()) for text, said in translated.items() if said)
    texts_at, said_at = 28, 28 + 8 * len(pairs)
    at = said_at + 8 * len(pairs)
    tables: list[bytes] = []
    body = b""
    for column in (0, 1):
        for pair in pairs:
            tables.append(struct.pack("<II", len(pair[column]), at + len(body)))
            body += pair[column] + b"\0"
    head = struct.pack("<7I", 0x950412DE, 0, len(pairs), texts_at, said_at, 0, at)
    return head + b"".join(tables) + body


def _path(language: str, suffix: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"django.{suffix}"


def update(language: str) -> int:
    """Bring the files of a language up to date; how many texts it lacks."""
    path = _path(language, "po")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(written(language, read(language) if path.exists() else {}), "utf-8")
    translated = read(language)
    _path(language, "mo").write_bytes(compiled(translated))
    return sum(not said for said in translated.values())


if __name__ == "__main__":
    for code in PLURALS:
        print(f"{code}: {update(code)} texts are not translated")
