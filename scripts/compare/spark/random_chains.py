"""Kinds of random cases with several stateful operators, with clocks, and with everything that a restart may change."""

from case_maker import EVENTS, S, named

JOINED = {"left": named("l"), "right": named("r")}
INPUT = {"x": EVENTS}
FNS = ["countRemoveAt3", "countRemoveAt3Emit", "countRemoveAt3PerRow", "countAll"]


def clocked(m):
    """State of keys by the clock, or by event time while the clock moves."""
    fn = m.pick("countTimeout10s", "countTimeout10s", "countTimeout10s", "countAll", "maxEventTimeTimeout5s")
    timeout = {"countTimeout10s": "processingTime", "maxEventTimeTimeout5s": "eventTime"}.get(fn, m.pick("none", "processingTime"))
    m.null_keys = m.r.random() < 0.3
    m.style = "tick"
    op = {"op": m.pick("mapGroupsWithState", "flatMapGroupsWithState"), "id": "state", "keys": ["k"], "fn": fn, "timeout": timeout}
    head = [m.watermark()] if timeout == "eventTime" or m.r.random() < 0.4 else []
    mode = "update" if op["op"] == "mapGroupsWithState" else m.pick("append", "update")
    return m.case(INPUT, [*head, op], mode)


def clocked_tws(m):
    """Without a watermark: Spark 4.0 keeps late rows where time is not event time (D-041)."""
    fn = m.pick("twsCountProcTimer5s", "twsCountTimerUpdate", "twsThreeTimers")
    m.style = "tick"
    m.null_keys = m.r.random() < 0.3
    op = {"op": "transformWithState", "id": "state", "keys": ["k"], "fn": fn, "timeMode": "processingTime"}
    return m.case(INPUT, [op], m.pick("append", "update"))


def event_tws(m):
    m.style = m.pick(None, "tick")
    fn, time_mode = m.pick(("twsMaxEventTime5s", "eventTime"), ("twsCountClearAt3", "eventTime"))
    m.null_keys = m.r.random() < 0.3
    op = {"op": "transformWithState", "id": "state", "keys": ["k"], "fn": fn, "timeMode": time_mode}
    before = m.pick([], [], [{"op": "dropDuplicates", "id": "d", "columns": m.pick(["k", "t"], ["t"])}], [dedup_within(m)])
    return m.case(INPUT, [m.watermark(), *before, op], m.pick("append", "update") if not before else "append")


def tws_of_two(m):
    op = {"op": "transformWithState", "id": "state", "keys": ["k"], "fn": "twsMaxEventTime5s", "timeMode": "eventTime"}
    return m.case({"x": EVENTS, "y": EVENTS}, [*both(m), op], m.pick("append", "update"))


def groups_complete(m):
    op = {"op": "flatMapGroupsWithState", "id": "state", "keys": ["k"], "fn": m.pick(*FNS), "timeout": "none"}
    agg = {"op": "aggregate", "id": "agg", "keys": m.pick(["n"], ["key"], []), "aggs": {"c": {"fn": "count"}, "s": {"fn": "sum", "column": "n"}}}
    return m.case(INPUT, [op, agg], "complete")


def both(m, **how):
    heads = [m.watermark(**{"in": "x", "id": "wx"}), m.watermark(**{"in": "y", "id": "wy"})]
    return [*heads, {"op": "union", "inputs": ["wx", "wy"], **how}]


def dedup_within(m):
    return {"op": "dropDuplicatesWithinWatermark", "id": "within", "columns": m.pick(["k"], ["k", "v"], ["v"])}


