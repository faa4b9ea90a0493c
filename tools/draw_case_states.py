"""Draw docs/explanation/case-states.md from the table in reviews/transitions.py.

python tools/draw_case_states.py > docs/explanation/case-states.md
"""

from __future__ import annotations

import sys
from pathlib import Path

from django.conf import settings

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
if __name__ == "__main__":
    # Labels are said in a language: here as they are written.
    settings.configure(USE_I18N=False)

from reviews.transitions import CLAIMABLE, PENDING, TRANSITIONS
from reviews.vocabulary import CaseState

_BEGINNING = """# Case states

Drawn from the table in `reviews/transitions.py` by `tools/draw_case_states.py`.

```mermaid
stateDiagram-v2
    [*] --> unselected: reported
    [*] --> open: drawn, or a rule was broken
"""

_UNDO = """Whoever gave the last verdict can undo it: until the case is settled, or, where another's
verdict is asked for, for as long, while nobody holds the case for that. Until then the case is
settling to them wherever it went, and so is a gold case.""".replace("\n", " ")


def draw() -> str:
    """The page, whole."""
    lines = [_BEGINNING.rstrip("\n")]
    rows = []
    for (state, action), (who, targets) in TRANSITIONS.items():
        by = ", ".join(sorted(who))
        for target in sorted(targets):
            lines.append(f"    {state.value} --> {target.value}: {action.value}")
            rows.append(f"| {state.label} | {action.value} | {by} | {target.label} |")
    lines += ["```", "", "| from | what happens | by | to |", "|---|---|---|---|", *rows, ""]
    lines += [
        f"Somebody can claim a case that is {_words(CLAIMABLE)}.",
        "",
        f"The status call says `pending` while a case is {_words(PENDING)}.",
        "",
        "A claim is not a state: it is one reviewer's lease on a case.",
        "",
        _UNDO,
        "",
    ]
    return "\n".join(lines)


def _words(states: tuple[CaseState, ...]) -> str:
    names = [state.label.lower() for state in states]
    return f"{', '.join(names[:-1])} or {names[-1]}"


if __name__ == "__main__":
    sys.stdout.write(draw())
