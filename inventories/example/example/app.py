"""The example that a fresh control directory audits. Change a line, audit again, and see it reported."""

INTERVAL_S = 10


def signal(prices):
    return "buy" if prices[-1] > sum(prices) / len(prices) else "wait"
