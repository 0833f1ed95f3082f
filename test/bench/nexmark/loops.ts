import { Clock, Waiting } from '../loops/join';
import { AUCTION, BID, LONGEST, PERSON, type Auction, type Bid, type Mixed, type Person } from './generator';
import * as make from './results';

/** The queries by hand, with what the library promises too: late rows are left out, state goes when W has passed it. */
type Events = Mixed<Person | Auction | Bid>;
type OnRow = (row: make.NexmarkRow) => void;

export const DELAY = 4000;
export const SIZE = 10_000;
export const SLIDE = 2000;

export function q1({ inputs, rows }: Events, _every: number, onRow: OnRow): void {
  for (let i = 0; i < rows.length; i++) if (inputs[i] === BID) onRow(make.converted(rows[i] as Bid));
}

export function q2({ inputs, rows }: Events, _every: number, onRow: OnRow): void {
  for (let i = 0; i < rows.length; i++) {
    if (inputs[i] === BID && make.isChosen(rows[i] as Bid)) onRow(make.chosen(rows[i] as Bid));
  }
}

/** People and what they sell: both wait for ever. */
export function q3({ inputs, rows }: Events, _every: number, onRow: OnRow): void {
  const people = new Map<number, Person[]>();
  const auctions = new Map<number, Auction[]>();
  for (let i = 0; i < rows.length; i++) {
    if (inputs[i] === PERSON) {
      const person = rows[i] as Person;
      if (!make.isLocal(person)) continue;
      push(people, person.id, person);
      for (const auction of auctions.get(person.id) ?? []) onRow(make.suggestion(auction, person));
    } else if (inputs[i] === AUCTION) {
      const auction = rows[i] as Auction;
      if (!make.isOfCategory(auction)) continue;
      push(auctions, auction.seller, auction);
      for (const person of people.get(auction.seller) ?? []) onRow(make.suggestion(auction, person));
    }
  }
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const values = map.get(key);
  if (values === undefined) map.set(key, [value]);
  else values.push(value);
}

interface Open {
  readonly category: number;
  readonly expires: number;
  price: number;
}

/** Bids meet their auctions; the best of each, when it is over, counts in its category's mean of ten seconds. */
export function q4({ inputs, rows }: Events, every: number, onRow: OnRow): void {
  const [auctions, bids] = [new Waiting<Auction>(100), new Waiting<Bid>(100)];
  const clocks = [new Clock(DELAY, every), new Clock(DELAY, every)];
  const open = new Map<number, Open>();
  const due = new Map<number, number[]>(); // auctions by the second in which they end
  const means = new Map<number, Map<number, [sum: number, n: number]>>();
  let w = -Infinity;
  let turned = Infinity;
  const meet = (auction: Auction, bid: Bid): void => {
    if (bid.t < auction.t || bid.t >= auction.expires) return;
    const known = open.get(auction.id);
    if (known !== undefined) {
      if (bid.price > known.price) known.price = bid.price;
      return;
    }
    open.set(auction.id, { category: auction.category, expires: auction.expires, price: bid.price });
    const second = Math.floor(auction.expires / 1000);
    push(due, second, auction.id);
    if (second < turned) turned = second;
  };
  const close = (now: number): void => {
    const last = now === Infinity ? Math.max(turned, ...due.keys()) : Math.floor(now / 1000);
    for (; turned <= last && due.size > 0; turned++) {
      const ids = due.get(turned);
      if (ids === undefined) continue;
      const rest = ids.filter((id) => open.get(id)!.expires > now);
      for (const id of ids) if (open.get(id)!.expires <= now) settle(id);
      if (rest.length === 0) due.delete(turned);
      else {
        due.set(turned, rest);
        break;
      }
    }
    for (const [start, byCategory] of means) {
      if (start + SIZE > now) continue;
      for (const [category, [sum, n]] of byCategory) onRow(make.mean(start, category, sum / n));
      means.delete(start);
    }
  };
  const settle = (id: number): void => {
    const { category, expires, price } = open.get(id)!;
    open.delete(id);
    const start = Math.floor((expires - 1) / SIZE) * SIZE;
    let byCategory = means.get(start);
    if (byCategory === undefined) means.set(start, (byCategory = new Map()));
    const mean = byCategory.get(category);
    if (mean === undefined) byCategory.set(category, [price, 1]);
    else [mean[0], mean[1]] = [mean[0] + price, mean[1] + 1];
  };
  for (let i = 0; i < rows.length; i++) {
    if (inputs[i] === PERSON) continue;
    const isBid = inputs[i] === BID;
    const row = rows[i] as Auction | Bid;
    if (row.t > w) {
      if (isBid) {
        const bid = row as Bid;
        for (const auction of auctions.of(bid.auction) ?? []) meet(auction, bid);
        bids.add(bid.auction, bid);
      } else {
        const auction = row as Auction;
        for (const bid of bids.of(auction.id) ?? []) meet(auction, bid);
        auctions.add(auction.id, auction);
      }
    }
    if (!clocks[isBid ? 1 : 0]!.saw(row.t)) continue;
    w = Math.min(clocks[0]!.w, clocks[1]!.w);
    auctions.forget(w - LONGEST - 1);
    bids.forget(w - 1);
    close(w - LONGEST - 1);
  }
  close(Infinity);
}

