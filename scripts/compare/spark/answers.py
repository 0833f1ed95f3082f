"""What Spark answers: python answers.py plans.json answers.json [SECONDS]. Needs pyspark 4.0 and Java 17."""

import json
import shutil
import sys
import tempfile
import time

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

COLUMNS = {"t": "long", "k": "string", "n": "long", "v": "double", "g": "long", "u": "double"}
JOINS = {"inner": "inner", "left": "left_outer", "right": "right_outer", "full": "full_outer", "leftSemi": "left_semi"}


def session(classes=None):
    """`classes`: a folder with classes of one's own."""
    builder = SparkSession.builder.master("local[1]")
    settings = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.host": "localhost",
        "spark.driver.extraJavaOptions": "-Duser.timezone=UTC -XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.ansi.enabled": "false",
        "spark.sql.codegen.wholeStage": "false",
        "spark.sql.codegen.factoryMode": "NO_CODEGEN",
        "spark.sql.streaming.numRecentProgressUpdates": "1000",
        "spark.python.authenticate.socketTimeout": "120s",
        "spark.python.daemon.module": "warm_daemon",
        "spark.sql.legacy.timeParserPolicy": "CORRECTED",
    }
    if classes is not None:
        settings["spark.driver.extraClassPath"] = classes
    for name, value in settings.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    spark.sparkContext.setLogLevel("OFF")
    return spark


class Source:
    """A MemoryStream of JSON texts. All streams of a plan are filtered out of one, so that a step is one batch."""

    def __init__(self, spark):
        self.spark = spark
        self.jvm = spark._jvm
        streaming = self.jvm.org.apache.spark.sql.execution.streaming
        encoder = self.jvm.org.apache.spark.sql.Encoders.STRING()
        self.stream = streaming.MemoryStream.apply(encoder, spark._jsparkSession.sqlContext())

    def add(self, step):
        texts = self.jvm.java.util.ArrayList()
        for s, rows in step.items():
            for row in rows:
                texts.add(json.dumps({"s": s, **dict(zip(COLUMNS, row))}))
        self.stream.addData(self.jvm.org.apache.spark.api.python.PythonUtils.toSeq(texts))

    def frame(self, s, delay, suffix):
        schema = ", ".join(f"{name} {type_}" for name, type_ in {"s": "string", **COLUMNS}.items())
        parsed = F.from_json("value", schema, {"allowNonNumericNumbers": "true"})
        frame = DataFrame(self.stream.toDF(), self.spark).select(parsed.alias("r")).select("r.*")
        frame = frame.where(F.col("s") == s).drop("s").withColumn("t", F.timestamp_millis("t"))
        frame = frame.toDF(*[name + suffix for name in COLUMNS])
        return frame if delay is None else frame.withWatermark("t" + suffix, f"{delay} milliseconds")


def built(plan, source):
    streams = zip(plan["streams"].items(), ["", "2"])
    frames = {s: source.frame(s, how["delay"], suffix) for (s, how), suffix in streams}
    frame, time_column = frames["a"], "t"
    for op in plan["query"]:
        frame, time_column = OPERATORS[op["op"]](frame, time_column, op, frames)
    return frame


def aggregate(frame, time_column, op, _frames, suffix=""):
    window = op.get("window")
    keys = [F.col(key + suffix) for key in op["keys"]]
    time_of = F.window_time(time_column) if time_column == "window" else F.col(time_column)
    if window:
        keys.append(window_of(time_of, window).alias("window" + suffix))
    columns = [function(agg, suffix).alias(name + suffix) for name, agg in op["aggs"].items()]
    return frame.groupBy(*keys).agg(*columns), "window" if window else time_column


def window_of(time_of, window):
    milliseconds = "{} milliseconds".format
    if "gapColumn" in window:
        gap = F.concat(F.col(window["gapColumn"]).cast("string"), F.lit(" milliseconds"))
        return F.session_window(time_of, gap)
    if "gap" in window:
        return F.session_window(time_of, milliseconds(window["gap"]))
    slide = window.get("slide", window["size"])
    return F.window(time_of, milliseconds(window["size"]), milliseconds(slide), milliseconds(window["offset"]))


def function(agg, suffix):
    column = F.col(agg["column"] + suffix) if "column" in agg else None
    fn = agg["fn"]
    if fn in TWO:
        return TWO[fn](F.col(agg["y"]), F.col(agg["x"]))
    return ONE[fn](column, agg)


ONE = {
    "count": lambda c, _: F.count("*") if c is None else F.count(c),
    "countIf": lambda c, a: F.count_if(c > a["above"]),
    "sum": lambda c, _: F.sum(c),
    "avg": lambda c, _: F.avg(c),
    "min": lambda c, _: F.min(c),
    "max": lambda c, _: F.max(c),
    "stddev": lambda c, _: F.stddev_samp(c),
    "stddevPop": lambda c, _: F.stddev_pop(c),
    "variance": lambda c, _: F.var_samp(c),
    "variancePop": lambda c, _: F.var_pop(c),
    "first": lambda c, _: F.first(c, ignorenulls=True),
    "last": lambda c, _: F.last(c, ignorenulls=True),
    "collectList": lambda c, _: F.collect_list(c),
    "collectSet": lambda c, _: F.collect_set(c),
    "countDistinct": lambda c, _: F.size(F.collect_set(c)),
    "approxCountDistinct": lambda c, _: F.approx_count_distinct(c),
    "maxBy": lambda c, a: F.max_by(c, F.col(a["by"])),
    "minBy": lambda c, a: F.min_by(c, F.col(a["by"])),
    "mode": lambda c, _: F.mode(c, True),
    "median": lambda c, _: F.median(c),
    "percentile": lambda c, a: F.percentile(c, a["p"]),
    "percentileApprox": lambda c, a: F.percentile_approx(c, a["p"]),
}
TWO = {
    "corr": F.corr,
    "covarPop": F.covar_pop,
    "covarSamp": F.covar_samp,
    "slope": F.regr_slope,
    "intercept": F.regr_intercept,
    "r2": F.regr_r2,
}


