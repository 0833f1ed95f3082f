"""Parts of random cases."""

import random

S = 1000
EVENTS = [["k", "string"], ["t", "timestamp"], ["v", "long"], ["g", "long"]]


def named(prefix):
    return [[prefix + name, type_] for name, type_ in EVENTS]


class Maker:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.null_keys = False
        self.null_times = False
        self.style = None

    def pick(self, *of):
        return self.r.choice(of)

    def row(self, now):
        t = now + S * self.r.randrange(-9, 6) + self.pick(0, 0, 0, 500, 999)
        k = None if self.null_keys and self.r.random() < 0.2 else self.r.choice("aabbc")
        v = None if self.null_keys and self.r.random() < 0.2 else self.r.randrange(0, 6)
        if self.null_times and self.r.random() < 0.1:
            t = None
        return [k, t, v, self.pick(None, 0, -1000, 1000, 2000, 3000)]

    def rows(self, now):
        return [self.row(now) for _ in range(self.pick(0, 1, 2, 4, 8))]

    def conf(self, streams):
        conf = {}
        if self.r.random() < 0.15:
            conf["noDataBatches"] = False
        if len(streams) > 1 and self.r.random() < 0.3:
            conf["watermarkPolicy"] = "max"
        if self.r.random() < 0.1:
            conf["minBatchesToRetain"] = self.pick(1, 2, 3)
        return {"conf": conf} if conf else {}

    def restart(self, i, last):
        how = {}
        if i > 1 and last in ({"run": True}, {"runAvailableNow": True}) and self.r.random() < 0.3:
            how["loseLastCommit"] = True
        if self.r.random() < 0.2:
            how["clearSink"] = True
        if self.r.random() < 0.2:
            how["advanceClockMs"] = self.pick(1000, 12000)
        if self.r.random() < 0.1:
            how["conf"] = self.pick({"noDataBatches": False}, {"noDataBatches": True}, {"watermarkPolicy": "max"}, {"watermarkPolicy": "min"})
        return how

    def steps(self, streams):
        now, steps = self.pick(0, 2, 20, 20, 60, 1_600_000_000) * S, []
        style = self.style or self.pick("run", "run", "run", "mixed", "once", "available", "tick")
        ticks = style == "tick"
        for i in range(self.r.randrange(3, 6) + 3 * ticks):
            now += S * self.pick(0, 3, 6, 10, 15)
            add = {s: self.rows(now) for s in streams}
            add = {s: rows for s, rows in add.items() if rows}
            if add and (not ticks or self.r.random() < 0.6):
                steps.append({"add": add})
            how = {"once": "runOnce", "available": "runAvailableNow", "run": "run"}.get(style)
            if ticks:
                steps.append({"tick": self.pick(1, 1000, 1000, 2500, 5000, 5001, 10000)})
            else:
                steps.append({how or self.pick("run", "run", "runOnce", "runAvailableNow"): True})
            if style in ("run", "mixed", "tick") and self.r.random() < 0.2:
                steps.append({"restart": self.restart(i, steps[-1])})
        return steps

    def case(self, streams, query, mode="append", **more):
        described = {s: {"columns": columns} for s, columns in streams.items()}
        return {"outputMode": mode, "streams": described, **self.conf(streams), **more, "query": query, "steps": self.steps(streams)}

    # Parts

    def delay(self):
        return S * self.pick(0, 1, 5, 5, 10)

    def watermark(self, column="t", **how):
        return {"op": "withWatermark", "column": column, "delayMs": self.delay(), **how}

    def window(self, column="t", as_="w"):
        size = self.pick(4, 5, 7, 10)
        op = {"op": "window", "column": column, "sizeMs": size * S, "as": as_}
        if self.r.random() < 0.4:
            op["slideMs"] = S * self.r.randrange(1, size)
        if self.r.random() < 0.3:
            op["offsetMs"] = self.pick(-500, 500, 999)
        return op

    def session(self, column="t", as_="w"):
        gap = {"gapColumn": "g"} if self.r.random() < 0.3 else {"gapMs": self.pick(1000, 2000, 5000)}
        return {"op": "sessionWindow", "column": column, "as": as_, **gap}

    def aggs(self, column="v", prefix=""):
        fns = {"n": {"fn": "count"}, "s": {"fn": "sum", "column": column}, "c": {"fn": "count", "column": column}}
        return {prefix + name: agg for name, agg in fns.items() if name == "n" or self.r.random() < 0.6}

    def aggregate(self, keys, id_="agg", **how):
        return {"op": "aggregate", "id": id_, "keys": keys, "aggs": self.aggs(**how)}

    def where(self, type_):
        """
        Of sides whose rows are results on their own: Spark moves the conditions on others below the watermark. A lower bound
        of any number it takes for one of time, and keeps rows for ever.
        """
        sides = {"left": ["lv", "!=", 2], "right": ["rv", "!=", 3]}
        told = {"left_outer": ["left"], "right_outer": ["right"], "full_outer": ["left", "right"]}.get(type_, [])
        where = {s: sides[s] for s in told if self.r.random() < 0.6}
        return {"where": where} if where else {}

    def range(self, type_):
        low = self.pick(-8, -3, 0, 2)
        ends = {"minMs": low * S, "maxMs": (low + self.pick(0, 2, 6)) * S}
        if low * S == ends["maxMs"]:
            ends["maxMs"] += 500
        if self.r.random() < 0.25 and type_ != "full_outer":
            # the bound that tells left rows is the lower one, of right rows the upper one
            left_out = {"inner": self.pick("minMs", "maxMs"), "right_outer": "minMs"}.get(type_, "maxMs")
            del ends[left_out]
        for end, name in [("minMs", "minInclusive"), ("maxMs", "maxInclusive")]:
            if end in ends and self.r.random() < 0.3:
                ends[name] = False
        return {"timeRange": {"left": "lt", "right": "rt", **ends}}

    def type(self):
        return self.pick("inner", "left_outer", "right_outer", "full_outer", "left_semi")
