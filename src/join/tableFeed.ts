import type { Observable } from 'rxjs';
import type { Sink } from '../element';
import { TidemarkError } from '../errors';
import { subscribeRows, TASK, type Graph } from '../rx';

type Rows<R> = readonly R[];

/** Where a table comes from: its rows, a promise of them, a function that loads them, or an Observable of whole tables. */
export type TableSource<R> = Rows<R> | PromiseLike<Rows<R>> | (() => Rows<R> | PromiseLike<Rows<R>>) | Observable<Rows<R>>;

/** Who is told of tables. Before the first one a failure is the stream's; after it the table that is there stays. */
export interface TableUser<R> {
  take(rows: Rows<R>): void;
  fail(cause: unknown): void;
}

/** Brings tables into a graph, each through its trampoline. */
export class TableFeed<R> {
  private isLoading = false;

  constructor(
    private readonly source: TableSource<R>,
    private readonly user: TableUser<R>,
    private readonly graph: Graph,
  ) {}

  start(): void {
    const { source } = this;
    if (isObservable<R>(source)) this.follow(source);
    else if (typeof source === 'function') this.load();
    else this.settle(source);
  }

  /** Loads again; a load that is under way is not overtaken. */
  load(): void {
    const { source } = this;
    if (this.isLoading || typeof source !== 'function') return;
    try {
      this.settle(source());
    } catch (cause) {
      this.enter(() => this.user.fail(cause));
    }
  }

  private settle(rows: Rows<R> | PromiseLike<Rows<R>>): void {
    if (!('then' in rows)) return this.enter(() => this.user.take(rows));
    this.isLoading = true;
    const done = (tell: () => void): void => {
      this.isLoading = false;
      this.enter(tell);
    };
    rows.then(
      (loaded) => done(() => this.user.take(loaded)),
      (cause: unknown) => done(() => this.user.fail(cause)),
    );
  }

  private follow(tables: Observable<Rows<R>>): void {
    let isThere = false;
    const sink: Pick<Sink<R>, 'end' | 'error'> = {
      end: () => {
        if (!isThere) this.user.fail(new TidemarkError('TIDEMARK_TABLE', 'the Observable of tables ended without one'));
      },
      error: (cause) => this.user.fail(cause),
    };
    const take = (rows: Rows<R>): void => {
      isThere = true;
      this.user.take(rows);
    };
    subscribeRows(tables, take, sink as Sink<R>, this.graph);
  }

  private enter(work: () => void): void {
    const { lifetime, shared } = this.graph;
    shared.trampoline.enter(TASK, () => {
      if (!lifetime.closed) work();
    });
  }
}

function isObservable<R>(source: TableSource<R>): source is Observable<Rows<R>> {
  return typeof source === 'object' && 'subscribe' in source;
}
