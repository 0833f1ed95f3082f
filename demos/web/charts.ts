import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { clockOf } from './explain';
import type { Dot, Fate, LiveRun } from './live';

/** Where ticks may be: every ten seconds to every two days. */
const STEPS = [10, 20, 30, 60, 120, 3_600, 21_600, 43_200, 86_400, 172_800].map((seconds) => seconds * 1000);

const FATES: readonly Fate[] = ['onTime', 'correction', 'late', 'duplicate'];
const LABELS: Readonly<Record<Fate, string>> = {
  onTime: 'on time',
  correction: 'correction',
  late: 'rejected: late',
  duplicate: 'rejected: duplicate',
};

/** A colour of the style sheet, as it is now. */
function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

function axis(over: uPlot.Axis = {}): uPlot.Axis {
  const grid = { stroke: colour('grid'), width: 1 };
  return {
    stroke: colour('soft'),
    grid,
    ticks: grid,
    font: '11px system-ui, sans-serif',
    labelFont: '11px system-ui, sans-serif',
    labelSize: 16,
    ...over,
  };
}

function sizeOf(element: HTMLElement): { width: number; height: number } {
  return { width: Math.max(120, element.clientWidth), height: Math.max(90, element.clientHeight) };
}

/** A chart that is replaced when the colours or the data set change, and follows its element's size. */
class Chart {
  private plot: uPlot | undefined;

  constructor(protected readonly element: HTMLElement) {
    new ResizeObserver(() => this.plot?.setSize(sizeOf(element))).observe(element);
  }

  protected show(options: Omit<uPlot.Options, 'width' | 'height'>): uPlot {
    this.plot?.destroy();
    this.plot = new uPlot({ ...sizeOf(this.element), ...options, legend: { show: false } }, [[]], this.element);
    return this.plot;
  }
}

/** Each row a dot: when it arrived, and when it happened; the watermark a line under which rows are behind. */
export class DotChart extends Chart {
  private plotted: uPlot | undefined;
  private dots: readonly Dot[] = [];

  /** @param onPoint - told the dot under the pointer, or none */
  begin(run: LiveRun, legend: HTMLElement, onPoint: (dot: Dot | undefined, x: number, y: number) => void): void {
    const { rows, unit } = run.data;
    const clock = (_plot: uPlot, splits: number[]): string[] => splits.map((value) => clockOf(value, unit));
    const times = rows.map((row) => row.time);
    // A little room, so that the first and last dots can be pointed at.
    const range = (low: number, high: number): uPlot.Range.MinMax => [low - 0.02 * (high - low), high + 0.02 * (high - low)];
    this.plotted = this.show({
      scales: {
        x: { time: false, range: () => range(rows[0]!.arrival, rows[rows.length - 1]!.arrival) },
        y: { range: () => range(Math.min(...times), Math.max(...times)) },
      },
      cursor: { drag: { x: false, y: false }, points: { show: false } },
      axes: [
        axis({ values: clock, incrs: STEPS, label: 'arrival', space: unit === 'second' ? 60 : 90, size: 28 }),
        axis({ values: clock, incrs: STEPS, label: 'event time', size: unit === 'second' ? 46 : 84 }),
      ],
      series: [{}, ...FATES.map(pointSeries), lineSeries('watermark', 2), lineSeries('watermark', 1, [4, 4])],
    });
    legend.replaceChildren(...legendItems());
    this.plotted.over.addEventListener('mousemove', (event) => onPoint(this.nearest(event), event.clientX, event.clientY));
    this.plotted.over.addEventListener('mouseleave', () => onPoint(undefined, 0, 0));
  }

  draw(run: LiveRun): void {
    this.dots = run.dots;
    const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
    const points = FATES.map((fate) => run.dots.map((dot) => (dot.fate === fate ? dot.row.time : null)));
    const lines = [
      run.dots.map((dot) => finite(dot.emit)),
      run.dots.map((dot) => (dot.drop === dot.emit ? null : finite(dot.drop))),
    ];
    this.plotted?.setData([run.dots.map((dot) => dot.row.arrival), ...points, ...lines] as uPlot.AlignedData);
  }

  /** Where a dot is on the page. */
  pointOf(dot: Dot): { x: number; y: number } | null {
    const plot = this.plotted;
    if (plot === undefined) return null;
    const box = plot.over.getBoundingClientRect();
    return { x: box.left + plot.valToPos(dot.row.arrival, 'x'), y: box.top + plot.valToPos(dot.row.time, 'y') };
  }

