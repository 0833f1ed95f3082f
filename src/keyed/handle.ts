import { checkOption } from '../errors';
import { normalKey, restoreKey, type Primitive } from '../key';
import type { StateTable } from '../state/table';
import { parsePositive, type Duration } from '../time/duration';
import type { Cells } from './cells';
import { PartCells } from './partCells';
import { checkState, refuse } from './refuse';
import type { Scope } from './scope';
import { ValueCells } from './valueCells';

/** Options of one state. */
export interface StateOptions {
  /** How long a value is kept after it was written, in processing time; default: that of the operator, else for ever. */
  readonly ttl?: Duration;
}

/** One value a key. */
export interface ValueState<S> {
  exists(): boolean;
  get(): S | undefined;
  /** @throws `TIDEMARK_KEYED_STATE` for null or undefined */
  update(value: S): void;
  clear(): void;
}

/** A list a key, in order of appending. With a time to live each item has its own. */
export interface ListState<S> extends Iterable<S> {
  exists(): boolean;
  get(): readonly S[];
  append(...values: readonly S[]): void;
  /** Replaces the list. */
  put(values: Iterable<S>): void;
  clear(): void;
}

/** A map a key, in order of insertion. With a time to live each entry has its own. */
export interface MapState<N, S> extends Iterable<readonly [N, S]> {
  /** Is there any entry? */
  exists(): boolean;
  has(name: N): boolean;
  get(name: N): S | undefined;
  put(name: N, value: S): void;
  remove(name: N): void;
  keys(): Iterable<N>;
  values(): Iterable<S>;
  clear(): void;
}

/** Declares the states of a processor. Each is found under its name in checkpoints. */
export interface StateHandle {
  valueState<S>(name: string, options?: StateOptions): ValueState<S>;
  listState<S>(name: string, options?: StateOptions): ListState<S>;
  mapState<N, S>(name: string, options?: StateOptions): MapState<N, S>;
}

/** The states of one operator. All of them speak of the key whose call is at work. */
export class States implements StateHandle {
  readonly tables: Record<string, StateTable> = {};
  private readonly all: Cells[] = [];
  private sealed = false;
  private readonly now = (): number => this.scope.now();

  constructor(
    private readonly scope: Scope,
    private readonly columns: number,
    private readonly ttl: Duration | undefined,
  ) {}

  valueState<S>(name: string, options: StateOptions = {}): ValueState<S> {
    return new Value<S>(this.scope, this.declare(name, new ValueCells(this.columns, this.now, this.ttlOf(options))));
  }

  listState<S>(name: string, options: StateOptions = {}): ListState<S> {
    return new List<S>(this.scope, this.declare(name, new PartCells(this.columns, this.now, this.ttlOf(options))));
  }

  mapState<N, S>(name: string, options: StateOptions = {}): MapState<N, S> {
    return new Entries<N, S>(this.scope, this.declare(name, new PartCells(this.columns, this.now, this.ttlOf(options))));
  }

  private ttlOf({ ttl = this.ttl }: StateOptions): number {
    return ttl === undefined ? Infinity : parsePositive(ttl, 'ttl');
  }

  private declare<C extends Cells>(name: string, cells: C): C {
    if (this.sealed) refuse('declared-late', `state '${name}' is declared too late: declare all of it at the start`, { name });
    const table = `state:${name}`;
    checkOption(name !== '' && this.tables[table] === undefined, `a state needs a name of its own, not '${name}'`, { name });
    this.tables[table] = cells.table;
    this.all.push(cells);
    return cells;
  }

  /** No state is declared from here on: snapshots must know all of it. */
  seal(): void {
    this.sealed = true;
  }

  get size(): number {
    return this.all.reduce((sum, { size }) => sum + size, 0);
  }

  expire(now: number): void {
    for (const cells of this.all) this.scope.removed += cells.expire(now);
  }

  nextExpiry(): number {
    return this.all.reduce((soonest, cells) => Math.min(soonest, cells.nextExpiry()), Infinity);
  }
}

class Value<S> implements ValueState<S> {
  constructor(
    private readonly scope: Scope,
    private readonly cells: ValueCells,
  ) {}

  exists(): boolean {
    return this.cells.get(this.scope.key) !== undefined;
  }

  get(): S | undefined {
    return this.cells.get(this.scope.key)?.value as S | undefined;
  }

  update(value: S): void {
    checkState(value);
    this.cells.set(this.scope.key, value);
    this.scope.wrote = true;
  }

  clear(): void {
    if (this.cells.delete(this.scope.key)) this.scope.removed++;
  }
}

class List<S> implements ListState<S> {
  constructor(
    private readonly scope: Scope,
    private readonly cells: PartCells,
  ) {}

  exists(): boolean {
    return !this[Symbol.iterator]().next().done;
  }

  get(): readonly S[] {
    return [...this];
  }

  append(...values: readonly S[]): void {
    this.add(values);
  }

  private add(values: readonly S[]): void {
    for (const value of values) checkState(value);
    for (const value of values) this.cells.append(this.scope.key, value);
    if (values.length > 0) this.scope.wrote = true;
  }

  put(values: Iterable<S>): void {
    const items = [...values]; // may be the list itself
    for (const value of items) checkState(value);
    this.clear();
    this.add(items);
  }

  clear(): void {
    this.scope.removed += this.cells.deleteAll(this.scope.key);
  }

  *[Symbol.iterator](): Iterator<S> {
    for (const { value } of this.cells.alive(this.scope.key)) yield value as S;
  }
}

class Entries<N, S> implements MapState<N, S> {
  constructor(
    private readonly scope: Scope,
    private readonly cells: PartCells,
  ) {}

  exists(): boolean {
    return !this[Symbol.iterator]().next().done;
  }

  has(name: N): boolean {
    return this.cells.get(this.scope.key, normalKey(name)) !== undefined;
  }

  get(name: N): S | undefined {
    return this.cells.get(this.scope.key, normalKey(name))?.value as S | undefined;
  }

  put(name: N, value: S): void {
    checkState(value);
    this.cells.set(this.scope.key, normalKey(name), value);
    this.scope.wrote = true;
  }

  remove(name: N): void {
    if (this.cells.delete(this.scope.key, normalKey(name))) this.scope.removed++;
  }

  *keys(): Iterable<N> {
    for (const [name] of this) yield name;
  }

  *values(): Iterable<S> {
    for (const [, value] of this) yield value;
  }

  clear(): void {
    this.scope.removed += this.cells.deleteAll(this.scope.key);
  }

  *[Symbol.iterator](): Iterator<readonly [N, S]> {
    for (const { part, value } of this.cells.alive(this.scope.key)) yield [nameOf<N>(part), value as S];
  }
}

function nameOf<N>(part: Primitive): N {
  return restoreKey(part) as N;
}
