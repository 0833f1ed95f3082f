import type { Observable } from 'rxjs';
import {
  agg,
  aggregate,
  assigned,
  filterRows,
  intervalJoin,
  mapRows,
  rows,
  sliding,
  topN,
  tumbling,
  windowJoin,
  withWatermark,
} from '../library';
import { LONGEST, type Auction, type Bid, type Person } from './generator';
import { DELAY, SIZE, SLIDE } from './loops';
import * as make from './results';

/** The inputs: people, auctions, bids. */
export type Inputs = readonly [Observable<Person>, Observable<Auction>, Observable<Bid>];
type Query = (inputs: Inputs, every: number) => Observable<make.NexmarkRow>;

const timed = <T>(every: number) => withWatermark<T>('t' as never, DELAY, { emitEvery: { rows: every } });

export const q1: Query = ([, , bids], every) => bids.pipe(timed<Bid>(every), mapRows(make.converted), rows());

export const q2: Query = ([, , bids], every) =>
  bids.pipe(timed<Bid>(every), filterRows(make.isChosen), mapRows(make.chosen), rows());

export const q3: Query = ([people, auctions], every) =>
  auctions.pipe(
    timed<Auction>(every),
    filterRows(make.isOfCategory),
    intervalJoin(people.pipe(timed<Person>(every), filterRows(make.isLocal)), {
      on: { left: 'seller', right: 'id' },
      unbounded: true,
      select: make.suggestion,
    }),
    rows(),
  );

export const q4: Query = ([, auctions, bids], every) =>
  auctions.pipe(
    timed<Auction>(every),
    intervalJoin(bids.pipe(timed<Bid>(every)), {
      on: { left: 'id', right: 'auction' },
      within: { after: LONGEST },
      condition: ({ expires }, { t }) => t < expires,
      select: ({ id, category, t, expires }, { price }) => ({ id, category, price, window: { start: t, end: expires } }),
    }),
    aggregate({
      key: ['id', 'category'],
      window: assigned('window'),
      select: { price: agg.max('price') },
    }),
    aggregate({ key: 'category', window: tumbling(SIZE), select: { price: agg.avg('price') } }),
    mapRows(({ window, category, price }) => make.mean(window.start, category, price)),
    rows(),
  );

export const q5: Query = ([, , bids], every) =>
  bids.pipe(
    timed<Bid>(every),
    aggregate({ key: 'auction', window: sliding(SIZE, SLIDE), select: { n: agg.count() } }),
    topN({ n: 1, by: ({ auction, n }) => make.heat(auction, n), window: assigned('window') }),
    mapRows(({ window, auction, n }) => make.hottest(window.start, window.end, auction, n)),
    rows(),
  );

export const q7: Query = ([, , bids], every) =>
  bids.pipe(
    timed<Bid>(every),
    aggregate({ window: tumbling(SIZE), select: { top: agg.max('price') } }),
    mapRows(({ window, top }) => make.highest(window.start, top)),
    rows(),
  );

export const q8: Query = ([people, auctions], every) =>
  people.pipe(
    timed<Person>(every),
    aggregate({ key: 'id', window: tumbling(SIZE), select: { n: agg.count() } }),
    windowJoin(
      auctions.pipe(timed<Auction>(every), aggregate({ key: 'seller', window: tumbling(SIZE), select: { n: agg.count() } })),
      {
        on: { left: 'id', right: 'seller' },
        select: (person, auction) => make.newcomer(person.window.start, person.id, person.n * auction.n),
      },
    ),
    rows(),
  );
