"""Queries of the conformance format as queries of Spark."""

from answers import DataFrame, F
from functions import group_function, processor

TYPES = {"long": "long", "string": "string", "timestamp": "long"}


class Node:
    """A frame, and the ids of the stateful operators in it: the last one first, left before right."""

    def __init__(self, frame, ids=(), session=None):
        self.frame, self.ids, self.session = frame, list(ids), session


class Build:
    def __init__(self, spark, case, source):
        self.spark, self.case = spark, case
        self.named = {s: Node(source.frame(s)) for s in case["streams"]}
        for t, table in case.get("tables", {}).items():
            schema = ", ".join(f"{n} {TYPES[ty]}" for n, ty in table["columns"])
            frame = spark.createDataFrame([tuple(r) for r in table["rows"]], schema)
            times = {n for n, ty in table["columns"] if ty == "timestamp"}
            self.named[t] = Node(frame.select(*[F.timestamp_millis(c).alias(c) if c in times else c for c in frame.columns]))

    def built(self, query):
        node = self.named[next(iter(self.case["streams"]))]
        for i, op in enumerate(query):
            given = self.named[op["in"]] if "in" in op else node
            node = getattr(self, op["op"])(op, given)
            if "id" in op:
                self.named[op["id"]] = node
        return node

    def withWatermark(self, op, n):
        return Node(n.frame.withWatermark(op["column"], f"{op['delayMs']} milliseconds"), n.ids)

    def select(self, op, n):
        pairs = [(c, c) if isinstance(c, str) else c for c in op["columns"]]
        return Node(n.frame.select(*[F.col(c).alias(name) for c, name in pairs]), n.ids)

    def filter(self, op, n):
        # What is not deterministic is not moved below a watermark.
        kept = F.coalesce(predicate(op["where"], n.frame), F.lit(False))
        return Node(n.frame.where(kept == (F.rand() >= 1e-12)), n.ids)

    def compute(self, op, n):
        return Node(n.frame.withColumn(op["as"], expression(op["expr"])), n.ids)

    def window(self, op, n):
        milliseconds = "{} milliseconds".format
        slide = op.get("slideMs", op["sizeMs"])
        offset = milliseconds(op.get("offsetMs", 0))
        window = F.window(op["column"], milliseconds(op["sizeMs"]), milliseconds(slide), offset)
        return Node(n.frame.withColumn(op["as"], window), n.ids)

    def windowTime(self, op, n):
        return Node(n.frame.withColumn(op["as"], F.window_time(op["window"])), n.ids)

    def sessionWindow(self, op, n):
        gap = op.get("gapMs")
        gap = f"{gap} milliseconds" if gap else F.concat(F.col(op["gapColumn"]).cast("string"), F.lit(" milliseconds"))
        return Node(n.frame, n.ids, (op["as"], F.session_window(op["column"], gap).alias(op["as"])))

    def aggregate(self, op, n):
        as_, window = n.session or (None, None)
        keys = [window if key == as_ else F.col(key) for key in op["keys"]]
        aggs = [AGGREGATES[a["fn"]](a.get("column")).alias(name) for name, a in op["aggs"].items()]
        return Node(n.frame.groupBy(*keys).agg(*aggs), [op["id"], *n.ids])

    def dropDuplicates(self, op, n):
        return Node(n.frame.dropDuplicates(op.get("columns")), [op["id"], *n.ids])

    def dropDuplicatesWithinWatermark(self, op, n):
        return Node(n.frame.dropDuplicatesWithinWatermark(op.get("columns")), [op["id"], *n.ids])

    def join(self, op, _):
        left, right = self.named[op["left"]], self.named[op["right"]]
        condition = None
        for l, r in op["on"]:
            equal = left.frame[l] == right.frame[r]
            condition = equal if condition is None else condition & equal
        if "timeRange" in op:
            condition = condition & within(op["timeRange"])
        for side, frame in [("left", left.frame), ("right", right.frame)]:
            if side in op.get("where", {}):
                condition = condition & predicate(op["where"][side], frame)
        return Node(left.frame.join(right.frame, condition, op["type"]), [op["id"], *left.ids, *right.ids])

    def joinStatic(self, op, n):
        table = self.named[op["table"]].frame
        condition = [n.frame[a] == table[b] for a, b in op["on"]]
        return Node(n.frame.join(table, condition, op["type"]), n.ids)

    def union(self, op, _):
        first, *others = [self.named[name] for name in op["inputs"]]
        frame = first.frame
        for other in others:
            frame = frame.union(other.frame)
        return Node(frame, [*first.ids, *(i for other in others for i in other.ids)])

    def limit(self, op, n):
        is_table = self.case["outputMode"] == "complete"  # which is limited anew each time
        return Node(n.frame.limit(op["n"]), n.ids if is_table else [op["id"], *n.ids])

    def sort(self, op, n):
        return Node(n.frame.orderBy(*[getattr(F.col(c), how)() for c, how in op["by"]]), n.ids)

    def flatMapGroupsWithState(self, op, n):
        (key,) = op["keys"]
        how = {"none": "NoTimeout", "processingTime": "ProcessingTimeTimeout", "eventTime": "EventTimeTimeout"}
        schema = f"key {dict(n.frame.dtypes)[key]}, n long"
        times = [name for name, type_ in n.frame.dtypes if type_ == "timestamp"]
        fn = group_function(op["fn"], times[0] if times else None)
        mode = "update" if self.case["outputMode"] == "update" else "append"
        frame = n.frame.groupBy(key).applyInPandasWithState(fn, schema, "n long", mode, how[op["timeout"]])
        return Node(frame, [op["id"], *n.ids])

    mapGroupsWithState = flatMapGroupsWithState

    def transformWithState(self, op, n):
        (key,) = op["keys"]
        schema = f"key {dict(n.frame.dtypes)[key]}, n long"
        times = [name for name, type_ in n.frame.dtypes if type_ == "timestamp"]
        how = {"none": "None", "processingTime": "ProcessingTime", "eventTime": "EventTime"}[op["timeMode"]]
        if op["fn"] == "twsCommands":
            return Node(self.commanded(op, n.frame, how), [op["id"], *n.ids])
        made = processor(op["fn"], key, times[0] if times else None)
        mode = "Update" if self.case["outputMode"] == "update" else "Append"
        frame = n.frame.groupBy(key).transformWithStateInPandas(made, schema, mode, how)
        return Node(frame, [op["id"], *n.ids])

    def commanded(self, op, frame, how):
        jvm = self.spark._jvm
        streaming = jvm.org.apache.spark.sql.streaming
        mode = streaming.OutputMode.Update() if self.case["outputMode"] == "update" else streaming.OutputMode.Append()
        initial = op.get("initialState")
        initial = initial and self.spark.createDataFrame([tuple(pair) for pair in initial], "key string, c string")._jdf
        time_mode = getattr(streaming.TimeMode, how)()
        return DataFrame(jvm.Commands.over(frame._jdf, op["keys"][0], "t", time_mode, mode, op.get("ttlMs"), initial), self.spark)