def tail(m, i, time="t", of=("k", "v")):
    """
    Operators with state behind rows with `time`: the operators, and the columns behind them. Sessions come first: those over
    times of windows end in parts of a ms in Spark.
    """
    k, v = of
    w, t = f"w{i}", f"t{i}"
    # Which row of a batch is the first is not said, but of the rows that come in.
    first = ["session", "dedup", "within", "raw", "limit"] if i == 0 else []
    kind = m.pick("window", "window", "whole", *first)
    if kind in ("window", "session"):
        head = m.window(time, w) if kind == "window" else {"op": "sessionWindow", "column": time, "gapMs": m.pick(1000, 2000, 5000), "as": w}
        agg = {"op": "aggregate", "id": f"a{i}", "keys": [k, w], "aggs": {f"c{i}": {"fn": "count"}, f"s{i}": {"fn": "sum", "column": v}}}
        c = m.pick(f"c{i}", f"s{i}")
        return [head, agg, {"op": "windowTime", "window": w, "as": t}, {"op": "select", "columns": [k, t, c]}], t, (k, c)
    if kind == "whole":
        return [{"op": "dropDuplicates", "id": f"d{i}", "columns": [k, v, time]}], time, of
    if kind == "dedup":
        return [{"op": "dropDuplicates", "id": f"d{i}", "columns": m.pick([k, time], [k, v, time], [time])}], time, of
    if kind == "within":
        return [{"op": "dropDuplicatesWithinWatermark", "id": f"d{i}", "columns": m.pick([k], [k, v], [v])}], time, of
    if kind == "raw":
        return [{"op": "aggregate", "id": f"a{i}", "keys": [k, time], "aggs": {f"c{i}": {"fn": "count"}}}], time, (k, f"c{i}")
    return [{"op": "limit", "id": f"l{i}", "n": m.pick(3, 8, 20)}], time, of


def plan(m):
    """Two or three of them in a row, over one input or two."""
    m.null_keys = m.r.random() < 0.2
    streams = m.pick(INPUT, INPUT, {"x": EVENTS, "y": EVENTS})
    ops = [m.watermark()] if len(streams) == 1 else both(m)
    ops.append({"op": "select", "columns": ["k", "t", "v"]})
    time, of = "t", ("k", "v")
    for i in range(m.pick(2, 2, 3)):
        more, time, of = tail(m, i, time, of)
        ops += more
    return m.case(streams, ops)


def cut(rows, p):
    return {"op": "select", "columns": [[c, p + n] for c, n in rows], "id": p}


def plans_joined(m):
    """What two chains of operators give is joined by windows or times."""
    size = m.window("t", "w")
    sides_ = []
    for s, p in [("x", "l"), ("y", "r")]:
        head = [m.watermark(**{"in": s})]
        head += m.pick([], [{"op": "dropDuplicates", "id": f"d{p}", "columns": ["k", "t"]}], [{**dedup_within(m), "id": f"d{p}"}])
        agg = {"op": "aggregate", "id": f"a{p}", "keys": ["k", "w"], "aggs": {"n": {"fn": "count"}}}
        sides_ += [*head, size, agg, cut([("k", "k"), ("w", "w"), ("n", "n")], p)]
    type_ = m.type()
    join = {"op": "join", "id": "join", "left": "l", "right": "r", "type": type_, "on": [["lk", "rk"], ["lw", "rw"]]}
    return m.case({"x": EVENTS, "y": EVENTS}, [*sides_, join])


def window_join_agg(m):
    """Windows are joined, and the pairs counted by window, or by a wider one."""
    size = m.window("t", "w")
    ops = []
    for s, p in [("x", "l"), ("y", "r")]:
        ops += [m.watermark(**{"in": s}), size, cut([("k", "k"), ("w", "w"), ("v", "v")], p)]
    type_ = m.pick("inner", "left_outer", "right_outer", "left_semi")
    p = "r" if type_ == "right_outer" else "l"
    join = {"op": "join", "id": "join", "left": "l", "right": "r", "type": type_, "on": [["lk", "rk"], ["lw", "rw"]]}
    agg = {"op": "aggregate", "id": "agg", "keys": m.pick([p + "w"], [p + "k", p + "w"]), "aggs": {"c": {"fn": "count"}, "s": {"fn": "sum", "column": p + "v"}}}
    select = {"op": "select", "columns": [p + "k", p + "w", p + "v"]}
    return m.case({"x": EVENTS, "y": EVENTS}, [*ops, join, select, agg])


def self_join(m):
    """A stream meets itself."""
    head = [{**m.watermark(), "id": "wm"}, {"op": "select", "columns": [["k", "lk"], ["t", "lt"], ["v", "lv"]], "in": "wm", "id": "l"}]
    right = [{"op": "select", "columns": [["k", "rk"], ["t", "rt"], ["v", "rv"]], "in": "wm", "id": "r"}]
    type_ = m.type()
    op = {"op": "join", "id": "join", "left": "l", "right": "r", "type": type_, "on": [["lk", "rk"]], **m.range(type_)}
    return m.case(INPUT, [*head, *right, op])


