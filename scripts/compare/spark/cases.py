"""Cases of the conformance format with what Spark answers: python cases.py asked.json answered.json [SECONDS].

Behind every step that runs it is filled in what is expected: rows, state, watermarks, event times, ids, rows read. A query that
fails, or is refused, is a step `expectError`.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import pyspark
from pyspark.errors import AnalysisException, IllegalArgumentException, StreamingQueryException
from pyspark.sql.streaming import StreamingQuery

from answers import session
from functions import NEEDS_ROCKS
from queries import WRITERS, Build
from refusals import reason_of, text_of
from sources import Source, millis_of, plain

# They move filters below a watermark, or make another join of one.
RULES = [
    "PushDownPredicates",
    "InferFiltersFromConstraints",
    "PushDownLeftSemiAntiJoin",
    "EliminateOuterJoin",
    "PushExtraPredicateThroughJoin",
]
ROCKS = "org.apache.spark.sql.execution.streaming.state.RocksDBStateStoreProvider"
HDFS = "org.apache.spark.sql.execution.streaming.state.HDFSBackedStateStoreProvider"


class Run:
    def __init__(self, spark, case):
        self.spark, self.case, self.query = spark, case, None
        self.source = Source(spark, case["streams"])
        self.folder = tempfile.mkdtemp()
        self.conf = dict(case.get("conf", {}))
        self.ops = case["query"]
        jvm = spark._jvm
        self.clock = jvm.org.apache.spark.util.ManualClock()
        self.sink = jvm.org.apache.spark.sql.execution.streaming.sources.MemorySink()
        self.triggers = jvm.org.apache.spark.sql.streaming.Trigger
        self.kind, self.seen, self.progress, self.last = None, -1, [], None
        rocks = any(op["op"] in NEEDS_ROCKS for op in self.ops)
        spark.conf.set("spark.sql.streaming.stateStore.providerClass", ROCKS if rocks else HDFS)

    def start(self, kind):
        set_ = self.spark.conf.set
        set_("spark.sql.streaming.noDataMicroBatches.enabled", self.conf.get("noDataBatches", True))
        set_("spark.sql.streaming.multipleWatermarkPolicy", self.conf.get("watermarkPolicy", "min"))
        set_("spark.sql.streaming.minBatchesToRetain", self.conf.get("minBatchesToRetain", 100))
        set_("spark.sql.optimizer.excludedRules", ",".join(f"org.apache.spark.sql.catalyst.optimizer.{r}" for r in RULES))
        set_("spark.sql.streaming.statefulOperator.allowMultiple", True)
        node = Build(self.spark, self.case, self.source).built(self.ops)
        self.ids = node.ids
        frame, self.names = plain(node.frame)
        self.query = StreamingQuery(self.started(frame._jdf, TRIGGERS[kind](self.triggers)))
        self.kind, self.noted = kind, 0

    def started(self, frame, trigger):
        """By the clock of the case, which a writer of Python does not take."""
        jvm = self.spark._jvm
        manager = self.spark._jsparkSession.sessionState().streamingQueryManager()
        some, none = jvm.scala.Option.apply, jvm.scala.Option.empty()
        mode = getattr(jvm.org.apache.spark.sql.streaming.OutputMode, self.case["outputMode"].capitalize())()
        options = jvm.org.apache.spark.api.python.PythonUtils.toScalaMap({})
        given = [none, some(self.folder), frame, options, self.sink, mode, False, True, trigger, self.clock, none, none]
        return manager.startQuery(*given)

    def stop(self):
        if self.query is not None:
            self.note()
            self.query.stop()
        self.query = None

    def note(self):
        every = self.query._jsq.recentProgress()  # as JSON: each field of an object is a call
        new = [json.loads(every[i].json()) for i in range(self.noted, len(every))]
        new = [p for p in new if "addBatch" in p["durationMs"]]
        self.noted = len(every)
        self.progress += new
        self.last = next((p for p in reversed(new) if p["numInputRows"] > 0), self.last)

    def begun(self, kind):
        if self.query is not None and self.query.isActive and self.kind == kind:
            return False
        self.stop()
        self.start(kind)
        return True

    def run(self):
        self.begun("run")
        self.query.processAllAvailable()
        self.note()

    def tick(self, ms):
        if self.query is not None and self.kind != "tick":
            self.stop()
        self.clock.advance(ms)
        self.begun("tick")
        time.sleep(0.05)
        while self.query.isActive and not self.is_waiting():
            time.sleep(0.02)
        if self.query.exception() is not None:
            raise self.query.exception()
        self.note()

    def is_waiting(self):
        status = json.loads(self.query._jsq.status().json())
        return not status["isTriggerActive"] and status["message"].startswith("Waiting")

    def end(self, kind):
        self.stop()
        self.start(kind)
        self.query.awaitTermination()
        self.note()

    def restart(self, how):
        self.stop()
        if how.get("loseLastCommit"):
            commits = os.path.join(self.folder, "commits")
            last = max(int(n) for n in os.listdir(commits) if n.isdigit())
            for name in os.listdir(commits):
                if name in (str(last), f".{last}.crc"):
                    os.remove(os.path.join(commits, name))
        if how.get("clearSink"):
            self.sink.clear()
            self.seen = -1
        self.clock.advance(how.get("advanceClockMs", 0))
        self.conf.update(how.get("conf", {}))
        self.ops = how.get("query", self.ops)

    def answer(self):
        steps = []
        for step in self.case["steps"]:
            (kind,) = [k for k in step if k != "ordered"]
            if kind.startswith("expect"):
                continue
            steps.append(step)
            try:
                self.do(kind, step[kind])
            except (StreamingQueryException, AnalysisException, IllegalArgumentException) as error:
                reason = reason_of(error)
                if reason is None:
                    raise
                return [*steps, {"expectError": {"at": "run", "reason": reason}}]
            if kind not in ("add", "restart"):
                steps += self.expected()
        return steps

    def do(self, kind, what):
        if kind == "add":
            self.source.add(what)
        elif kind == "restart":
            self.restart(what)
        elif kind == "tick":
            self.tick(what)
        elif kind == "run":
            self.run()
        else:
            self.end(kind)

    @property
    def has_null_times(self):
        times = {s: [i for i, (_, type_) in enumerate(how["columns"]) if type_ == "timestamp"] for s, how in self.case["streams"].items()}
        added = [(s, row) for step in self.case["steps"] for s, rows in step.get("add", {}).items() for row in rows]
        return any(row[i] is None for s, row in added for i in times[s])

    def rows(self):
        if self.case["outputMode"] == "complete":
            return self.sink.allData()
        since = self.sink.dataSinceBatch(self.seen)
        newest = self.sink.latestBatchId()
        self.seen = newest.get() if newest.isDefined() else self.seen
        return since

    def expected(self):
        rows = self.rows()
        texts = [json.loads(rows.apply(i).getString(0)) for i in range(rows.size())]
        last = [op["op"] for op in self.ops if op["op"] != "limit"][-1:]
        ordered = {"ordered": True} if last == ["sort"] else {}
        steps = [{"expectNew": [[row.get(name) for name in self.names] for row in texts], **ordered}]
        progress, self.progress = self.progress, []
        if progress and self.ids:
            steps.append({"expectState": {i: self.figures(at, progress) for at, i in enumerate(self.ids)}})
        if any(op["op"] == "withWatermark" for op in self.ops):
            steps.append({"expectWatermarkMs": self.watermark()})
            if progress and self.ids:
                steps.append({"expectOpWatermark": self.operators()})
        return [*steps, *self.told()]

    def told(self):
        logs = [self.execution().offsetLog(), self.execution().commitLog(), self.sink]
        newest = [log.getLatest() if log is not self.sink else log.latestBatchId() for log in logs]
        ids = [one.get() if one.isDefined() else None for one in newest]
        ids = [one._1() if hasattr(one, "_1") else one for one in ids]
        steps = [{"expectBatchIds": dict(zip(["offsets", "commits", "sink"], ids))}]
        if "minBatchesToRetain" in self.conf:
            steps.append({"expectOffsetLog": sorted(int(n) for n in os.listdir(os.path.join(self.folder, "offsets")) if n.isdigit())})
        if self.last is not None and not self.has_null_times:  # which Spark counts as 0; averages are cut, not floored
            times = {name: millis_of(value) for name, value in self.last.get("eventTime", {}).items()}
            if times.get("min", 0) >= 0:
                steps.append({"expectEventTime": times or None})
        return steps

    def figures(self, at, progress):
        kinds = {op.get("id"): op["op"] for op in self.ops}
        told = [p["stateOperators"][at] for p in progress]
        assert all(len(p["stateOperators"]) == len(self.ids) for p in progress), "operators"
        if kinds[self.ids[at]] == "transformWithState":  # it counts variables, timers and their index
            return {"dropped": sum(t["numRowsDroppedByWatermark"] for t in told)}
        figures = {"total": told[-1]["numRowsTotal"]}
        if not self.is_session(self.ids[at]):  # of which Spark counts all of a key
            figures["updated"] = sum(t["numRowsUpdated"] for t in told)
        # Of outer joins Spark counts one side, of sessions what is merged too.
        if kinds[self.ids[at]] != "join" and not self.is_session(self.ids[at]):
            figures["removed"] = sum(t["numRowsRemoved"] for t in told)
        if kinds[self.ids[at]] != "aggregate":  # groups there
            figures["dropped"] = sum(t["numRowsDroppedByWatermark"] for t in told)
        if kinds[self.ids[at]].startswith("dropDuplicates"):
            figures["duplicates"] = sum(t["customMetrics"].get("numDroppedDuplicateRows", 0) for t in told)
        return figures

    def is_session(self, id_):
        at = [op.get("id") for op in self.ops].index(id_)
        return any(op["op"] == "sessionWindow" and op["as"] in self.ops[at].get("keys", []) for op in self.ops[:at])

    def execution(self):
        return self.query._jsq.streamingQuery()

    def watermark(self):
        latest = self.execution().commitLog().getLatest()
        logged = self.execution().offsetLog().getLatest()
        before = logged.get()._2().metadata().get().batchWatermarkMs() if logged.isDefined() else 0
        return max(before, latest.get()._2().nextBatchWatermarkMs() if latest.isDefined() else 0)

    def operators(self):
        found = []

        def walk(plan):
            name = plan.getClass().getSimpleName()
            if name == "StreamingGlobalLimitExec":  # filters nothing
                found.append([])
            elif name in WRITERS:
                ends = [plan.eventTimeWatermarkForLateEvents(), plan.eventTimeWatermarkForEviction()]
                found.append([e.get() if e.isDefined() else None for e in ends])
            children = plan.children()
            for i in range(children.size()):
                walk(children.apply(i))

        walk(self.execution().lastExecution().executedPlan())
        assert len(found) == len(self.ids), [found, self.ids]
        pairs = {i: dict(zip(["late", "eviction"], w)) for i, w in zip(self.ids, found)}
        return {i: {k: v for k, v in w.items() if v is not None} for i, w in pairs.items()}


TRIGGERS = {
    "run": lambda t: t.ProcessingTime(0),
    "tick": lambda t: t.ProcessingTime(1),
    "runOnce": lambda t: t.Once(),
    "runAvailableNow": lambda t: t.AvailableNow(),
}


def compiled():
    """A folder with the classes of Commands.java."""
    folder = tempfile.mkdtemp()
    jars = os.path.join(os.path.dirname(pyspark.__file__), "jars", "*")
    source = os.path.join(os.path.dirname(os.path.abspath(__file__)), "Commands.java")
    subprocess.run(["javac", "-cp", jars, "-d", folder, source], check=True)
    return folder


def main(asked, answered, seconds="1e9"):
    # Of the workers.
    os.environ["PYTHONPATH"] = os.path.dirname(os.path.abspath(__file__))
    os.environ["PYSPARK_PYTHON"] = sys.executable
    given = json.load(open(asked))
    spark = session(compiled() if "twsCommands" in json.dumps(given) else None)
    spark.conf.set("spark.sql.adaptive.enabled", False)
    until = time.time() + float(seconds)
    done, refused = [], []
    for case in given["cases"]:
        if time.time() > until:
            break
        run = None
        try:
            run = Run(spark, case)
            done.append({**case, "steps": run.answer()})
        except Exception as error:
            print(f"# {case['name']}: {type(error).__name__} {text_of(error)}", flush=True)
        finally:
            for query in spark.streams.active:
                query.stop()
            if run is not None:
                shutil.rmtree(run.folder, ignore_errors=True)
        json.dump({**given, "cases": done}, open(answered, "w"))
    print(f"{len(done)} of {len(given['cases'])} answered")


if __name__ == "__main__":
    main(*sys.argv[1:])
