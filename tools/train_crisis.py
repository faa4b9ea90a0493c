"""Train the crisis model of ``conversations/crisis.py`` and write ``crisis_model.bin``.

    python tools/train_crisis.py PATH-TO-DATA

Reads ``crisis.jsonl.gz``, ``benign.jsonl.gz`` and ``redteam.jsonl.gz`` (docs/evidence.md names
the parts that are used and their licences). Every example is a person or a conversation; its
turns are cut into the same windows that are read in use. The threshold is set on out-of-fold
scores; the weights that are shipped are fitted on all of the data.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from scipy import optimize, sparse

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from conversations import crisis

BUCKETS: Final = 2**15
FOLDS: Final = 5
SEED: Final = 20
L2: Final = 0.3
"""Strength of the ridge penalty."""

HARMLESS_SHARE: Final = 0.03
"""Share of harmless examples that may be flagged, out of fold. The aim is one in twenty; the
rest is margin."""

BACKGROUND: Final = {
    "benign": ("hh-rlhf", "mt-bench", "Open-Assistant"),
    "redteam": ("convabuse",),
}
"""Files, and which of their sources serve as harmless by where they come from."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Example:
    """One person's posts or one conversation's user turns.

    ``kind`` is ``crisis``, ``harmless`` (judged so by people, or XSTest's safe prompts),
    ``unclear`` (never trained on) or ``background`` (harmless by where it comes from).
    """

    texts: tuple[str, ...]
    kind: str
    source: str


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the objects of a gzip file of JSON lines."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def read_examples(folder: Path) -> list[Example]:
    """Read everything that is trained on or measured."""
    kinds = {"self_harm": "crisis", "none": "harmless"}
    examples = [
        Example(tuple(item["texts"]), kinds.get(item["crisis"], "unclear"), item["source"])
        for item in read_lines(folder / "crisis.jsonl.gz")
        if item["label_by"].startswith("human")
    ]
    for name, wanted in BACKGROUND.items():
        examples += [
            Example(turns, "background", item["source"])
            for item in read_lines(folder / f"{name}.jsonl.gz")
            if any(part in item["source"] for part in wanted) and (turns := user_turns(item))
        ]
    return examples


def user_turns(item: dict[str, Any]) -> tuple[str, ...]:
    """Return what the user said in one conversation of the data."""
    return tuple(turn["content"] for turn in item["messages"] if turn["role"] == "user")


def folds(examples: Sequence[Example]) -> Ints:
    """Give each example a fold; examples that share words in a row always get the same one.

    Two examples belong together when they open with the same five words or share ten words in
    a row. A group is named by its first example, and its fold is drawn from that.
    """
    parent = list(range(len(examples)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    first_with: dict[int, int] = {}
    for place, example in enumerate(examples):
        for key in _shingles(crisis.words("\n".join(example.texts))):
            here, there = root(place), root(first_with.setdefault(key, place))
            parent[max(here, there)] = min(here, there)
    groups = [f"{SEED}:{root(place)}" for place in range(len(parent))]
    return np.array([zlib.crc32(group.encode()) % FOLDS for group in groups])


def _shingles(words: Sequence[str]) -> set[int]:
    return {hash(tuple(words[:5]))} | {
        hash(tuple(words[start : start + 10])) for start in range(len(words) - 9)
    }


@dataclass(frozen=True)
class Windows:
    """The windows of all examples: one row of ``matrix`` each, and whose it is."""

    matrix: sparse.csr_matrix
    owner: Ints

    @classmethod
    def of(cls, examples: Sequence[Example]) -> Windows:
        """Cut all turns into windows and hash their words and word pairs."""
        owner: list[int] = []
        columns: list[int] = []
        ends = [0]
        values: list[float] = []
        for place, example in enumerate(examples):
            for text in example.texts:
                words = crisis.words(text)
                for start, end in crisis.windows(len(words)):
                    hashed = crisis.features(words[start:end], BUCKETS)
                    columns += hashed
                    values += [len(hashed) ** -0.5] * len(hashed)
                    ends.append(len(columns))
                    owner.append(place)
        shape = (len(owner), BUCKETS)
        matrix = sparse.csr_matrix((values, columns, ends), shape=shape)
        matrix.sum_duplicates()
        return cls(matrix, np.array(owner))


def fit(matrix: sparse.csr_matrix, positive: NDArray[np.bool_], weight: Floats) -> Floats:
    """Fit a ridge-penalised logistic regression; the last value is the intercept."""
    sign = np.where(positive, 1.0, -1.0)

    def loss(point: Floats) -> tuple[float, Floats]:
        margin = sign * (matrix @ point[:-1] + point[-1])
        pull = -weight * sign / (1 + np.exp(np.clip(margin, -50, 50)))
        value = float((weight * np.logaddexp(0, -margin)).sum() + L2 / 2 * point[:-1] @ point[:-1])
        return value, np.append(matrix.T @ pull + L2 * point[:-1], pull.sum())

    start = np.zeros(matrix.shape[1] + 1)
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 150})
    return np.asarray(found.x)


