"""Softmax regression on the Wine data with the standard library only.

Logs by printing lines that `runstone run` understands; without Runstone they are just output.
"""

import argparse
import csv
import json
import math
import os
import random


def read_wine(path):
    with open(path, newline="") as file:
        rows = list(csv.reader(file))[1:]
    return [[float(x) for x in row[:-1]] for row in rows], [int(row[-1]) for row in rows]


def standardize(samples, reference):
    columns = list(zip(*reference))
    means = [sum(c) / len(c) for c in columns]
    deviations = [math.sqrt(sum((x - m) ** 2 for x in c) / len(c)) or 1.0 for c, m in zip(columns, means)]
    return [[(x - m) / d for x, m, d in zip(row, means, deviations)] for row in samples]


def probabilities(weights, row):
    scores = [w[-1] + sum(a * b for a, b in zip(w, row)) for w in weights]
    top = max(scores)
    exponents = [math.exp(s - top) for s in scores]
    total = sum(exponents)
    return [e / total for e in exponents]


def evaluate(weights, samples, labels):
    loss = hits = 0
    for row, label in zip(samples, labels):
        p = probabilities(weights, row)
        loss -= math.log(max(p[label], 1e-12))
        hits += p.index(max(p)) == label
    return loss / len(samples), hits / len(samples)


def train_epoch(weights, samples, labels, lr, l2):
    for row, label in zip(samples, labels):
        p = probabilities(weights, row)
        for k, w in enumerate(weights):
            error = p[k] - (k == label)
            for i, x in enumerate(row):
                w[i] -= lr * (error * x + l2 * w[i])
            w[-1] -= lr * error


def load_checkpoint(path, features):
    if path is None or not os.path.exists(path):
        return 0, [[0.0] * (features + 1) for _ in range(3)]
    with open(path) as file:
        return tuple(json.load(file))


def save_checkpoint(path, epochs_done, weights):
    if path is None:
        return
    with open(path + ".new", "w") as file:
        json.dump([epochs_done, weights], file)
    os.replace(path + ".new", path)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--l2", type=float, default=0.001)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--data", default=os.path.join(here, "wine.csv"))
    parser.add_argument("--out", default="wine-out")
    parser.add_argument("--checkpoint", help="go on from this file if it exists; it is written after each epoch")
    args = parser.parse_args()

    print(f"::runstone param model=softmax lr={args.lr} l2={args.l2} epochs={args.epochs} seed={args.seed}")
    samples, labels = read_wine(args.data)
    order = list(range(len(samples)))
    random.Random(args.seed).shuffle(order)
    cut = len(order) * 3 // 4
    train, test = order[:cut], order[cut:]
    reference = [samples[i] for i in train]
    x_train, y_train = standardize(reference, reference), [labels[i] for i in train]
    x_test, y_test = standardize([samples[i] for i in test], reference), [labels[i] for i in test]

    first, weights = load_checkpoint(args.checkpoint, len(samples[0]))
    for epoch in range(first, args.epochs):
        train_epoch(weights, x_train, y_train, args.lr / 100, args.l2)
        loss, accuracy = evaluate(weights, x_train, y_train)
        test_loss, test_accuracy = evaluate(weights, x_test, y_test)
        print(
            f"::runstone metric train/loss={loss:.6f} train/acc={accuracy:.4f}"
            f" test/loss={test_loss:.6f} test/acc={test_accuracy:.4f} step={epoch}",
            flush=True,
        )
        save_checkpoint(args.checkpoint, epoch + 1, weights)
    os.makedirs(args.out, exist_ok=True)
    path = os.path.join(args.out, "weights.csv")
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows(weights)
    print(f"::runstone artifact {path} as model")
    _, test_accuracy = evaluate(weights, x_test, y_test)
    print(f"test accuracy {test_accuracy:.3f} after {args.epochs} epochs")


if __name__ == "__main__":
    main()
