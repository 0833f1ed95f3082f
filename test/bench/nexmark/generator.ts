import { randomFrom } from '../data';

/**
 * Events of an auction site after the public generator of the Nexmark suite, with its default settings: of 50 events 1 is a
 * person, 3 are auctions and 46 are bids; 10,000 events a second; half of the bids go to the hot auction of the last 100, 3
 * of 4 auctions are of the hot seller, 3 of 4 bids of the hot bidder; 100 auctions are open at a time; nothing is out of
 * order. Texts that no query reads are left out.
 */
export interface Person {
  readonly id: number;
  readonly name: string;
  readonly city: string;
  readonly state: string;
  readonly t: number;
}
export interface Auction {
  readonly id: number;
  readonly seller: number;
  readonly category: number;
  readonly expires: number;
  readonly t: number;
}
export interface Bid {
  readonly auction: number;
  readonly bidder: number;
  readonly price: number;
  readonly t: number;
}

export const PERSON = 0;
export const AUCTION = 1;
export const BID = 2;

/** Rows of several inputs in order of arrival: which input each belongs to, and the row. */
export interface Mixed<R> {
  readonly inputs: Uint8Array;
  readonly rows: readonly R[];
}

const [PEOPLE, AUCTIONS, TOTAL] = [1, 3, 50];
const FIRST_ID = 1000;
const LEAD = 10;
const IN_FLIGHT = 100;
const ACTIVE_PEOPLE = 1000;
const HOT_BATCH = 100;
const EVENTS_PER_MS = 10;
const START = 1_699_999_200_000;
const STATES = ['AZ', 'CA', 'ID', 'OR', 'WA', 'WY'];
const CITIES = ['Phoenix', 'Boise', 'Portland', 'Bend', 'Redmond', 'Seattle', 'Kent', 'Cheyenne'];

/** The longest that an auction can be open, ms. */
export const LONGEST = Math.ceil((2 * IN_FLIGHT * TOTAL) / AUCTIONS / EVENTS_PER_MS) + 2;

export function nexmark(events: number, seed = 5): Mixed<Person | Auction | Bid> {
  const random = randomFrom(seed);
  const int = (below: number): number => Math.floor(random() * below);
  const inputs = new Uint8Array(events);
  const rows: (Person | Auction | Bid)[] = [];
  for (let n = 0; n < events; n++) {
    const offset = n % TOTAL;
    const t = START + Math.floor(n / EVENTS_PER_MS);
    inputs[n] = offset < PEOPLE ? PERSON : offset < PEOPLE + AUCTIONS ? AUCTION : BID;
    if (inputs[n] === PERSON) rows.push(personOf(n, t, int));
    else rows.push(inputs[n] === AUCTION ? auctionOf(n, t, int) : bidOf(n, t, int, random));
  }
  return { inputs, rows };
}

type Int = (below: number) => number;

/** Numbers, from 0, of the newest person and the newest auction. */
function lastPerson(n: number): number {
  return Math.floor(n / TOTAL) * PEOPLE + Math.min(n % TOTAL, PEOPLE - 1);
}

function lastAuction(n: number): number {
  const epoch = Math.floor(n / TOTAL);
  const offset = n % TOTAL;
  if (offset < PEOPLE) return Math.max(0, epoch * AUCTIONS - 1);
  return epoch * AUCTIONS + Math.min(offset - PEOPLE, AUCTIONS - 1);
}

function anyPerson(n: number, int: Int): number {
  const people = lastPerson(n) + 1;
  const active = Math.min(people, ACTIVE_PEOPLE);
  return people - active + int(active + LEAD);
}

function hot(last: number): number {
  return Math.floor(last / HOT_BATCH) * HOT_BATCH;
}

function personOf(n: number, t: number, int: Int): Person {
  const id = lastPerson(n) + FIRST_ID;
  return { id, name: `person ${int(99)}`, city: CITIES[int(CITIES.length)]!, state: STATES[int(STATES.length)]!, t };
}

function auctionOf(n: number, t: number, int: Int): Auction {
  const seller = (int(4) > 0 ? hot(lastPerson(n)) : anyPerson(n, int)) + FIRST_ID;
  return { id: lastAuction(n) + FIRST_ID, seller, category: 10 + int(5), expires: t + 1 + int(LONGEST - 2), t };
}

function bidOf(n: number, t: number, int: Int, random: () => number): Bid {
  const last = lastAuction(n);
  const oldest = Math.max(last - IN_FLIGHT, 0);
  const auction = (int(2) > 0 ? hot(last) : oldest + int(last - oldest + 1 + LEAD)) + FIRST_ID;
  const bidder = (int(4) > 0 ? hot(lastPerson(n)) + 1 : anyPerson(n, int)) + FIRST_ID;
  return { auction, bidder, price: Math.round(10 ** (random() * 6) * 100), t };
}
