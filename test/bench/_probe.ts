import { from } from 'rxjs';
import { metrics, W2, WATERMARK_EVERY } from './data';
import { w2Pipeline } from './pipelines/w2';
import { w2Loop } from './loops/w2';
const { sizeMs, slideMs, shape } = W2[720];
const events = metrics(shape);
let n = 0, s = 0, r = 0;
const cbs: Record<string, (row: any) => void> = {
  count: () => { n++; },
  fields: (row) => { n++; r += row.n; s += row.total ?? 0; },
  coalesce: (row) => { n++; r += row.n ?? 1; s += row.total ?? row.mean ?? row.t ?? 0; },
};
for (const [name, cb] of Object.entries(cbs)) for (const side of ['loop', 'lib']) {
  const ts: number[] = [];
  for (let i = 0; i < 5; i++) {
    (globalThis as any).gc();
    const c = process.cpuUsage();
    if (side === 'loop') w2Loop(events, sizeMs, slideMs, shape.delayMs, WATERMARK_EVERY, cb as never);
    else w2Pipeline(from(events), sizeMs, slideMs, shape.delayMs, WATERMARK_EVERY).subscribe(cb as never);
    const d = process.cpuUsage(c); ts.push((d.user + d.system) / 1000);
  }
  console.log(name, side, ts.map((t) => t.toFixed(0)).join(' '), 'ms; events', events.length);
}
console.log(n, s, r);
