import java.sql.Timestamp;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.spark.api.java.function.MapFunction;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoder;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.KeyValueGroupedDataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.streaming.ExpiredTimerInfo;
import org.apache.spark.sql.streaming.ListState;
import org.apache.spark.sql.streaming.MapState;
import org.apache.spark.sql.streaming.OutputMode;
import org.apache.spark.sql.streaming.StatefulProcessorWithInitialState;
import org.apache.spark.sql.streaming.TTLConfig;
import org.apache.spark.sql.streaming.TimeMode;
import org.apache.spark.sql.streaming.TimerValues;
import org.apache.spark.sql.streaming.ValueState;
import org.apache.spark.sql.types.StructType;
import scala.collection.Iterator;
import scala.jdk.javaapi.CollectionConverters;

/** The function `twsCommands` of cases: rows say what to do with states and timers (`test/conformance/query/commands.ts`). */
public class Commands extends StatefulProcessorWithInitialState<String, Row, Row, Row> {
  private final boolean isEventTime;
  private final Long ttlMs;
  private transient Map<String, ValueState<String>> values;
  private transient Map<String, ListState<String>> lists;
  private transient Map<String, MapState<String, String>> maps;
  private transient TimerValues now;

  Commands(boolean isEventTime, Long ttlMs) {
    this.isEventTime = isEventTime;
    this.ttlMs = ttlMs;
  }

  /** Columns `key`, `n` and `t` of a query; times are those of `t` where the mode is event time. */
  public static Dataset<Row> over(
      Dataset<Row> rows, String key, String time, TimeMode timeMode, OutputMode mode, Long ttlMs, Dataset<Row> initial) {
    boolean isEventTime = timeMode.equals(TimeMode.EventTime());
    Encoder<Row> out = Encoders.row(new StructType().add("key", "string").add("n", "string").add("t", "timestamp"));
    Commands made = new Commands(isEventTime, ttlMs);
    KeyValueGroupedDataset<String, Row> grouped = by(rows, key, time);
    if (initial == null) {
      return isEventTime
          ? grouped.transformWithState(made, "t", mode, out)
          : grouped.transformWithState(made, timeMode, mode, out);
    }
    KeyValueGroupedDataset<String, Row> states = initial.groupByKey((MapFunction<Row, String>) r -> r.getString(0), Encoders.STRING());
    Encoder<Row> state = Encoders.row(initial.schema());
    return isEventTime
        ? grouped.transformWithState(made, "t", mode, states, out, state)
        : grouped.transformWithState(made, timeMode, mode, states, out, state);
  }

  private static KeyValueGroupedDataset<String, Row> by(Dataset<Row> rows, String key, String time) {
    return rows.select(key, time, "c").groupByKey((MapFunction<Row, String>) r -> r.getString(0), Encoders.STRING());
  }

  @Override
  public void init(OutputMode mode, TimeMode timeMode) {
    values = new TreeMap<>();
    lists = new TreeMap<>();
    maps = new TreeMap<>();
    TTLConfig ttl = ttlMs == null ? TTLConfig.NONE() : new TTLConfig(Duration.ofMillis(ttlMs));
    Encoder<String> text = Encoders.STRING();
    for (String name : List.of("v", "V", "on"))
      values.put(name, getHandle().getValueState(name, text, name.equals("V") ? ttl : TTLConfig.NONE()));
    for (String name : List.of("l", "L")) lists.put(name, getHandle().getListState(name, text, name.equals("L") ? ttl : TTLConfig.NONE()));
    for (String name : List.of("m", "M"))
      maps.put(name, getHandle().getMapState(name, text, text, name.equals("M") ? ttl : TTLConfig.NONE()));
  }

  @Override
  public void handleInitialState(String key, Row initial, TimerValues timers) {
    now = timers;
    all(initial.getString(1));
  }

  @Override
  public Iterator<Row> handleInputRows(String key, Iterator<Row> rows, TimerValues timers) {
    now = timers;
    List<Row> out = new ArrayList<>();
    while (rows.hasNext()) {
      Row row = rows.next();
      out.add(RowFactory.create(key, all(row.getString(2)), stamp(row.getTimestamp(1).getTime())));
    }
    return CollectionConverters.asScala(out.iterator());
  }