def limits(m):
    m.null_keys = True
    n = m.pick(1, 3, 5, 12)
    limit = {"op": "limit", "id": "limit", "n": n}
    kind = m.pick("plain", "dedup", "agg", "complete", "two", "before")
    if kind == "plain":
        return m.case(INPUT, [limit])
    if kind == "dedup":
        return m.case(INPUT, [m.watermark(), {"op": "dropDuplicates", "id": "d", "columns": ["k", "t"]}, limit])
    if kind == "agg":
        return m.case(INPUT, [m.watermark(), m.window(), m.aggregate(["w"]), limit])
    if kind == "two":
        return m.case(INPUT, [{**limit, "id": "first"}, {"op": "filter", "where": ["v", ">", 1]}, {**limit, "n": 2}])
    if kind == "before":
        return m.case(INPUT, [m.watermark(), limit, m.window(), m.aggregate(["w"])])
    sort = {"op": "sort", "by": [["n", "desc"], ["k", "asc"]]}
    return m.case(INPUT, [{"op": "aggregate", "id": "agg", "keys": ["k"], "aggs": {"n": {"fn": "count"}}}, sort, {**limit, "n": m.pick(1, 2)}], "complete")


def shaped(m):
    """Filters, sums of columns, other names, conditions on results."""
    m.null_keys = m.null_times = True
    ts = m.pick(20, 60) * S
    column, sign = m.pick("v", "g", "v"), m.pick("<", "<=", ">", ">=", "=", "!=")
    where = m.pick(
        [column, sign, m.pick(0, 2, 3)],
        ["v", sign, {"column": "g"}],
        ["k", sign, m.pick("a", "b")],
        ["t", sign, ts],
        {"mod": ["v", 3, m.pick(0, 1, 2)]},
        {"mod": ["g", 3, m.pick(0, 1, -1)]},
        {"and": [["v", ">", 1], ["k", "!=", "a"]]},
        {"or": [["v", ">", 3], ["k", "=", "a"]]},
    )
    filter_ = {"op": "filter", "where": where}
    compute = {"op": "compute", "as": m.pick("v", "z"), "expr": m.pick(["+", "v", 1], ["div", "g", 7], ["div", "v", 2], ["+", "v", "g"], ["+", ["div", "v", 2], "g"])}
    names = {"op": "select", "columns": [["t", "time"], ["k", "name"], [compute["as"], "value"]]}
    parts = m.pick([filter_, m.watermark()], [m.watermark(), filter_])
    mode = m.pick("append", "update", "complete")
    window = m.window("time", "w")
    aggs = {"n": {"fn": "count"}, "s": {"fn": "sum", "column": "value"}}
    renamed = {"op": "select", "columns": [["w", "window"], "name", "n", "s", ["w.end", "until"]]}
    having = m.pick([], [{"op": "filter", "where": ["n", ">", 1]}], [renamed], [renamed, {"op": "filter", "where": ["until", ">", ts]}])
    agg = {"op": "aggregate", "id": "agg", "keys": ["name", "w"], "aggs": aggs}
    return m.case(INPUT, [*parts, compute, names, window, agg, *having], mode)


def updates(m):
    """Update mode behind and before others."""
    window = m.window()
    kind = m.pick("dedup", "within", "dedup-agg", "plain", "keyed")
    head = [m.watermark()]
    ops = {
        "dedup": [{"op": "dropDuplicates", "id": "d", "columns": ["k", "t"]}],
        "within": [dedup_within(m)],
        "dedup-agg": [{"op": "dropDuplicates", "id": "d", "columns": ["k", "t"]}, window, m.aggregate(["w"])],
        "plain": [{"op": "filter", "where": ["v", "!=", 2]}],
        "keyed": [m.aggregate(m.pick(["k"], ["k", "v"], ["t", "k"]))],
    }[kind]
    return m.case(INPUT, [*head, *ops], m.pick("update", "update", "complete") if kind in ("keyed", "dedup-agg") else "update")


NAMES = "clocked clocked_tws event_tws tws_of_two groups_complete plan plan plans_joined window_join_agg self_join limits shaped updates"
KINDS = {name: globals()[name] for name in NAMES.split()}
