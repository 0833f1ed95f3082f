import {
  ASYMMETRIC_MATCHERS_OBJECT,
  chai,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
  getState,
  setState,
} from '@vitest/expect';

/** One `it`, with all the hooks around it. */
export interface Case {
  readonly name: string;
  run(): Promise<void>;
}

type Body = (...args: readonly unknown[]) => unknown;
type Hook = () => unknown;

interface Suite {
  readonly name: string;
  readonly parent: Suite | undefined;
  readonly skipped: boolean;
  readonly before: Hook[];
  readonly after: Hook[];
  readonly beforeAll: Hook[];
  isOpen: boolean;
}

chai.use(JestExtend);
chai.use(JestChaiExpect);
chai.use(JestAsymmetricMatchers);

/** What a test file gets for `import … from 'vitest'`: enough of it to run unit tests many thousand times. */
export function shimOf(): { module: Record<string, unknown>; collect(): readonly Case[] } {
  const cases: Case[] = [];
  let suite: Suite = suiteOf('', undefined, false);

  const expect = Object.assign(
    (value: unknown, message?: string) => chai.expect(value, message),
    chai.expect,
  ) as unknown as Record<string, unknown>;
  Object.assign(expect, (globalThis as unknown as Record<symbol, object>)[ASYMMETRIC_MATCHERS_OBJECT]);
  expect.getState = () => getState(expect as never);
  expect.setState = (state: object) => setState(state, expect as never);
  (expect.setState as (state: object) => void)({
    assertionCalls: 0,
    isExpectingAssertions: false,
    isExpectingAssertionsError: null,
    expectedAssertionsNumber: null,
    currentTestName: '',
  });
  expect.assertions = () => undefined;
  expect.hasAssertions = () => undefined;
  expect.extend = (matchers: object) =>
    (chai.expect as unknown as { extend(e: unknown, m: object): void }).extend(expect, matchers);

  function define(name: string, skipped: boolean, body: Body | undefined, args: readonly unknown[]): void {
    const home = suite;
    if (skipped || body === undefined || isSkipped(home)) return;
    cases.push({
      name: `${pathOf(home)}${name}`,
      async run() {
        const suites = ancestors(home);
        for (const one of suites) {
          if (one.isOpen) continue;
          one.isOpen = true;
          for (const hook of one.beforeAll) await hook();
        }
        for (const one of suites) for (const hook of one.before) await hook();
        try {
          await body(...args);
        } finally {
          for (const one of [...suites].reverse()) for (const hook of one.after) await hook();
        }
      },
    });
  }

  const bodyOf = (rest: readonly unknown[]): Body | undefined =>
    rest.find((part) => typeof part === 'function') as Body | undefined;

  const it = withModes((name, rest, skipped, args) => define(name, skipped, bodyOf(rest), args));
  const describe = withModes((name, rest, skipped, args) => {
    const outer = suite;
    suite = suiteOf(name, outer, skipped);
    try {
      bodyOf(rest)?.(...args);
    } finally {
      suite = outer;
    }
  });

  const nothing: unknown = new Proxy(() => undefined, { get: () => nothing, apply: () => nothing });
  const hookInto = (list: 'before' | 'after' | 'beforeAll') => (hook: Hook) => void suite[list].push(hook);
  const module = {
    __esModule: true,
    it,
    test: it,
    describe,
    expect,
    expectTypeOf: nothing,
    assertType: () => undefined,
    beforeEach: hookInto('before'),
    afterEach: hookInto('after'),
    beforeAll: hookInto('beforeAll'),
    afterAll: () => undefined,
  };
  return { module, collect: () => cases };
}

type Define = (name: string, rest: readonly unknown[], skipped: boolean, args: readonly unknown[]) => void;

/** `it`, `it.each`, `it.skip`, `it.skipIf`, `it.runIf`, `it.only`, `it.todo`, `it.concurrent`, `it.fails`. */
function withModes(define: Define): object {
  const call = (name: unknown, ...rest: readonly unknown[]): void => define(String(name), rest, false, []);
  const skip = (): void => undefined;
  const each =
    (table: readonly unknown[]) =>
    (name: string, ...rest: readonly unknown[]): void =>
      table.forEach((row, i) => define(`${name} #${i}`, rest, false, table.every(Array.isArray) ? (row as unknown[]) : [row]));
  const modes = Object.assign(call, {
    each,
    for:
      (table: readonly unknown[]) =>
      (name: string, ...rest: readonly unknown[]) =>
        table.forEach((row, i) => define(`${name} #${i}`, rest, false, [row])),
  });
  const skipped = Object.assign(skip, { each: () => skip });
  return Object.assign(modes, {
    only: modes,
    concurrent: modes,
    sequential: modes,
    skip: skipped,
    todo: skip,
    fails: skip,
    skipIf: (condition: unknown) => (condition ? skipped : modes),
    runIf: (condition: unknown) => (condition ? modes : skipped),
  });
}

const suiteOf = (name: string, parent: Suite | undefined, skipped: boolean): Suite => ({
  name,
  parent,
  skipped,
  before: [],
  after: [],
  beforeAll: [],
  isOpen: false,
});

const ancestors = (suite: Suite | undefined): Suite[] => (suite === undefined ? [] : [...ancestors(suite.parent), suite]);

const isSkipped = (suite: Suite): boolean => ancestors(suite).some(({ skipped }) => skipped);

const pathOf = (suite: Suite): string =>
  ancestors(suite)
    .map(({ name }) => (name === '' ? '' : `${name} > `))
    .join('');
