"""Learn which sentences state a contribution: prints the weights that the package ships.

python tests/bench/summary_training.py ../shared/data/quality > newsletter/editions/assembly/contribution.tsv
python tests/bench/summary_training.py ../shared/data/quality --folds 5

Each line of `summaries_train.jsonl.gz` holds an abstract in sentences, and
which of them is nearest to a summary that its authors or reviewers wrote.
With `--folds` nothing is printed but how often the likeliest sentence is that one.
"""

import argparse
import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

from newsletter.editions.assembly.contribution import features

PENALTY = 30.0
LEAST = 25
"""Sentences that a feature must stand in."""


def learn(rows: list[dict[str, Any]]) -> dict[str, float]:
    """Fit the regression; the penalty spares the intercept."""
    found = [(row, list(features(row["title"], row["sentences"]))) for row in rows]
    counts = Counter(name for _, each in found for one in each for name in one)
    names = sorted(name for name, count in counts.items() if count >= LEAST)
    column = {name: index for index, name in enumerate(names)}
    cells = [
        {column[name]: value for name, value in one.items() if name in column}
        for _, each in found
        for one in each
    ]
    starts = np.cumsum([0, *map(len, cells)])
    values = np.array([value for cell in cells for value in cell.values()])
    places = np.array([place for cell in cells for place in cell])
    matrix = csr_matrix((values, places, starts), shape=(len(cells), len(names)))
    is_best = np.array([float(index == row["best"]) for row, each in found for index in range(len(each))])
    penalty = np.array([0.0 if name == "always" else PENALTY for name in names])

    def loss(weights: Any) -> tuple[float, Any]:
        odds = matrix @ weights
        value = np.logaddexp(0, odds).sum() - is_best @ odds + (penalty * weights) @ weights / 2
        return float(value), matrix.T @ (1 / (1 + np.exp(-odds)) - is_best) + penalty * weights

    best = minimize(loss, np.zeros(len(names)), jac=True, method="L-BFGS-B").x
    return {name: round(float(weight), 2) for name, weight in zip(names, best, strict=True)}


def hits(rows: list[dict[str, Any]], weights: dict[str, float]) -> float:
    """Return the share of abstracts whose likeliest sentence is the nearest to the summary."""
    right = 0
    for row in rows:
        odds = [
            sum(weights.get(name, 0.0) * value for name, value in one.items())
            for one in features(row["title"], row["sentences"])
        ]
        right += odds.index(max(odds)) == row["best"]
    return right / len(rows)


def main() -> None:
    """Print the weights, or what they are worth on abstracts that they have not seen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--folds", type=int, default=0)
    given = parser.parse_args()
    with gzip.open(given.data / "summaries_train.jsonl.gz", "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    for fold in range(given.folds):
        unseen = rows[fold :: given.folds]
        seen = [row for index, row in enumerate(rows) if index % given.folds != fold]
        print(f"{hits(unseen, learn(seen)):.3f}")
    if not given.folds:
        print("# feature\tweight, learnt by tests/bench/summary_training.py from SciTLDR-A (train)")
        for name, weight in learn(rows).items():
            if weight:
                print(f"{name}\t{weight}")


if __name__ == "__main__":
    main()