  @Override
  public Iterator<Row> handleExpiredTimer(String key, TimerValues timers, ExpiredTimerInfo info) {
    now = timers;
    long time = info.getExpiryTimeInMs() - LATER;
    String script = values.get("on").exists() ? values.get("on").get() : "timers";
    Row row = RowFactory.create(key, "at " + time + " " + all(script), stamp(time));
    return CollectionConverters.asScala(List.of(row).iterator());
  }

  /** Spark refuses results that are not ahead of the watermark. */
  private Timestamp stamp(long time) {
    return new Timestamp(isEventTime ? Math.max(time, base() + 1) : time);
  }

  private String all(String script) {
    if (script.startsWith("on ")) {
      values.get("on").update(script.substring(3));
      return "";
    }
    return Arrays.stream(script.split(";")).map(one -> said(one.split(" "))).filter(s -> !s.isEmpty()).collect(Collectors.joining(" "));
  }

  private String said(String[] words) {
    String name = words.length > 1 ? words[1] : "";
    String[] rest = words.length > 2 ? Arrays.copyOfRange(words, 2, words.length) : new String[0];
    if (values.containsKey(name)) return value(words[0], values.get(name), rest);
    if (lists.containsKey(name)) return list(words[0], lists.get(name), rest);
    if (maps.containsKey(name)) return map(words[0], maps.get(name), rest);
    switch (words[0]) {
      case "timer":
        getHandle().registerTimer(time(name));
        return "";
      case "untimer":
        getHandle().deleteTimer(time(name));
        return "";
      case "timers":
        List<Long> times = new ArrayList<>();
        getHandle().listTimers().foreach(t -> times.add((Long) t - LATER));
        return texts(times.stream().sorted().map(String::valueOf).toList());
      default: // now
        return String.valueOf(base());
    }
  }

  /** Spark 4.0 fires a timer when its time is reached, not when it has passed (D-041): each is set 1 ms later. */
  private static final long LATER = 1;

  private long time(String after) {
    return Math.floorDiv(base(), 10000L) * 10000 + Long.parseLong(after) + LATER;
  }

  private long base() {
    return isEventTime ? now.getCurrentWatermarkInMs() : now.getCurrentProcessingTimeInMs();
  }

  private String value(String verb, ValueState<String> state, String[] rest) {
    switch (verb) {
      case "set":
        state.update(rest[0]);
        return "";
      case "clear":
        state.clear();
        return "";
      default: // get
        return state.exists() ? state.get() : "-";
    }
  }

  private String list(String verb, ListState<String> state, String[] rest) {
    switch (verb) {
      case "add":
        state.appendValue(rest[0]);
        return "";
      case "append":
        state.appendList(rest);
        return "";
      case "put":
        state.put(rest);
        return "";
      case "clear":
        state.clear();
        return "";
      case "exists":
        return String.valueOf(state.exists());
      default: // get
        return texts(CollectionConverters.asJava(state.get()));
    }
  }

  private String map(String verb, MapState<String, String> state, String[] rest) {
    switch (verb) {
      case "put":
        state.updateValue(rest[0], rest[1]);
        return "";
      case "remove":
        state.removeKey(rest[0]);
        return "";
      case "clear":
        state.clear();
        return "";
      case "exists":
        return String.valueOf(state.exists());
      case "has":
        return String.valueOf(state.containsKey(rest[0]));
      case "of":
        String one = state.getValue(rest[0]);
        return one == null ? "-" : one;
      case "keys":
        return sorted(CollectionConverters.asJava(state.keys()));
      case "values":
        return sorted(CollectionConverters.asJava(state.values()));
      default: // get
        List<String> texts = new ArrayList<>();
        CollectionConverters.asJava(state.iterator()).forEachRemaining(e -> texts.add(e._1() + "=" + e._2()));
        return sorted(texts.iterator());
    }
  }

  private static String sorted(java.util.Iterator<String> texts) {
    List<String> all = new ArrayList<>();
    texts.forEachRemaining(all::add);
    return texts(all.stream().sorted().toList());
  }

  private static String texts(java.util.Iterator<String> texts) {
    List<String> all = new ArrayList<>();
    texts.forEachRemaining(all::add);
    return texts(all);
  }

  private static String texts(List<String> texts) {
    return "[" + String.join(",", texts) + "]";
  }
}
