"""Random streaming plans as data: python plans.py SEED COUNT [KIND ...] > plans.json"""

import json
import random
import sys

MODES = ["append", "append", "update"]


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.grain = self.r.choice([500, 1000, 1000])
        self.base = self.r.choice([60_000] * 6 + [0, -30_000, 1_600_000_000_000])
        self.oddities = self.r.random() < 0.3
        self.nulls = self.r.choice([0, 0.1, 0.25])
        self.null_times = self.r.random() < 0.15

    def maybe(self, p):
        return self.r.random() < p

    def number(self):
        if self.maybe(self.nulls):
            return None
        if self.oddities and self.maybe(0.12):
            return self.r.choice(["NaN", "Infinity", "-Infinity", -0.0, 1e16, 1e-3])
        return self.r.randrange(-20, 40) / 4

    def row(self, now, null_times, null_keys):
        t = now + self.grain * self.r.choice([*range(-12, 7), *range(-5, 5)])
        if null_times and self.maybe(0.1):
            t = None
        k = None if null_keys and self.maybe(self.nulls) else self.r.choice("aabbc")
        n = None if self.maybe(self.nulls) else self.r.randrange(-3, 9)
        g = self.r.choice([None, 0, -1000, 1000, 2000, 2000, 3000, 5000])
        return [t, k, n, self.number(), g, round(self.r.random(), 5)]

    def batches(self, streams, *nulls):
        now = self.base
        steps = []
        for i in range(self.r.randrange(4, 7)):
            now += self.grain * self.r.choice([0, 3, 6, 10, 10, 20])
            step = {s: [self.row(now, *nulls) for _ in range(self.r.choice([0, 2, 6, 12, 20]))] for s in streams}
            if not any(step.values()):
                step[self.r.choice(streams)].append(self.row(now, *nulls))
            if i > 0 and self.maybe(0.15):
                steps.append("restart")
            if self.maybe(0.25):  # the same row again
                s = self.r.choice(streams)
                step[s] += self.r.choices(step[s], k=1) if step[s] else []
            steps.append(step)
        return steps

    # Parts of a query

    def delay(self):
        return self.grain * self.r.choice([0, 1, 5, 10, 10])

    def keys(self):
        return self.r.choice([["k"], ["k"], ["k", "n"], [], ["n"]])

    def tumbling(self):
        return {"size": self.grain * self.r.choice([4, 5, 7, 10]), "offset": self.grain * self.r.choice([0, 0, 0, 1, 3])}

    def sliding(self):
        size = self.r.choice([4, 5, 7, 10])
        slide = self.r.randrange(1, size)
        offset = self.r.choice([0, 0, 1]) % slide
        return {"size": self.grain * size, "slide": self.grain * slide, "offset": self.grain * offset}

    def session(self):
        return {"gapColumn": "g"} if self.maybe(0.4) else {"gap": self.grain * self.r.choice([1, 2, 3, 5])}

    def aggs(self, columns="knvu"):
        known = [agg for agg in AGGREGATES.values() if {*agg.values()} & {*"knvu"} <= {*columns}]
        return {f"a{i}": agg for i, agg in enumerate(self.r.sample(known, 7))}

    def aggregate(self, window=None, keys=None, aggs=None):
        op = {"op": "aggregate", "keys": self.keys() if keys is None else keys, "aggs": aggs or self.aggs()}
        return {**op, "window": window} if window else op

    def range(self):
        low = self.grain * self.r.choice([-10, -4, 0, 2])
        range_ = {"min": low, "max": low + self.grain * self.r.choice([1, 3, 8])}
        for name in ["minInclusive", "maxInclusive"]:
            if self.maybe(0.25) and range_["min"] < range_["max"]:
                range_[name] = False
        return range_

    def join(self, **how):
        kind = self.r.choice(["inner", "inner", "left", "right", "full", "leftSemi"])
        return {"op": "join", "type": kind, "on": ["k"], **how}

    def plan(self, query, mode=None, streams=("a",), **more):
        plan = {
            "mode": mode or self.r.choice(MODES),
            "streams": {s: {"delay": self.delay()} for s in streams},
            "query": query,
            "batches": self.batches(list(streams), self.null_times and windows_first(query), null_keys(query)),
            **more,
        }
        if self.maybe(0.12):
            plan["noDataBatches"] = False
        if len(streams) > 1 and self.maybe(0.2):
            plan["policy"] = "max"
        return plan


def windows_first(query):
    """Null times are rejected here, whoever meets them first; Spark knows them in all but windows."""
    return "window" in query[0] or "windows" in query[0]


def null_keys(query):
    """Outer rows with a null key come at once here, in Spark when their time is over."""
    return not ("range" in query[0] or "equalTimes" in query[0]) or query[0]["type"] in ["inner", "leftSemi"]


def tumbling(m):
    return m.plan([m.aggregate(m.tumbling())], m.r.choice(["append", "append", "update", "complete"]))


def sliding(m):
    return m.plan([m.aggregate(m.sliding())], m.r.choice(["append", "append", "update", "complete"]))


def session(m):
    keys = m.r.choice([["k"], ["k"], ["k", "n"]])
    return m.plan([m.aggregate(m.session(), keys)], m.r.choice(["append", "append", "append", "complete"]))