def dedup(frame, time_column, op, _frames):
    return frame.dropDuplicates(op["columns"]), time_column


def dedup_within(frame, time_column, op, _frames):
    return frame.dropDuplicatesWithinWatermark(op["columns"]), time_column


def join(frame, time_column, op, frames):
    left, right = frames["a"], frames["b"]
    condition = left["k"] == right["k2"]
    if "windows" in op:
        left, _ = aggregate(left, "t", op["windows"][0], frames)
        right, _ = aggregate(right, "t2", op["windows"][1], frames, "2")
        condition = (left["k"] == right["k2"]) & (left["window"] == right["window2"])
    if op.get("equalTimes"):
        condition = condition & (left["t"] == right["t2"])
    if "range" in op:
        condition = condition & within(op["range"])
    return left.join(right, condition, JOINS[op["type"]]), time_column


def within(range_):
    """min <= right - left <= max"""
    low = F.expr(f"t + interval {range_['min']} milliseconds")
    high = F.expr(f"t + interval {range_['max']} milliseconds")
    right = F.col("t2")
    above = right >= low if range_.get("minInclusive", True) else right > low
    below = right <= high if range_.get("maxInclusive", True) else right < high
    return above & below


OPERATORS = {"aggregate": aggregate, "dedup": dedup, "dedupWithin": dedup_within, "join": join}


def plain(frame):
    """One JSON text a row: times and ends of windows in ms."""
    columns = []
    for name, type_ in frame.dtypes:
        column = F.col(name)
        if type_ == "timestamp":
            column = F.unix_millis(column)
        if name.startswith("window"):
            ends = F.array(F.unix_millis(column["start"]), F.unix_millis(column["end"]))
            column = F.when(column.isNotNull(), ends)
        columns.append(column.alias(name))
    return frame.select(F.to_json(F.struct(*columns)).alias("row"))


class Run:
    def __init__(self, spark, plan):
        self.spark, self.plan = spark, plan
        self.source = Source(spark)
        self.folder = tempfile.mkdtemp(dir=FOLDER)
        self.query, self.batches, self.progress = None, [], {}

    def start(self):
        self.spark.conf.set("spark.sql.streaming.noDataMicroBatches.enabled", self.plan.get("noDataBatches", True))
        self.spark.conf.set("spark.sql.streaming.multipleWatermarkPolicy", self.plan.get("policy", "min"))
        writer = plain(built(self.plan, self.source)).writeStream.outputMode(self.plan["mode"])
        writer = writer.option("checkpointLocation", self.folder).foreachBatch(self.take)
        self.query = writer.start()

    def take(self, frame, batch_id):
        rows = [row for [row] in json.loads(frame._jdf.collectAsList().toString())]
        self.batches.append({"id": batch_id, "rows": rows})

    def stop(self):
        self.note()
        self.query.stop()

    def note(self):
        for p in self.query.recentProgress:
            if "addBatch" in p["durationMs"]:
                self.progress[p["batchId"]] = p

    def answer(self):
        self.start()
        ends = []
        for step in self.plan["batches"]:
            if step == "restart":
                self.stop()
                self.start()
            else:
                self.source.add(step)
                self.query.processAllAvailable()
            ends.append(len(self.batches))
        self.stop()
        batches = [{**b, **self.told(b["id"])} for b in self.batches]
        return [batches[a:b] for a, b in zip([0, *ends], ends)]

    def told(self, batch_id):
        p = self.progress[batch_id]
        told = {"state": [s["numRowsTotal"] for s in p["stateOperators"]]}
        told["late"] = sum(s["numRowsDroppedByWatermark"] for s in p["stateOperators"])
        watermark = p["eventTime"].get("watermark")
        return {**told, "watermark": watermark} if watermark else told


def answered(spark, plan):
    run = Run(spark, plan)
    try:
        return {"steps": run.answer()}
    except Exception as error:  # refused, or failed: both are answers
        return {"refused": str(error).split("JVM stacktrace")[0].strip()[:2000], "after": len(run.batches)}
    finally:
        for query in spark.streams.active:
            query.stop()
        shutil.rmtree(run.folder, ignore_errors=True)


def main(plans, answers, seconds="1e9"):
    spark = session()
    until = time.time() + float(seconds)
    with open(plans) as given, open(answers, "w") as out:
        for line in given:
            if time.time() > until:
                break
            plan = json.loads(line)
            print(json.dumps({**plan, "spark": answered(spark, plan)}), file=out, flush=True)


FOLDER = None

if __name__ == "__main__":
    main(*sys.argv[1:])
