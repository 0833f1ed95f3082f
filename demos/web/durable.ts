import './style.css';
import { createStore, entries, setMany, type UseStore } from 'idb-keyval';
import { continuous, foreachBatch, streamingQuery, type QueryProgress } from 'tidemark';
import { indexedDbCheckpoint } from 'tidemark/browser';
import { replaySource } from '../main/replay';
import { generated } from './data';
import { durableWindows, type StationWindow } from './durableQuery';
import { clockOf } from './explain';

/** A window as the tab keeps it. */
interface Kept extends StationWindow {
  /** Batches that have written it: each window is final, so one. */
  readonly batches: readonly number[];
}

declare global {
  interface Window {
    /** For tests and the curious. */
    __durable: {
      readonly rows: number;
      readonly resumedAt: number;
      readonly done: boolean;
      readonly error: string | null;
      readonly windows: readonly Kept[];
    };
  }
}

const RESULTS = 'tidemark-demo-windows';
const kept = new Map<string, Kept>();
const results: UseStore = createStore(RESULTS, 'windows');
const checkpoint = indexedDbCheckpoint('demo');
const parameters = new URLSearchParams(location.search);
const data = generated(Number(parameters.get('seed') ?? 1));

let rows = 0;
let resumedAt = -1;
let done = false;
let error: string | null = null;

/** Puts rows by key, so that a batch that comes again after a crash changes nothing. */
const table = foreachBatch<StationWindow>(
  async (batch, { batchId }) => {
    const changed = [...batch].map((row): [string, Kept] => {
      const id = `${row.window.start}|${row.station}`;
      return [id, { ...row, batches: [...new Set([...(kept.get(id)?.batches ?? []), batchId])] }];
    });
    await setMany(changed, results);
    for (const [id, row] of changed) kept.set(id, row);
  },
  { idempotent: true },
);

const query = streamingQuery(replaySource(data.rows, Number(parameters.get('pace') ?? 60)), durableWindows).writeStream({
  sink: table,
  trigger: continuous({ checkpoint: '250 ms' }),
  checkpoint,
  onAdvice: () => {},
});

function progressed({ sources }: QueryProgress): void {
  const { startOffset, endOffset } = sources['source']!;
  if (resumedAt < 0) resumedAt = Number(startOffset ?? 0);
  rows = Number(endOffset ?? rows);
  draw();
}

function draw(): void {
  const windows = [...kept.values()].sort((a, b) => a.window.end - b.window.end || (a.station < b.station ? -1 : 1));
  window.__durable = { rows, resumedAt, done, error, windows };
  const state = error ?? (done ? 'done' : 'running');
  const figures = {
    rows: `${rows} / ${data.rows.length}`,
    'began at row': Math.max(0, resumedAt),
    windows: windows.length,
    state,
  };
  const list = Object.entries(figures).map(([name, figure]) => `<div><dt>${name}</dt><dd>${figure}</dd></div>`);
  document.getElementById('status')!.innerHTML = list.join('');
  document.getElementById('windows')!.replaceChildren(tableOf(windows));
}

function tableOf(windows: readonly Kept[]): HTMLElement {
  const element = document.createElement('table');
  element.innerHTML = '<thead><tr><th>window</th><th>station</th><th>rows</th><th>mean</th></tr></thead>';
  const body = element.createTBody();
  for (const { window: span, station, count, mean } of [...windows].reverse()) {
    const name = `${clockOf(span.start, data.unit)}–${clockOf(span.end, data.unit)}`;
    const row = body.insertRow();
    for (const text of [name, station, String(count), mean === null ? '–' : mean.toFixed(1)]) row.insertCell().textContent = text;
  }
  return element;
}

async function beginAnew(): Promise<void> {
  await query.stop();
  await checkpoint.remove();
  indexedDB.deleteDatabase(RESULTS);
  location.reload();
}

async function main(): Promise<void> {
  for (const [id, row] of await entries<string, Kept>(results)) kept.set(id, row);
  draw();
  query.progress$.subscribe(progressed);
  await query.start();
  await query.awaitTermination();
  done = query.explain().watermark === Infinity;
}

document.getElementById('fresh')!.addEventListener('click', () => void beginAnew());
await main().catch((cause: unknown) => (error = cause instanceof Error ? cause.message : String(cause)));
draw();
