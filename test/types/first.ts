import { from } from 'rxjs';
import { agg, aggregate, events, tumbling, rows, withWatermark } from 'tidemark';

interface Ev {
  t: number;
  k: string;
  v: number | null;
  c: Date;
}
const src = from([] as Ev[]);
const a$ = src.pipe(withWatermark('t', '10 minutes'));
a$.pipe(aggregate({ key: (r) => r.k.length, window: tumbling(5), select: { n: agg.count('v') } }), rows()).subscribe((r) => {
  const x: number = r.key;
  void x;
});
a$.pipe(aggregate({ key: { len: (r) => r.k.length }, window: tumbling(5), select: { n: agg.count('v') } }), rows()).subscribe(
  (r) => {
    const x: number = r.len;
    void x;
  },
);
a$.pipe(aggregate({ key: (r) => r.k.length, select: { n: agg.count('v') } }), rows()).subscribe((r) => {
  const x: number = r.row.key;
  void x;
});
const e$ = events(src).pipe(aggregate({ key: 'k', select: { n: agg.count('v') } }), rows());
e$.subscribe((ch) => {
  const x: string = ch.row.k;
  void x;
});
a$.pipe(aggregate({ window: tumbling(5), select: { n: agg.count('v') } }), rows()).subscribe((r) => {
  const x: number = r.n;
  void x;
});
