import { clockOf } from './explain';
import type { Lane, LiveRun } from './live';

const SHOWN = 60;

/** The windows as a table, newest first, each with its state and what it says now. */
export class LaneTable {
  private readonly body: HTMLElement;
  private readonly rows = new Map<string, HTMLTableRowElement>();

  constructor(element: HTMLElement) {
    const table = document.createElement('table');
    table.innerHTML =
      '<thead><tr><th>window</th><th>station</th><th>rows</th><th>mean</th><th>state</th></tr></thead><tbody></tbody>';
    element.replaceChildren(table);
    this.body = table.tBodies[0]!;
  }

  begin(): void {
    this.rows.clear();
    this.body.replaceChildren();
  }

  draw(run: LiveRun): void {
    const lanes = [...run.lanes.values()].sort(
      (a, b) => b.result.window.end - a.result.window.end || (a.result.station < b.result.station ? -1 : 1),
    );
    const shown = lanes.slice(0, SHOWN).map((lane) => this.row(lane, run));
    this.body.replaceChildren(...shown);
  }

  private row(lane: Lane, run: LiveRun): HTMLTableRowElement {
    const row = this.rows.get(lane.key) ?? this.create(lane.key);
    const { window, station, count, mean } = lane.result;
    const { unit } = run.data;
    const phase = run.phaseOf(lane.result);
    const part = Math.min(1, Math.max(0, (run.emit - window.start) / (window.end - window.start)));
    const from = clockOf(window.start, unit);
    const to = clockOf(window.end, unit);
    const texts = [
      unit === 'second' ? `${from}–${to}` : `${from}–${to.slice(6)}`,
      station,
      String(count),
      mean === null ? '–' : mean.toFixed(1),
    ];
    texts.forEach((text, i) => setText(row.cells[i]!, text));
    row.className = phase;
    row.cells[0]!.style.setProperty('--part', `${Math.round(100 * (Number.isFinite(run.emit) ? part : 1))}%`);
    chips(row.cells[4]!, phase, lane.corrections);
    return row;
  }

  private create(key: string): HTMLTableRowElement {
    const row = document.createElement('tr');
    for (let i = 0; i < 5; i++) row.insertCell();
    row.cells[0]!.className = 'bar';
    this.rows.set(key, row);
    return row;
  }
}

function setText(cell: HTMLElement, text: string): void {
  if (cell.textContent !== text) cell.textContent = text;
}

function chips(cell: HTMLElement, phase: string, corrections: number): void {
  const wanted = corrections === 0 ? phase : `${phase} ${corrections}`;
  if (cell.dataset['shown'] === wanted) return;
  cell.dataset['shown'] = wanted;
  const chip = (className: string, text: string): HTMLElement =>
    Object.assign(document.createElement('span'), { className: `chip ${className}`, textContent: text });
  cell.replaceChildren(chip(phase, phase), ...(corrections > 0 ? [' ', chip('corrected', `corrected ×${corrections}`)] : []));
}
