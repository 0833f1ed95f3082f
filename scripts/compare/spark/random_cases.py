"""Random cases of the conformance format, nothing expected yet: python random_cases.py SEED COUNT [KIND ...] > asked.json"""

import json
import sys

import random_chains
import random_commands
from case_maker import EVENTS, Maker, named


JOINED = {"left": named("l"), "right": named("r")}


def sides(m):
    return [m.watermark("lt", **{"in": "left", "id": "l"}), m.watermark("rt", **{"in": "right", "id": "r"})]


def keys(m):
    return m.pick([["lk", "rk"]], [["lk", "rk"]], [["lk", "rk"], ["lv", "rv"]], [["lv", "rv"]])


def range_op(m, type_=None):
    type_ = type_ or m.type()
    return {"op": "join", "id": "join", "left": "l", "right": "r", "type": type_, "on": keys(m), **m.range(type_), **m.where(type_)}


def range_join(m):
    return m.case(JOINED, [*sides(m), range_op(m)])


def windowed(window, p, **how):
    """A stateful operator of Spark takes one event-time column."""
    columns = [p + "k", p + "w", p + "v"]
    return [{**window, "column": p + "t", "as": p + "w", **how}, {"op": "select", "columns": columns, "id": p}]


def window_join(m):
    window = m.window("lt", "lw")
    l, r = m.watermark("lt", **{"in": "left"}), m.watermark("rt", **{"in": "right"})
    type_ = m.type()
    op = {"op": "join", "id": "join", "left": "l", "right": "r", "type": type_, "on": [*keys(m), ["lw", "rw"]], **m.where(type_)}
    return m.case(JOINED, [l, *windowed(window, "l"), r, *windowed(window, "r"), op])


def time_join(m):
    type_ = m.type()
    op = {"op": "join", "id": "join", "left": "l", "right": "r", "type": type_, "on": [["lk", "rk"], ["lt", "rt"]], **m.where(type_)}
    return m.case(JOINED, [*sides(m), op])


def free_join(m):
    """Nothing is ever forgotten."""
    op = {"op": "join", "id": "join", "left": "left", "right": "right", "type": "inner", "on": keys(m)}
    return m.case(JOINED, [op])


def join_agg(m):
    type_ = m.pick("inner", "left_outer", "right_outer", "left_semi")
    join = range_op(m, type_)
    column = "rt" if type_ == "right_outer" else "lt"
    if not all(e in join["timeRange"] for e in ("minMs", "maxMs")):
        column = "lt" if "minMs" in join["timeRange"] else "rt"
        if type_ == "left_semi" or (type_ == "left_outer" and column == "rt") or (type_ == "right_outer" and column == "lt"):
            column = "lt" if type_ != "right_outer" else "rt"
    key = column[0] + "k"
    return m.case(JOINED, [*sides(m), join, m.window(column), m.aggregate(m.pick(["w"], ["w", key]), column=column[0] + "v")])


def join_join(m):
    first, second = m.pick("inner", "left_outer", "left_semi"), m.pick("inner", "left_outer", "left_semi")
    streams = {**JOINED, "other": named("o")}
    window = m.window("lt", "lw")
    parts = []
    for s, p in [("left", "l"), ("right", "r"), ("other", "o")]:
        parts += [m.watermark(p + "t", **{"in": s}), *windowed(window, p)]
    a = {"op": "join", "id": "j1", "left": "l", "right": "r", "type": first, "on": [["lk", "rk"], ["lw", "rw"]]}
    columns = {"op": "select", "columns": ["lk", "lw", "lv"] if first == "left_semi" else ["lk", "lw", "lv", "rv"], "id": "both"}
    b = {"op": "join", "id": "j2", "left": "both", "right": "o", "type": second, "on": [["lk", "ok"], ["lw", "ow"]]}
    return m.case(streams, [*parts, a, columns, b])


def agg_join(m):
    window = m.window("lt", "lw")
    l = [m.watermark("lt", **{"in": "left"}), window, {**m.aggregate(["lk", "lw"], "l", column="lv", prefix="l"), "id": "l"}]
    r = [m.watermark("rt", **{"in": "right"}), {**window, "column": "rt", "as": "rw"}, {**m.aggregate(["rk", "rw"], "r", column="rv", prefix="r"), "id": "r"}]
    op = {"op": "join", "id": "join", "left": "l", "right": "r", "type": m.type(), "on": [["lk", "rk"], ["lw", "rw"]]}
    return m.case(JOINED, [*l, *r, op])


