import { Subject, type Observable, type Subscription } from 'rxjs';
import { TidemarkError } from '../errors';

/** Ordinary RxJS operators between rows that go in and rows that come out in the same call. */
export class RowPipe<T, R> {
  private readonly input = new Subject<T>();
  private readonly output: Subscription;
  private got: R[] = [];
  private feeding = false;
  private failure: { readonly cause: unknown } | undefined;

  constructor(build: (rows: Observable<T>) => Observable<R>) {
    this.output = build(this.input.asObservable()).subscribe({
      next: (row) => {
        if (this.feeding) this.got.push(row);
        else this.fail('an operator inside perRow spoke outside of a row; only synchronous ones may stand there');
      },
      error: (cause: unknown) => (this.failure ??= { cause }),
      complete: () => this.fail('an operator inside perRow completed; only stateless ones may stand there'),
    });
  }

  private fail(message: string): void {
    this.failure ??= { cause: new TidemarkError('TIDEMARK_PER_ROW', `${message}; use mapAsync, or leave with rows() first`) };
  }

  /** What comes out for this row, at once. Throws what the operators threw. */
  feed(row: T): readonly R[] {
    this.check();
    this.got = [];
    this.feeding = true;
    this.input.next(row);
    this.feeding = false;
    this.check();
    return this.got;
  }

  private check(): void {
    if (this.failure !== undefined) throw this.failure.cause;
  }

  close(): void {
    this.output.unsubscribe();
  }
}