/** The auction with the most bids of ten seconds, every two seconds: counts by slice, put together when a window ends. */
export function q5({ inputs, rows }: Events, every: number, onRow: OnRow): void {
  const slices = new Map<number, Map<number, number>>();
  const clock = new Clock(DELAY, every);
  let w = -Infinity;
  let next = Infinity; // end of the next window
  const close = (now: number): void => {
    for (; next <= now && slices.size > 0; next += SLIDE) {
      const counts = new Map<number, number>();
      for (let start = next - SIZE; start < next; start += SLIDE) {
        for (const [auction, n] of slices.get(start) ?? []) counts.set(auction, (counts.get(auction) ?? 0) + n);
      }
      let best: [auction: number, n: number] | undefined;
      for (const entry of counts) if (best === undefined || make.heat(...entry) > make.heat(...best)) best = entry;
      if (best !== undefined) onRow(make.hottest(next - SIZE, next, best[0], best[1]));
      slices.delete(next - SIZE);
    }
  };
  for (let i = 0; i < rows.length; i++) {
    if (inputs[i] !== BID) continue;
    const { t, auction } = rows[i] as Bid;
    const start = Math.floor(t / SLIDE) * SLIDE;
    if (start + SIZE > w) {
      let slice = slices.get(start);
      if (slice === undefined) {
        slices.set(start, (slice = new Map()));
        next = Math.min(next, start + SLIDE);
      }
      slice.set(auction, (slice.get(auction) ?? 0) + 1);
    }
    if (clock.saw(t)) close((w = clock.w));
  }
  close(Infinity);
}

/** The highest bid of ten seconds. */
export function q7({ inputs, rows }: Events, every: number, onRow: OnRow): void {
  const best = new Map<number, Bid>();
  const clock = new Clock(DELAY, every);
  let w = -Infinity;
  const close = (now: number): void => {
    for (const [start, bid] of best) {
      if (start + SIZE > now) continue;
      best.delete(start);
      onRow(make.highest(start, bid.price));
    }
  };
  for (let i = 0; i < rows.length; i++) {
    if (inputs[i] !== BID) continue;
    const bid = rows[i] as Bid;
    const start = Math.floor(bid.t / SIZE) * SIZE;
    if (start + SIZE > w) {
      const known = best.get(start);
      if (known === undefined || bid.price > known.price) best.set(start, bid);
    }
    if (clock.saw(bid.t)) close((w = clock.w));
  }
  close(Infinity);
}

/** People who sell within the ten seconds in which they came. */
export function q8({ inputs, rows }: Events, every: number, onRow: OnRow): void {
  const people = new Map<number, Map<number, number>>();
  const sellers = new Map<number, Map<number, number>>();
  const clocks = [new Clock(DELAY, every), new Clock(DELAY, every)];
  const low = [-Infinity, -Infinity];
  const close = (now: number): void => {
    for (const [start, ids] of people) {
      if (start + SIZE > now) continue;
      const selling = sellers.get(start);
      for (const [id, n] of ids) if (selling?.has(id) === true) onRow(make.newcomer(start, id, n * selling.get(id)!));
      people.delete(start);
    }
    for (const start of sellers.keys()) if (start + SIZE <= now) sellers.delete(start);
  };
  for (let i = 0; i < rows.length; i++) {
    const input = inputs[i]!;
    if (input === BID) continue;
    const row = rows[i] as Person | Auction;
    const start = Math.floor(row.t / SIZE) * SIZE;
    if (start + SIZE > low[input]!) {
      const groups = input === PERSON ? people : sellers;
      const id = input === PERSON ? (row as Person).id : (row as Auction).seller;
      let group = groups.get(start);
      if (group === undefined) groups.set(start, (group = new Map()));
      group.set(id, (group.get(id) ?? 0) + 1);
    }
    if (!clocks[input]!.saw(row.t)) continue;
    low[input] = clocks[input]!.w;
    close(Math.min(low[0]!, low[1]!));
  }
  close(Infinity);
}