  /** The dot nearest to the pointer, rejected ones first where several are near. */
  private nearest(event: MouseEvent): Dot | undefined {
    const plot = this.plotted!;
    let best: Dot | undefined;
    let least = 12;
    for (const dot of this.dots) {
      const x = plot.valToPos(dot.row.arrival, 'x') - event.offsetX;
      const y = plot.valToPos(dot.row.time, 'y') - event.offsetY;
      const distance = Math.hypot(x, y) + (dot.rejection === undefined ? 5 : 0);
      if (distance < least) [best, least] = [dot, distance];
    }
    return best;
  }
}

function pointSeries(fate: Fate): uPlot.Series {
  const size = fate === 'late' ? 8 : fate === 'correction' ? 6 : 4;
  return { paths: () => null, points: { show: true, size, fill: colour(fate), stroke: colour(fate), width: 0 } };
}

function lineSeries(name: string, width: number, dash: number[] = []): uPlot.Series {
  return { stroke: colour(name), width, dash, points: { show: false }, paths: uPlot.paths.stepped!({ align: 1 }) };
}

function legendItems(): HTMLElement[] {
  const item = (text: string, className: string, paint: (mark: HTMLElement) => void): HTMLElement => {
    const mark = Object.assign(document.createElement('i'), { className });
    paint(mark);
    const entry = document.createElement('li');
    entry.append(mark, text);
    return entry;
  };
  const line = (mark: HTMLElement): void => void (mark.style.borderColor = colour('watermark'));
  return [
    ...FATES.map((fate) => item(LABELS[fate], '', (mark) => (mark.style.background = colour(fate)))),
    item('watermark', 'line', line),
    item('lost below', 'line dashed', line),
  ];
}

const STATION_COLOURS = ['north', 'east', 'south'];

/** What the windows say: rows per window, a line for each station. */
export class ValueChart extends Chart {
  private plotted: uPlot | undefined;
  private stations: readonly string[] = [];

  begin(run: LiveRun): void {
    const { rows, unit } = run.data;
    this.stations = [...new Set(rows.map((row) => row.station))].sort();
    const clock = (_plot: uPlot, splits: number[]): string[] => splits.map((value) => clockOf(value, unit).slice(0, 5));
    const series = this.stations.map((name, i) => {
      const stroke = colour(STATION_COLOURS[i % 3]!);
      return { label: name, stroke, width: 2, points: { show: true, size: 5, fill: stroke }, spanGaps: true };
    });
    this.plotted = this.show({
      scales: { x: { time: false } },
      axes: [axis({ values: clock, incrs: STEPS, space: 50, size: 28 }), axis({ size: 38 })],
      series: [{}, ...series],
    });
    const names = this.stations.map((name, i) => {
      const entry = Object.assign(document.createElement('span'), { textContent: ` ${name}` });
      entry.style.color = colour(STATION_COLOURS[i % 3]!);
      return entry;
    });
    this.element.previousElementSibling?.replaceChildren('Rows per window:', ...names);
  }

  draw(run: LiveRun): void {
    const spoken = [...run.lanes.values()].filter((lane) => run.phaseOf(lane.result) !== 'open');
    const ends = [...new Set(spoken.map((lane) => lane.result.window.end))].sort((a, b) => a - b);
    const at = new Map(spoken.map((lane) => [`${lane.result.window.end}|${lane.result.station}`, lane.result.count]));
    const counts = this.stations.map((name) => ends.map((end) => at.get(`${end}|${name}`) ?? null));
    this.plotted?.setData([ends, ...counts] as uPlot.AlignedData);
  }
}

/** The share of rows lost so far. */
export class ShareChart extends Chart {
  private plotted: uPlot | undefined;

  begin(run: LiveRun): void {
    const { rows } = run.data;
    const fill = `color-mix(in srgb, ${colour('late')} 18%, transparent)`;
    this.plotted = this.show({
      scales: {
        x: { time: false, range: () => [0, rows.length] },
        y: { range: (_plot, _low, high) => [0, Math.max(1, (high ?? 0) * 1.1)] },
      },
      axes: [axis({ space: 60, size: 28 }), axis({ size: 38 })],
      series: [{}, { stroke: colour('late'), width: 2, fill, points: { show: false } }],
    });
  }

  draw(run: LiveRun): void {
    const share = run.dots.map((dot, i) => (100 * dot.late) / (i + 1));
    this.plotted?.setData([run.dots.map((_, i) => i + 1), share]);
  }
}