def join_dedup(m):
    join = {"op": "join", "id": "join", "left": "l", "right": "r", "type": m.pick("inner", "left_semi"), "on": [["lk", "rk"], ["lt", "rt"]]}
    return m.case(JOINED, [*sides(m), join, {"op": "select", "columns": ["lk", "lt", "lv"]}, {"op": "dropDuplicates", "id": "d", "columns": m.pick(["lk", "lt"], ["lt"])}])


def union(m):
    m.null_keys = m.r.random() < 0.4
    streams = {"x": EVENTS, "y": EVENTS}
    head = [m.watermark(**{"in": "x", "id": "wx"}), m.watermark(**{"in": "y", "id": "wy"}), {"op": "union", "inputs": ["wx", "wy"]}]
    tail = m.pick(
        [m.window(), m.aggregate(["k", "w"])],
        [m.session(), m.aggregate(["k", "w"])],
        [{"op": "dropDuplicates", "id": "d", "columns": m.pick(["k", "t"], ["k", "v", "t"])}],
        [{"op": "dropDuplicatesWithinWatermark", "id": "d", "columns": m.pick(["k"], ["k", "v"])}],
        [m.aggregate(["k", "t"])],
    )
    update = tail[0]["op"] == "window" and m.r.random() < 0.4
    return m.case(streams, [*head, *tail], "update" if update else "append")


def half_watermark(m):
    """Windows are joined, and one side alone has a watermark."""
    window = m.window("lt", "lw")
    l = [m.watermark("lt", **{"in": "left"}), *windowed(window, "l")]
    r = windowed(window, "r", **{"in": "right"})
    op = {"op": "join", "id": "join", "left": "l", "right": "r", "type": "inner", "on": [*keys(m), ["lw", "rw"]]}
    return m.case(JOINED, [*l, *r, op])


def static(m):
    table = {"columns": [["sk", "string"], ["sv", "long"]], "rows": [["a", 1], ["a", 2], ["b", 3], ["d", 4]]}
    join = {"op": "joinStatic", "table": "s", "type": m.pick("inner", "left_outer"), "on": [["k", "sk"]]}
    window = [m.window(), m.aggregate(["k", "w"], column="sv")]
    mode = m.pick("append", "update", "complete")
    where = m.pick([m.watermark(), join, *window], [m.watermark(), window[0], join, window[1]], [join, m.watermark(), *window])
    if mode == "append" and m.r.random() < 0.3:
        where = [m.watermark(), join, {"op": "dropDuplicates", "id": "d", "columns": ["k", "t", "sv"]}]
    return m.case({"x": EVENTS}, where, mode, tables={"s": table})


def dedup(m):
    m.null_keys = True
    d = m.pick(
        {"op": "dropDuplicates", "columns": m.pick(["k", "v", "t"], ["t", "k"], ["k", "v"], ["v", "g", "k"])},
        {"op": "dropDuplicatesWithinWatermark", "columns": m.pick(["k", "v"], ["k", "g"], ["t", "k"], ["k"])},
        {"op": "dropDuplicates"},
        {"op": "dropDuplicatesWithinWatermark"},
    )
    tail = m.pick([], [], [m.session(), m.aggregate(["k", "w"])], [m.window(), m.aggregate(["k", "w"])])
    return m.case({"x": EVENTS}, [m.watermark(), {**d, "id": "d"}, *tail])


def dedups(m):
    a = {"op": "dropDuplicates", "id": "d1", "columns": ["k", "v", "t"]}
    b = {"op": m.pick("dropDuplicates", "dropDuplicatesWithinWatermark"), "id": "d2", "columns": m.pick(["k", "t"], ["t"])}
    return m.case({"x": EVENTS}, [m.watermark(), a, b])