def train(windows: Windows, examples: Sequence[Example], use: NDArray[np.bool_]) -> crisis.Model:
    """Fit on the examples that ``use`` marks, and round the weights to bytes.

    A person of many posts counts as the square root of their windows, not as all of them.
    """
    kinds = np.array([example.kind for example in examples])
    rows = np.flatnonzero((use & (kinds != "unclear"))[windows.owner])
    owner = windows.owner[rows]
    count = np.bincount(windows.owner, minlength=len(examples))
    weight: Floats = count[owner].astype(np.float64) ** -0.5 * np.where(
        kinds[owner] == "background", 0.5, 1.0
    )
    point = fit(windows.matrix[rows], kinds[owner] == "crisis", weight)
    scale = float(np.abs(point[:-1]).max()) / 127
    rounded = np.round(point[:-1] / scale).astype(np.int8)
    return crisis.Model(BUCKETS, scale, float(point[-1]), 0.0, rounded.tobytes())


def highest_scores(windows: Windows, model: crisis.Model, examples: int) -> Floats:
    """Score every example by its highest window."""
    weights = np.frombuffer(model.weights, dtype=np.int8) * model.scale
    highest = np.full(examples, -np.inf)
    np.maximum.at(highest, windows.owner, windows.matrix @ weights + model.bias)
    return highest


def out_of_fold(windows: Windows, examples: Sequence[Example], fold: Ints) -> Floats:
    """Score every example by a model that saw neither it nor anything like it."""
    scores = np.full(len(examples), -np.inf)
    for held_out in range(FOLDS):
        model = train(windows, examples, fold != held_out)
        scored = highest_scores(windows, model, len(examples))
        scores[fold == held_out] = scored[fold == held_out]
    return scores


def pattern_hits(examples: Sequence[Example]) -> NDArray[np.bool_]:
    """Tell of every example whether a pattern finds a cue in it."""
    hits = [any(crisis.matches_pattern(crisis.words(text)) for text in e.texts) for e in examples]
    return np.array(hits)


def choose_threshold(scores: Floats, hits: NDArray[np.bool_], examples: Sequence[Example]) -> float:
    """Return the lowest threshold that flags few enough of the harmless examples."""
    harmless = np.array([example.kind == "harmless" for example in examples])
    allowed = int(HARMLESS_SHARE * harmless.sum()) - int((hits & harmless).sum())
    ranked = np.sort(scores[harmless & ~hits])[::-1]
    return float((ranked[allowed - 1] + ranked[allowed]) / 2)


def write_model(model: crisis.Model, path: Path) -> None:
    """Write the header as one line of JSON, and the weights after it."""
    header = msgspec.json.encode(msgspec.structs.replace(model, weights=b""))
    path.write_bytes(header + b"\n" + model.weights)


def main() -> None:
    """Train on everything and write the model that is shipped."""
    parser = argparse.ArgumentParser(description="Train the crisis model and write it.")
    parser.add_argument("data", type=Path, help="folder with crisis.jsonl.gz and the others")
    examples = read_examples(parser.parse_args().data)
    windows = Windows.of(examples)
    scores = out_of_fold(windows, examples, folds(examples))
    threshold = choose_threshold(scores, pattern_hits(examples), examples)
    model = train(windows, examples, np.ones(len(examples), dtype=bool))
    write_model(msgspec.structs.replace(model, threshold=threshold), crisis.MODEL_PATH)
    print(f"{len(examples)} examples, {len(windows.owner)} windows, threshold {threshold:.3f}")


if __name__ == "__main__":
    main()
