import './style.css';
import { formatDuration } from 'tidemark';
import { DotChart, ShareChart, ValueChart } from './charts';
import { earthquakes, generated, type DataSet } from './data';
import { clockOf, explain } from './explain';
import { LaneTable } from './lanes';
import { LiveRun, type Dot, type Status } from './live';
import type { Settings } from './settings';

declare global {
  interface Window {
    /** For tests and the curious: figures of the run, and where the last rejected dot is. */
    __tidemark: Status & { readonly rejectedAt: { readonly x: number; readonly y: number } | null };
  }
}

function element<E extends HTMLElement = HTMLElement>(id: string): E {
  return document.getElementById(id) as E;
}

const controls = {
  data: element<HTMLSelectElement>('data'),
  seed: element<HTMLInputElement>('seed'),
  speed: element<HTMLSelectElement>('speed'),
  strategy: element<HTMLSelectElement>('strategy'),
  delay: element<HTMLInputElement>('delay'),
  lateness: element<HTMLInputElement>('lateness'),
  window: element<HTMLSelectElement>('window'),
  size: element<HTMLSelectElement>('size'),
  pause: element<HTMLButtonElement>('pause'),
};
const dots = new DotChart(element('dots'));
const values = new ValueChart(element('values'));
const share = new ShareChart(element('share'));
const lanes = new LaneTable(element('lanes'));

let data: DataSet;
let run: LiveRun | undefined;
let paused = false;
/** Rows that are owed: the frame rate is not the row rate. */
let owed = 0;
let lastFrame = 0;
let pageError: string | null = null;
let changed = true;

async function load(): Promise<void> {
  data =
    controls.data.value === 'earthquakes'
      ? earthquakes((await import('earthquakes.json')).default.features)
      : generated(Number(controls.seed.value));
  controls.seed.disabled = controls.data.value === 'earthquakes';
  element('about').textContent = data.about;
}

/** The sliders begin where they suit the data. */
function fitControls(): void {
  for (const slider of [controls.delay, controls.lateness]) slider.max = String(data.maxDelay);
  controls.delay.value = String(data.delay);
  controls.lateness.value = String(data.lateness);
  controls.size.replaceChildren(
    ...data.sizes.map((size) => new Option(`${size} ${data.unit === 'second' ? 's' : 'h'}`, String(size))),
  );
  controls.size.selectedIndex = 1;
}

function settings(): Settings {
  return {
    strategy: controls.strategy.value as Settings['strategy'],
    delay: Number(controls.delay.value),
    lateness: Number(controls.lateness.value),
    window: controls.window.value as Settings['window'],
    size: Number(controls.size.value),
  };
}

function restart(): void {
  const { strategy, delay, lateness } = settings();
  element('delayName').textContent = strategy === 'adaptive' || strategy === 'quality' ? 'Largest delay' : 'Delay';
  element('delayText').textContent = strategy === 'monotonous' ? 'none' : formatDuration(delay * data.unitMs);
  element('latenessText').textContent = formatDuration(lateness * data.unitMs);
  controls.delay.disabled = strategy === 'monotonous';
  run?.stop();
  run = new LiveRun(data, settings());
  owed = 0;
  dots.begin(run, element('legend'), showTip);
  values.begin(run);
  share.begin(run);
  lanes.begin();
  changed = true;
}

function frame(now: number): void {
  const seconds = Math.min(0.25, (now - lastFrame) / 1000);
  lastFrame = now;
  if (run !== undefined && !paused && !run.status().done) {
    owed = controls.speed.value === 'all' ? data.rows.length : owed + seconds * Number(controls.speed.value);
    run.step(Math.floor(owed));
    owed -= Math.floor(owed);
    changed = true;
  }
  if (run !== undefined && changed) draw(run);
  requestAnimationFrame(frame);
}