def chain(m):
    m.null_keys = m.r.random() < 0.3
    first = m.pick(m.window(as_="w1"), m.session(as_="w1"))
    one = {"op": "aggregate", "id": "a1", "keys": ["k", "w1"], "aggs": {"c1": {"fn": "count"}, "s1": {"fn": "sum", "column": "v"}}}
    time = [{"op": "windowTime", "window": "w1", "as": "t1"}, {"op": "select", "columns": ["k", "t1", "c1", "s1"]}]
    second = m.pick(
        [m.window("t1", "w2"), {"op": "aggregate", "id": "a2", "keys": m.pick(["w2"], ["k", "w2"]), "aggs": {"c2": {"fn": "count"}, "s2": {"fn": "sum", "column": "c1"}}}],
        [{"op": "sessionWindow", "column": "t1", "gapMs": m.pick(1000, 5000, 10000), "as": "w2"}, {"op": "aggregate", "id": "a2", "keys": ["k", "w2"], "aggs": {"c2": {"fn": "count"}}}],
        [{"op": "dropDuplicates", "id": "a2", "columns": m.pick(["c1", "t1"], ["k", "t1"], ["t1"])}],
        [{"op": "dropDuplicatesWithinWatermark", "id": "a2", "columns": m.pick(["c1"], ["k", "c1"])}],
    )
    return m.case({"x": EVENTS}, [m.watermark(), first, one, *time, *second])


def windows(m):
    m.null_keys, m.null_times = True, m.r.random() < 0.3
    aggs = m.aggs()
    mode = m.pick("append", "update", "complete")
    if mode != "complete" and m.r.random() < 0.3:
        return m.case({"x": EVENTS}, [m.watermark(), m.session(), {**m.aggregate(["k", "w"]), "aggs": aggs}], "append")
    tail = [{"op": "sort", "by": [["n", "desc"], ["k", "asc"], ["w.start", "asc"]]}] if mode == "complete" and "slideMs" not in aggs else []
    keys_ = m.pick(["w"], ["k", "w"], ["k", "v", "w"]) if not tail else ["k", "w"]
    return m.case({"x": EVENTS}, [m.watermark(), m.window(), {"op": "aggregate", "id": "agg", "keys": keys_, "aggs": aggs}, *(tail if m.r.random() < 0.3 and keys_ == ["k", "w"] else [])], mode)


def groups(m):
    fn = m.pick("countRemoveAt3", "countRemoveAt3Emit", "countRemoveAt3PerRow", "countAll", "maxEventTimeTimeout5s", "maxEventTimeTimeout5s")
    mode = m.pick("append", "update")
    op = {"op": "flatMapGroupsWithState", "id": "state", "keys": ["k"], "fn": fn, "timeout": "eventTime" if fn.startswith("max") else "none"}
    head = [m.watermark()] if fn.startswith("max") or m.r.random() < 0.5 else []
    return m.case({"x": EVENTS}, [*head, op], mode)


def tws(m):
    fn = m.pick("twsCountClearAt3", "twsMaxEventTime5s", "twsMaxEventTime5s")
    op = {"op": "transformWithState", "id": "state", "keys": ["k"], "fn": fn, "timeMode": "eventTime" if fn.startswith("twsMax") else "none"}
    head = [m.watermark()] if fn.startswith("twsMax") else []  # as in clocked_tws
    return m.case({"x": EVENTS}, [*head, op], m.pick("append", "update"))


def dedup_groups(m):
    head = [m.watermark(), {"op": "dropDuplicates", "id": "d", "columns": ["k", "t"]}]
    op = {"op": "flatMapGroupsWithState", "id": "state", "keys": ["k"], "fn": "maxEventTimeTimeout5s", "timeout": "eventTime"}
    return m.case({"x": EVENTS}, [*head, op])


NAMES = "range_join window_join time_join free_join join_agg join_join agg_join join_dedup union half_watermark static dedup dedups chain windows groups tws dedup_groups"
KINDS = {**{name: globals()[name] for name in NAMES.split()}, **random_chains.KINDS, **random_commands.KINDS}


def main(seed, count, *kinds):
    kinds = kinds or list(KINDS)
    cases = []
    for i in range(int(count)):
        kind = kinds[i % len(kinds)]
        name = f"{kind} {seed}.{i}"
        cases.append({"name": name, "sparkTest": "none", "status": "derived", "note": "random", **KINDS[kind](Maker(f"{seed}-{kind}-{i}"))})
    print(json.dumps({"format": 1, "suite": f"random {seed}", "origin": "Spark 4.0.0", "commitRead": "none", "cases": cases}))


if __name__ == "__main__":
    main(*sys.argv[1:])
