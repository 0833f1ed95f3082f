"""Rows of a case on their way into Spark, and out of it as JSON."""

import calendar
import json
import time

import answers
from answers import DataFrame, F
from queries import TYPES


class Source(answers.Source):
    """Columns of all streams beside each other, each under the name of its stream."""

    def __init__(self, spark, streams):
        super().__init__(spark)
        self.streams = streams

    def add(self, step):
        texts = self.jvm.java.util.ArrayList()
        for s, rows in step.items():
            names = [f"{s}__{name}" for name, _ in self.streams[s]["columns"]]
            for row in rows:
                texts.add(json.dumps({"s": s, **dict(zip(names, row))}))
        self.stream.addData(self.jvm.org.apache.spark.api.python.PythonUtils.toSeq(texts))

    def frame(self, s):
        columns = self.streams[s]["columns"]
        schema = ", ".join(["s string", *(f"{s}__{name} {TYPES[type_]}" for name, type_ in columns)])
        parsed = F.from_json("value", schema)
        frame = DataFrame(self.stream.toDF(), self.spark).select(parsed.alias("r")).select("r.*")
        frame = frame.where(F.col("s") == s)
        timed = [F.timestamp_millis(f"{s}__{n}") if t == "timestamp" else F.col(f"{s}__{n}") for n, t in columns]
        return frame.select(*[column.alias(name) for column, (name, _) in zip(timed, columns)])


def plain(frame):
    columns = []
    for name, type_ in frame.dtypes:
        column = F.col(f"`{name}`")
        if type_ == "timestamp":
            column = F.unix_millis(column)
        if type_.startswith("struct<start"):
            ends = F.array(F.unix_millis(column["start"]), F.unix_millis(column["end"]))
            column = F.when(column.isNotNull(), ends)
        columns.append(column)
    names = [f"c{i}" for i in range(len(columns))]
    return frame.select(F.to_json(F.struct(*[c.alias(n) for c, n in zip(columns, names)])).alias("row")), names


def millis_of(text):
    seconds, ms = text.rstrip("Z").split(".")
    return calendar.timegm(time.strptime(seconds, "%Y-%m-%dT%H:%M:%S")) * 1000 + int(ms)
