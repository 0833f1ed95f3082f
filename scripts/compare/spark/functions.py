"""The named functions of the conformance cases, for Spark."""

import pandas as pd
from pyspark.sql.streaming import StatefulProcessor

NEEDS_ROCKS = {"transformWithState"}


def millis(frame, column):
    return max(int(t.value // 10**6) for t in frame[column])


def group_function(fn, time_column):
    end = {"countRemoveAt3": None, "countRemoveAt3Emit": -1, "countRemoveAt3PerRow": None}

    def update(key, frames, state):
        (k,) = key
        rows = 0
        latest = None
        if state.hasTimedOut:
            state.remove()
            yield pd.DataFrame({"k": [k], "n": [-1]})
            return
        for frame in frames:
            rows += len(frame)
            if fn == "maxEventTimeTimeout5s":
                m = millis(frame, time_column)
                latest = m if latest is None else max(latest, m)
        old = state.getOption[0] if state.exists else None
        out = []

        def count_to_3(rows, old):
            n = (old or 0) + rows
            if n == 3:
                state.remove()
                if end[fn] is not None:
                    out.append(end[fn])
                return None
            state.update((n,))
            out.append(n)
            return n

        if fn == "countRemoveAt3PerRow":
            for _ in range(rows):
                old = count_to_3(1, old)
        elif fn in end:
            count_to_3(rows, old)
        elif fn == "maxEventTimeTimeout5s":
            n = latest if old is None else max(old, latest)
            state.update((n,))
            state.setTimeoutTimestamp(n + 5000)
            out.append(n)
        else:
            n = (old or 0) + rows
            state.update((n,))
            if fn == "countTimeout10s":
                state.setTimeoutDuration(10000)
            out.append(n)
        yield pd.DataFrame({"k": [k] * len(out), "n": out})

    return update


def processor(fn, key_name, time_column):
    class Made(StatefulProcessor):
        def init(self, handle):
            self.handle = handle
            self.count = handle.getValueState("count", "n long")
            self.timer = handle.getValueState("timer", "n long")

        def get(self, state):
            return state.get()[0] if state.exists() else None

        def handleInputRows(self, key, frames, timers):
            out = []
            if fn == "twsMaxEventTime5s":
                latest = max(millis(frame, time_column) for frame in frames)
                old = self.get(self.count)
                n = latest if old is None else max(old, latest)
                self.count.update((n,))
                timer = self.get(self.timer)
                if timer is None or n + 5000 > timer:
                    if timer is not None:
                        self.handle.deleteTimer(timer)
                    self.handle.registerTimer(n + 5000)
                    self.timer.update((n + 5000,))
                out.append(n)
            else:
                n = (self.get(self.count) or 0) + 1
                if n == 3:
                    self.count.clear()
                else:
                    self.count.update((n,))
                    out.append(n)
            yield pd.DataFrame({"k": [key[0]] * len(out), "n": out})

        def handleExpiredTimer(self, key, timers, expired):
            self.count.clear()
            yield pd.DataFrame({"k": [key[0]], "n": [-1]})

        def close(self):
            pass

    return Made()