AGGREGATES = {
    "count": lambda c: F.count(c) if c else F.count("*"),
    "sum": F.sum,
    "last": F.last,
    "sumDistinct": F.sum_distinct,
    "countDistinct": lambda c: F.count_distinct(F.col(c)),
}


def predicate(where, frame):
    if isinstance(where, dict):
        ((kind, body),) = where.items()
        if kind == "mod":
            return F.col(body[0]) % body[1] == body[2]
        parts = [predicate(p, frame) for p in body]
        made = parts[0]
        for part in parts[1:]:
            made = made & part if kind == "and" else made | part
        return made
    column, sign, literal = where
    mine = F.col(column)
    if isinstance(literal, dict) and "batchTimeMs" in literal:
        mine, literal = F.unix_millis(mine), F.unix_millis(F.current_timestamp()) + literal["batchTimeMs"]
        other = literal
    else:
        other = F.col(literal["column"]) if isinstance(literal, dict) else F.lit(literal)
    if not hasattr(literal, "_jc") and dict(frame.dtypes).get(column) == "timestamp" and not isinstance(literal, dict):
        other = F.timestamp_millis(other.cast("long"))
    signs = {"<": mine < other, "<=": mine <= other, ">": mine > other, ">=": mine >= other, "=": mine == other}
    return signs[sign] if sign in signs else mine != other


def expression(expr):
    if not isinstance(expr, list):
        return F.col(expr) if isinstance(expr, str) else F.lit(expr)
    sign, a, b = expr
    a, b = expression(a), expression(b)
    return a + b if sign == "+" else F.floor(a / b)


def within(range_):
    """min <= left - right <= max"""
    left, right = F.col(range_["left"]), range_["right"]
    made = None
    for end, inclusive, above in [("minMs", "minInclusive", True), ("maxMs", "maxInclusive", False)]:
        if end not in range_:
            continue
        bound = F.expr(f"{right} + interval {range_[end]} milliseconds")
        closed = range_.get(inclusive, True)
        part = (left >= bound if closed else left > bound) if above else (left <= bound if closed else left < bound)
        made = part if made is None else made & part
    return made


# Operators of Spark that have state.
WRITERS = {
    "StateStoreSaveExec",
    "SessionWindowStateStoreSaveExec",
    "StreamingDeduplicateExec",
    "StreamingDeduplicateWithinWatermarkExec",
    "StreamingSymmetricHashJoinExec",
    "StreamingGlobalLimitExec",
    "FlatMapGroupsWithStateExec",
    "FlatMapGroupsInPandasWithStateExec",
    "TransformWithStateExec",
    "TransformWithStateInPandasExec",
}
