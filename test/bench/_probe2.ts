import { from } from 'rxjs';
import { metrics, W2, WATERMARK_EVERY } from './data';
import { w2Pipeline } from './pipelines/w2';
const { sizeMs, slideMs, shape } = W2[720];
const events = metrics(shape);
let n = 0; const ts: string[] = [];
for (let i = 0; i < 25; i++) {
  if (process.argv[2] === 'gc') (globalThis as any).gc();
  const c = process.cpuUsage();
  w2Pipeline(from(events), sizeMs, slideMs, shape.delayMs, WATERMARK_EVERY).subscribe(() => { n++; });
  const d = process.cpuUsage(c); ts.push(((d.user + d.system) / 1000).toFixed(0));
}
console.log(ts.join(' '));
