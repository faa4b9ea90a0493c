"""Measure what ``conversations/evidence.py`` infers against labelled conversations.

    python tools/measure_evidence.py PATH-TO-DATA

Prints the tables of docs/evidence.md. Shares come with a 95 % Wilson interval. The figures of
the crisis model are out of fold: each text was scored by a model that saw neither it nor
anything like it.
"""

from __future__ import annotations

import argparse
import math
import re
import statistics
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import train_crisis as training
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from conversations import phrases
from conversations.evidence import Evidence, assess
from conversations.transcripts import Message, Part

Flags = NDArray[np.bool_]

_Z: Final = 1.96
_WORD_LIST: Final = re.compile(
    r"\b(?:suicid\w*|kill myself|self[- ]harm\w*|want to die|end my life|hang myself|overdose"
    r"|cut myself)\b",
    re.IGNORECASE,
)
"""What a plain word list would look for: the yardstick to do better than."""


def share(hits: int, total: int) -> str:
    """Write a share with its numbers and its 95 % Wilson interval."""
    if not total:
        return "none"
    rate = hits / total
    centre = (rate + _Z**2 / (2 * total)) / (1 + _Z**2 / total)
    reach = math.sqrt(rate * (1 - rate) / total + _Z**2 / (4 * total**2))
    reach *= _Z / (1 + _Z**2 / total)
    low, high = max(0.0, centre - reach), min(1.0, centre + reach)
    return f"{hits}/{total} = {rate:.1%} ({low:.1%} to {high:.1%})"


def transcript(item: dict[str, Any]) -> list[Message]:
    """Make messages of one conversation of the data."""
    return [
        Message(role=turn["role"], parts=(Part("text", turn["content"]),))
        for turn in item["messages"]
    ]


def measure_refusals(folder: Path) -> None:
    """Compare inferred refusals with the labels of two annotators."""
    items = list(training.read_lines(folder / "refusals.jsonl.gz"))
    parts: dict[str, Callable[[int], bool]] = {
        "all": lambda _: True,
        "seen while writing the phrases": lambda half: half == 0,
        "not seen": lambda half: half == 1,
    }
    print("\nRefusals (positive: 2_full_refusal)")
    for name, wanted in parts.items():
        part = [
            (item["labels"]["final_label"][0], phrases.is_refusal(item["messages"][-1]["content"]))
            for item in items
            if wanted(zlib.crc32(item["messages"][0]["content"].encode()) % 2)
        ]
        found = [label for label, hit in part if hit]
        full, partial = found.count("2"), found.count("3")
        answers = [hit for label, hit in part if label == "1"]
        print(f"  {name}, n = {len(part)}")
        print("    precision", share(full, len(found)))
        print("    precision, partial refusals left out", share(full, len(found) - partial))
        print("    recall", share(full, sum(label == "2" for label, _ in part)))
        print("    full answers taken for refusals", share(sum(answers), len(answers)))


def measure_crisis(folder: Path) -> None:
    """Cross-validate the crisis cues, grouped, and print them by kind and source."""
    examples = training.read_examples(folder)
    windows = training.Windows.of(examples)
    scores = training.out_of_fold(windows, examples, training.folds(examples))
    patterns = training.pattern_hits(examples)
    threshold = training.choose_threshold(scores, patterns, examples)
    words = np.array([any(map(_WORD_LIST.search, example.texts)) for example in examples])
    print(
        f"\nCrisis cues, out of fold in {training.FOLDS} grouped folds; threshold {threshold:.3f}"
    )
    print_by_source(
        examples,
        {
            "word list": words,
            "patterns": patterns,
            "model": scores >= threshold,
            "both": patterns | (scores >= threshold),
        },
    )


def print_by_source(examples: Sequence[training.Example], flagged: dict[str, Flags]) -> None:
    """Print which share of each kind and source each reading flags."""
    kinds = np.array([example.kind for example in examples])
    sources = np.array([example.source for example in examples])
    for kind in ("crisis", "harmless", "unclear", "background"):
        groups = [("all", kinds == kind)]
        groups += [(name, (kinds == kind) & (sources == name)) for name in np.unique(sources)]
        for name, group in groups:
            if not group.any():
                continue
            print(f"  {kind}, {name}")
            for reading, flags in flagged.items():
                print(f"    {reading:9}", share(int(flags[group].sum()), int(group.sum())))


def measure_conversations(folder: Path) -> None:
    """Count what is inferred in whole conversations that carry no labels for it."""
    for name in ("benign", "redteam"):
        items = list(training.read_lines(folder / f"{name}.jsonl.gz"))
        started = time.process_time()
        found = [assess(transcript(item)) for item in items]
        spent = (time.process_time() - started) / len(items)
        print(f"\n{name}: {len(items)} conversations, {spent * 1000:.2f} ms each")
        for source in sorted({item["source"] for item in items}):
            pairs = zip(items, found, strict=True)
            print_counts(source, [evidence for item, evidence in pairs if item["source"] == source])


def print_counts(source: str, found: Sequence[Evidence]) -> None:
    """Print in how many conversations of a source each sign was found."""
    print(f"  {source}, n = {len(found)}")
    counts: dict[str, Iterable[bool]] = {
        "assessed": (evidence.assessed for evidence in found),
        "crisis assessed": (evidence.crisis_assessed for evidence in found),
        "crisis cue": (bool(evidence.crisis_cues) for evidence in found),
        "refusal": (bool(evidence.refusals) for evidence in found),
        "redirect": (bool(evidence.redirects) for evidence in found),
        "warning": (bool(evidence.warnings) for evidence in found),
        "asked to end": (evidence.end_requested is not None for evidence in found),
    }
    for name, hits in counts.items():
        print(f"    {name:15}", share(sum(hits), len(found)))


def measure_time() -> None:
    """Time transcripts of invented small talk: the median of several runs, in process time."""
    line = "could you look at the plan again because i think we can live with most of it now "
    print("\nTime")
    for count, size in ((12, 340), (2_000, 1_000)):
        text = (line * (size // len(line) + 1))[:size]
        talk: list[dict[str, Any]] = [
            {"role": ("user", "assistant")[place % 2], "content": text} for place in range(count)
        ]
        messages = transcript({"messages": talk})
        spent = []
        for _ in range(5 if count > 100 else 100):
            started = time.process_time()
            assess(messages)
            spent.append(time.process_time() - started)
        print(f"  {count} messages of {size} characters: {statistics.median(spent) * 1000:.2f} ms")


def main() -> None:
    """Print all tables."""
    parser = argparse.ArgumentParser(description="Measure the inferred evidence on labelled data.")
    parser.add_argument("data", type=Path, help="folder with refusals.jsonl.gz and the others")
    folder = parser.parse_args().data
    measure_refusals(folder)
    measure_crisis(folder)
    measure_conversations(folder)
    measure_time()


if __name__ == "__main__":
    main()