def running(m):
    # Without keys Spark says the one row again in every batch without data.
    mode = m.r.choice(["update", "update", "complete"])
    keys = [["k"], ["k", "n"], ["n"]] if mode == "update" else [["k"], ["k", "n"], []]
    return m.plan([m.aggregate(keys=m.r.choice(keys))], mode)


def by_time(m):
    return m.plan([m.aggregate(keys=["t", "k"])])


def dedup(m):
    columns = m.r.choice([["t", "k"], ["k", "t"], ["t"], ["k"], ["k", "n"], ["t", "k", "n", "v", "g", "u"]])
    return m.plan([{"op": "dedup", "columns": columns}])


def dedup_within(m):
    return m.plan([{"op": "dedupWithin", "columns": m.r.choice([["k"], ["k", "n"], ["t", "k"], ["n"]])}])


def dedup_window(m):
    first = m.r.choice([{"op": "dedup", "columns": ["t", "k"]}, {"op": "dedupWithin", "columns": ["k", "n"]}])
    window = m.r.choice([m.tumbling(), m.sliding()])
    return m.plan([first, m.aggregate(window)])


def chain(m):
    first = m.aggregate(m.r.choice([m.tumbling(), m.sliding(), m.session()]), ["k"], {"n": AGGREGATES["sumLong"], "v": AGGREGATES["sum"]})
    window = m.r.choice([m.tumbling(), m.sliding()])
    # In update mode Spark refuses a chain; here the first window speaks when it closes.
    return m.plan([first, m.aggregate(window, m.r.choice([[], ["k"]]), m.aggs("knv"))], "append")


def chain_dedup(m):
    first = m.aggregate(m.r.choice([m.tumbling(), m.sliding()]), ["k"], {"n": AGGREGATES["sumLong"]})
    return m.plan([first, {"op": "dedup", "columns": m.r.choice([["window", "k"], ["window", "k", "n"]])}], "append")


def interval_join(m):
    return m.plan([m.join(range=m.range())], "append", ("a", "b"))


def time_join(m):
    return m.plan([m.join(equalTimes=True)], "append", ("a", "b"))


def window_join(m):
    window = m.tumbling() if m.maybe(0.6) else m.sliding()
    aggs = {"n": AGGREGATES["sumLong"]}
    before = [m.aggregate(window, ["k"], aggs), m.aggregate(window, ["k"], aggs)]
    return m.plan([m.join(windows=before)], "append", ("a", "b"))


def join_window(m):
    window = m.r.choice([m.tumbling(), m.sliding()])
    join = m.join(range=m.range())
    return m.plan([join, m.aggregate(window)], "append", ("a", "b"))


KINDS = {
    f.__name__: f
    for f in [tumbling, sliding, session, running, by_time, dedup, dedup_within, dedup_window]
    + [chain, chain_dedup, interval_join, interval_join, time_join, window_join, join_window]
}

AGGREGATES = {
    "count": {"fn": "count"},
    "countOf": {"fn": "count", "column": "v"},
    "sum": {"fn": "sum", "column": "v"},
    "sumLong": {"fn": "sum", "column": "n"},
    "avg": {"fn": "avg", "column": "v"},
    "min": {"fn": "min", "column": "v"},
    "max": {"fn": "max", "column": "v"},
    "minText": {"fn": "min", "column": "k"},
    "maxText": {"fn": "max", "column": "k"},
    "stddev": {"fn": "stddev", "column": "v"},
    "stddevPop": {"fn": "stddevPop", "column": "v"},
    "variance": {"fn": "variance", "column": "n"},
    "variancePop": {"fn": "variancePop", "column": "v"},
    "corr": {"fn": "corr", "x": "n", "y": "v"},
    "covarPop": {"fn": "covarPop", "x": "n", "y": "v"},
    "covarSamp": {"fn": "covarSamp", "x": "n", "y": "v"},
    "slope": {"fn": "slope", "x": "n", "y": "v"},
    "intercept": {"fn": "intercept", "x": "n", "y": "v"},
    "r2": {"fn": "r2", "x": "n", "y": "v"},
    "first": {"fn": "first", "column": "v"},
    "last": {"fn": "last", "column": "n"},
    "collectList": {"fn": "collectList", "column": "n"},
    "collectSet": {"fn": "collectSet", "column": "n"},
    "countDistinct": {"fn": "countDistinct", "column": "k"},
    "approxCountDistinct": {"fn": "approxCountDistinct", "column": "n"},
    "maxBy": {"fn": "maxBy", "column": "n", "by": "u"},
    "minBy": {"fn": "minBy", "column": "k", "by": "u"},
    "mode": {"fn": "mode", "column": "k"},
    "median": {"fn": "median", "column": "v"},
    "percentile": {"fn": "percentile", "column": "v", "p": 0.3},
    "percentileApprox": {"fn": "percentileApprox", "column": "v", "p": 0.5},
    "countIf": {"fn": "countIf", "column": "n", "above": 3},
}


def main(seed, count, *kinds):
    kinds = kinds or list(KINDS)
    for i in range(int(count)):
        kind = kinds[i % len(kinds)]
        plan = KINDS[kind](Maker(f"{seed}-{kind}-{i}"))
        print(json.dumps({"name": f"{kind} {seed}.{i}", **plan}))


if __name__ == "__main__":
    main(*sys.argv[1:])