function draw(current: LiveRun): void {
  changed = false;
  dots.draw(current);
  values.draw(current);
  share.draw(current);
  lanes.draw(current);
  drawRejections(current);
  const status = current.status();
  showStatus(status);
  const last = current.dots.filter((dot) => dot.fate === 'late').pop();
  window.__tidemark = { ...status, error: status.error ?? pageError, rejectedAt: last === undefined ? null : dots.pointOf(last) };
}

function showStatus({ events, windows, late, corrections, duplicates, done }: Status): void {
  const total = data.rows.length;
  const figures = {
    rows: `${events} / ${total}`,
    windows,
    corrections,
    late,
    duplicates,
    state: done ? 'done' : paused ? 'paused' : 'running',
  };
  element('status').innerHTML = Object.entries(figures)
    .map(([name, figure]) => `<div><dt>${name}</dt><dd>${figure}</dd></div>`)
    .join('');
}

let listed: Dot | undefined;

/** The last rejected rows, also for those who use no pointer. */
function drawRejections(current: LiveRun): void {
  const latest = current.dots
    .filter((dot) => dot.rejection !== undefined)
    .slice(-10)
    .reverse();
  if (latest[0] === listed) return;
  listed = latest[0];
  element('rejections').replaceChildren(...latest.map(rejectionItem));
}

function rejectionItem(dot: Dot): HTMLElement {
  const item = Object.assign(document.createElement('li'), { tabIndex: 0, className: dot.fate });
  const { headline } = explain(dot, data, delayMs());
  const name = Object.assign(document.createElement('b'), { textContent: headline.replace('Rejected: ', '') });
  item.append(name, ` ${dot.row.station} at ${clockOf(dot.row.time, data.unit)}`);
  const show = (): void => {
    const box = item.getBoundingClientRect();
    showTip(dot, box.right, box.top);
  };
  for (const event of ['focus', 'mouseenter']) item.addEventListener(event, show);
  for (const event of ['blur', 'mouseleave']) item.addEventListener(event, () => showTip(undefined, 0, 0));
  return item;
}

/** The delay in force, where it does not move. */
function delayMs(): number | null {
  if (controls.strategy.value === 'monotonous') return 0;
  return controls.strategy.value === 'fixedDelay' ? Number(controls.delay.value) * data.unitMs : null;
}

function showTip(dot: Dot | undefined, x: number, y: number): void {
  const tip = element('tip');
  tip.hidden = dot === undefined;
  if (dot === undefined) return;
  const { headline, lines } = explain(dot, data, delayMs());
  const title = Object.assign(document.createElement('b'), { textContent: headline });
  tip.replaceChildren(title, ...lines.map((text) => Object.assign(document.createElement('p'), { textContent: text })));
  tip.style.left = `${Math.min(x + 14, innerWidth - tip.offsetWidth - 8)}px`;
  tip.style.top = `${Math.min(y + 14, innerHeight - tip.offsetHeight - 8)}px`;
}

function togglePause(): void {
  paused = !paused;
  controls.pause.setAttribute('aria-pressed', String(paused));
  controls.pause.textContent = paused ? 'Go on' : 'Pause';
  changed = true;
}

async function reload(): Promise<void> {
  await load();
  fitControls();
  restart();
}

function fail(cause: unknown): void {
  pageError = cause instanceof Error ? cause.message : String(cause);
  element('about').textContent = `Something went wrong: ${pageError}`;
  changed = true;
}

element('controls').addEventListener('submit', (event) => event.preventDefault());
for (const name of ['strategy', 'delay', 'lateness', 'window', 'size'] as const)
  controls[name].addEventListener('input', restart);
controls.data.addEventListener('input', () => void reload().catch(fail));
controls.seed.addEventListener('input', () => void load().then(restart, fail));
controls.pause.addEventListener('click', togglePause);
element('restart').addEventListener('click', restart);
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', restart);
addEventListener('error', (event) => fail(event.error));
window.__tidemark = { events: 0, windows: 0, late: 0, corrections: 0, duplicates: 0, done: false, error: null, rejectedAt: null };
await reload().catch(fail);
requestAnimationFrame(frame);
