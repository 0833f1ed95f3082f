"""Kinds of random cases whose rows say what to do with states and timers."""

from case_maker import S

COMMANDED = [["k", "string"], ["t", "timestamp"], ["c", "string"]]


class Commander:
    """Rows of `twsCommands` for a maker of cases. A text that is a key cannot be null in Spark."""

    def __init__(self, m, has_timers):
        self.m, self.has_timers = m, has_timers

    def row(self, now):
        k, t, _, _ = type(self.m).row(self.m, now)
        return [k, t, self.script()]

    def script(self):
        r = self.m.r
        if self.has_timers and r.random() < 0.2:
            return "on " + self.some(r.randrange(1, 5), self.timer_of_timer)
        return self.some(r.randrange(1, 7), self.timer)

    def some(self, n, timer):
        kinds = [self.value, self.list, self.map, self.list, self.map] + [timer] * 2 * self.has_timers
        return ";".join(self.m.r.choice(kinds)() for _ in range(n))

    def value(self):
        name = self.m.pick("v", "V", "V")
        return self.m.pick(f"set {name} {self.word()}", f"set {name} {self.word()}", f"get {name}", f"get {name}", f"clear {name}")

    def list(self):
        name = self.m.pick("l", "L", "L")
        words = " ".join(self.word() for _ in range(self.m.pick(1, 2, 3)))
        rare = self.m.pick(f"put {name} {words}", f"clear {name}", f"exists {name}")
        return self.m.pick(f"add {name} {self.word()}", f"append {name} {words}", f"get {name}", f"get {name}", rare)

    def map(self):
        name, key = self.m.pick("m", "M", "M"), self.m.pick("x", "y", "z")
        rare = self.m.pick(f"remove {name} {key}", f"clear {name}", f"exists {name}", f"has {name} {key}", f"of {name} {key}", f"keys {name}", f"values {name}")
        return self.m.pick(f"put {name} {key} {self.word()}", f"put {name} {key} {self.word()}", f"get {name}", rare, rare)

    def timer(self):
        return self.timer_at(S * self.m.pick(-5, 0, 1, 5, 5, 10, 10, 15, 25) + self.m.pick(0, 0, 1))

    def timer_of_timer(self):
        """What a timer sets between its own time and that of the batch waits for the next batch in Spark (D-041)."""
        return self.timer_at(S * self.m.pick(10, 10, 15, 25) + self.m.pick(0, 0, 1))

    def timer_at(self, after):
        return self.m.pick(f"timer {after}", f"timer {after}", f"timer {after}", f"untimer {after}", "timers", "now x")

    def word(self):
        return self.m.pick("1", "2", "3", "b")


def commanded(m, time_mode, head=(), tail=(), mode=None):
    maker = Commander(m, time_mode != "none")
    m.row = maker.row
    op = {"op": "transformWithState", "id": "state", "keys": ["k"], "fn": "twsCommands", "timeMode": time_mode}
    if time_mode == "processingTime" and m.r.random() < 0.8:
        op["ttlMs"] = S * m.pick(1, 2, 5, 10, 20)
    if m.r.random() < 0.3:
        op["initialState"] = [[k, maker.script()] for k in "abcd" if m.r.random() < 0.7]
    return m.case({"x": COMMANDED}, [*head, op, *tail], mode or m.pick("append", "update"))


def commands_none(m):
    return commanded(m, "none")


def commands_clock(m):
    """Without a watermark, as in clocked_tws."""
    m.style = "tick"
    return commanded(m, "processingTime")


def commands_event(m):
    m.style = m.pick(None, "tick")
    before = m.pick([], [], [{"op": "dropDuplicates", "id": "d", "columns": ["k", "t"]}])
    return commanded(m, "eventTime", [m.watermark(), *before], mode="append" if before else None)


def commands_chain(m):
    """What rows and timers say goes on with its time. What has just the time W is on time behind keyed state (D-041)."""
    agg = {"op": "aggregate", "id": "agg", "keys": m.pick(["w"], ["key", "w"]), "aggs": {"c": {"fn": "count"}}}
    tail = m.pick(
        [m.window(), agg],
        [m.window(), agg],
        [{"op": "dropDuplicatesWithinWatermark", "id": "d", "columns": ["key"]}],
    )
    return commanded(m, "eventTime", [m.watermark()], tail, "append")


KINDS = {name: globals()[name] for name in "commands_none commands_clock commands_event commands_chain".split()}
