/** The runner itself: it refuses what is malformed, notices what is wrong, and looks at nothing but the case. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { allFeatures } from './features';
import { findFiles, type Found } from './files';
import { exitCode, lastLine, suiteLines } from './report';
import { isRecord } from './shape';
import { runFile, type SuiteResult } from './suites';
import type { Verdict } from './verdict';

type Json = Record<string, unknown>;

const HERE = dirname(fileURLToPath(import.meta.url));
const FOLDER = mkdtempSync(join(tmpdir(), 'tidemark-conformance-'));
afterAll(() => rmSync(FOLDER, { recursive: true, force: true }));

const casesOf = (kind: string): Found[] => [...findFiles([join(HERE, 'cases', kind)])];
const clone = <T>(value: T): T => structuredClone(value);
const fileOf = (found: Found): { cases: Json[] } & Json => clone(found.content) as { cases: Json[] } & Json;
const run = (content: unknown, path = join(HERE, 'cases/golden/any.json')): Promise<SuiteResult> => runFile({ path, content });

/** The verdict on one case, in a file of its kind. */
async function verdict(header: Json, one: unknown): Promise<Verdict> {
  return (await run({ suite: 'test', origin: 'test', ...header, cases: [one] })).cases[0]!.verdict;
}
const element = (one: unknown): Promise<Verdict> => verdict({ formatVersion: 1 }, one);
const golden = (one: unknown): Promise<Verdict> => verdict({ format: 1, data: '../../data' }, one);
const spark = (one: unknown): Promise<Verdict> => verdict({ format: 1 }, one);

const A = { key: 'k', value: 1, time: 5 };
const windowCase = (operator: Json = {}, steps: unknown[] = []): Json => ({
  name: 'a case',
  operator: { type: 'window', assigner: { kind: 'tumbling', sizeMs: 10 }, aggregate: { fn: 'sum' }, ...operator },
  steps: [{ element: A }, ...steps, { watermark: 9 }, { expect: [{ key: 'k', value: 1, windowStart: 0, windowEnd: 10 }] }],
});
const goldenCase = (fields: Json = {}, query: unknown[] = []): Json => ({
  name: 'a case',
  streams: {
    in: {
      rows: [
        [1, 'a'],
        [2, 'b'],
        [2, 'b'],
      ],
      columns: [
        ['t', 'timestamp'],
        ['v', 'string'],
      ],
    },
  },
  query: [{ op: 'withWatermark', column: 't', delayMs: 5 }, ...query],
  outputMode: 'append',
  execution: { mode: 'element' },
  flush: true,
  expect: { rowCount: 3 },
  ...fields,
});
const sparkCase = (fields: Json = {}): Json => ({
  name: 'a case',
  outputMode: 'append',
  streams: { in: { columns: [['v', 'long']] } },
  query: [{ op: 'filter', where: ['v', '>', 1] }],
  steps: [{ add: { in: [[1], [2]] } }, { run: true }, { expectNew: [[2]] }],
  ...fields,
});

describe('a sound case', () => {
  it('passes', async () => {
    expect(await element(windowCase())).toEqual({ kind: 'passed' });
    expect(await golden(goldenCase())).toEqual({ kind: 'passed' });
    expect(await spark(sparkCase())).toEqual({ kind: 'passed' });
  });
});

describe('a malformed case fails: it is not skipped, and ends nothing', () => {
  const window = (operator: Json, steps?: unknown[]): Promise<Verdict> => element(windowCase(operator, steps));
  const typed = (operator: Json, ...steps: unknown[]): Promise<Verdict> =>
    element({ name: 'x', operator, steps: [...steps, { expect: [] }] });

  it.each<[string, () => Promise<Verdict>]>([
    ['no object', () => element(7)],
    ['null', () => element(null)],
    ['no operator', () => element({ name: 'x', steps: [{ expect: [] }] })],
    ['no name', () => element({ ...windowCase(), name: undefined })],
    ['unknown field of the case', () => element({ ...windowCase(), step: [] })],
    ['unknown operator', () => typed({ type: 'windows' })],
    ['a name from the prototype', () => typed({ type: 'constructor' })],
    ['unknown field of the operator', () => window({ allowedLateness: 5 })],
    ['unknown assigner', () => window({ assigner: { kind: 'hopping', sizeMs: 10 } })],
    ['assigner without a size', () => window({ assigner: { kind: 'tumbling' } })],
    ['size that is no number', () => window({ assigner: { kind: 'tumbling', sizeMs: '10' } })],
    ['size that the library refuses', () => window({ assigner: { kind: 'tumbling', sizeMs: 0 } })],
    ['session without a gap', () => window({ assigner: { kind: 'session' } })],
    ['unknown aggregate', () => window({ aggregate: { fn: 'median' } })],
    ['unknown trigger', () => window({ trigger: { kind: 'sometimes' } })],
    [
      'unknown trigger inside one that cannot be run',
      () => window({ trigger: { kind: 'repeatedly', of: { kind: 'sometimes' } } }),
    ],
    ['unknown emit', () => window({ emit: 'onTime' })],
    ['unknown accumulation', () => window({ accumulation: 'adding' })],
    ['unknown combiner', () => window({ timestampCombiner: 'middle' })],
    ['steps that are no list', () => element({ ...windowCase(), steps: {} })],
    ['no steps', () => element({ ...windowCase(), steps: [] })],
    ['nothing expected', () => element({ ...windowCase(), steps: [{ element: A }] })],
    ['unknown step', () => window({}, [{ watermarks: 5 }])],
    ['two steps in one', () => window({}, [{ watermark: 5, processingTime: 5 }])],
    ['unknown field of a step', () => window({}, [{ watermark: 5, at: 5 }])],
    ['unknown order', () => element({ ...windowCase(), steps: [{ expect: [], order: 'any' }] })],
    ['step of another operator', () => window({}, [{ assign: 1, expectWindows: [[0, 10]] }])],
    ['element without a time', () => window({}, [{ element: { key: 'k', value: 1 } }])],
    ['element without a value', () => window({}, [{ element: { key: 'k', time: 1 } }])],
    ['time that is no whole number', () => window({}, [{ element: { ...A, time: 1.5 } }])],
    ['value that cannot be summed', () => window({}, [{ element: { ...A, value: 'one' } }])],
    ['input that is not there', () => window({}, [{ watermark: 5, input: 1 }])],
    ['watermark that is no number', () => window({}, [{ watermark: 'late' }])],
    ['clock that goes back', () => window({}, [{ processingTime: 5 }, { processingTime: 4 }])],
    ['state of another operator', () => window({}, [{ expectState: { timers: 0 } }])],
    ['error among other steps', () => window({}, [{ expectError: 'construction' }])],
    ['unknown strategy', () => typed({ type: 'watermarkGenerator', strategy: { kind: 'adaptive' } })],
    ['unknown variant', () => typed({ type: 'watermarkMerge', inputs: 1, variant: 'valve' })],
    ['step that does not go with a detector', () => typed({ type: 'idlenessDetector', timeoutMs: 5 })],
    ['unknown join, not built', () => typed({ type: 'intervalJoin', join: 'cross', lowerMs: 0, upperMs: 1 })],
    ['join without bounds, not built', () => typed({ type: 'intervalJoin', join: 'inner' })],
    ['unknown program, not built', () => typed({ type: 'keyedProcess', program: 'echo' })],
    [
      'unknown contiguity, not built',
      () => typed({ type: 'pattern', stages: [{ name: 'a', contiguity: 'after', where: null }] }),
    ],
    [
      'unknown step, not built',
      () => typed({ type: 'pattern', stages: [{ name: 'a', contiguity: 'begin', where: null }] }, { elements: [] }),
    ],
    ['differs, but malformed', () => element({ ...windowCase({ trigger: { kind: 'x' } }), differs: 'on purpose' })],
    ['quirk, but malformed', () => element({ ...windowCase({ trigger: { kind: 'x' } }), quirk: true })],
  ])('element: %s', async (_name, answer) => expect((await answer()).kind).toBe('failed'));

  const query = (...ops: unknown[]): Promise<Verdict> => golden(goldenCase({}, ops));
  const windowed = { op: 'window', column: 't', sizeMs: 10, as: 'w' };
  it.each<[string, () => Promise<Verdict>]>([
    ['no streams', () => golden(goldenCase({ streams: {} }))],
    ['unknown field', () => golden(goldenCase({ flushed: true }))],
    ['unknown output mode', () => golden(goldenCase({ outputMode: 'all' }))],
    ['complete mode without an aggregate', () => golden(goldenCase({ outputMode: 'complete' }))],
    ['unknown execution', () => golden(goldenCase({ execution: { mode: 'batch' } }))],
    ['batches without a size', () => golden(goldenCase({ execution: { mode: 'microbatch' } }))],
    ['batches by an unknown column', () => golden(goldenCase({ execution: { mode: 'microbatch', batchBy: 'x' } }))],
    ['unknown operator', () => query({ op: 'flatMap' })],
    ["another format's operator", () => query({ op: 'limit', n: 1 })],
    ['unknown field of an operator', () => query({ op: 'filter', where: ['t', '>', 1], when: 1 })],
    ['unknown column', () => query({ op: 'filter', where: ['x', '>', 1] })],
    ['unknown comparison', () => query({ op: 'filter', where: ['t', '~', 1] })],
    ['unknown predicate', () => query({ op: 'filter', where: { xor: [] } })],
    ['unknown function', () => query(windowed, { op: 'aggregate', keys: ['w'], aggs: { n: { fn: 'median', column: 't' } } })],
    ['function without its column', () => query(windowed, { op: 'aggregate', keys: ['w'], aggs: { n: { fn: 'sum' } } })],
    [
      'fraction out of range',
      () => query(windowed, { op: 'aggregate', keys: ['w'], aggs: { n: { fn: 'percentileCont', column: 't', p: 2 } } }),
    ],
    ['unknown expression', () => query({ op: 'compute', as: 'x', expr: ['^', 't', 2] })],
    ['expression with too few parts', () => query({ op: 'compute', as: 'x', expr: ['+', 't'] })],
    ['unknown input', () => query({ op: 'filter', where: ['t', '>', 1], in: 'x' })],
    ['unknown table', () => query({ op: 'joinStatic', table: 'x', type: 'inner', on: [['t', 't']] })],
    ['unknown join, not built', () => query({ op: 'join', id: 'j', left: 'in', right: 'in', type: 'cross', on: [['t', 't']] })],
    [
      'join of unknown streams, not built',
      () => query({ op: 'join', id: 'j', left: 'in', right: 'x', type: 'inner', on: [['t', 't']] }),
    ],
    ['unknown column type', () => golden(goldenCase({ streams: { in: { rows: [], columns: [['t', 'date']] } } }))],
    [
      'row that does not fit',
      () =>
        golden(
          goldenCase({
            streams: {
              in: {
                rows: [[1]],
                columns: [
                  ['t', 'timestamp'],
                  ['v', 'string'],
                ],
              },
            },
          }),
        ),
    ],
    [
      'value of another type',
      () =>
        golden(
          goldenCase({
            streams: {
              in: {
                rows: [['x', 'a']],
                columns: [
                  ['t', 'timestamp'],
                  ['v', 'string'],
                ],
              },
            },
          }),
        ),
    ],
    [
      'file that is not there',
      () => golden(goldenCase({ streams: { in: { file: 'x.csv', format: 'csv', columns: [['t', 'timestamp']] } } })),
    ],
    [
      'package that is not there',
      () =>
        golden(
          goldenCase({ streams: { in: { file: 'npm:no-such-thing/x.csv', format: 'csv', columns: [['t', 'timestamp']] } } }),
        ),
    ],
    ['needs in another form', () => golden(goldenCase({ needs: 'vega-datasets' }))],
    ['unknown summary', () => golden(goldenCase({ summary: [{ op: 'withWatermark', column: 't', delayMs: 0 }] }))],
    ['nothing expected', () => golden(goldenCase({ expect: {} }))],
    ['sum of an unknown column', () => golden(goldenCase({ expect: { sums: { x: 1 } } }))],
    ['late rows of an unknown operator', () => golden(goldenCase({ expectLate: { x: 0 } }))],
    ['golden table that is not there', () => golden(goldenCase({ expect: { file: 'x.csv', columns: { t: 't' }, key: ['t'] } }))],
  ])('golden: %s', async (_name, answer) => expect((await answer()).kind).toBe('failed'));

  it.each<[string, Json]>([
    ['no steps', { steps: [] }],
    ['unknown step', { steps: [{ runTwice: true }, { expectNew: [] }] }],
    ['unknown stream', { steps: [{ add: { x: [[1]] } }, { expectNew: [] }] }],
    ['row that does not fit', { steps: [{ add: { in: [[1, 2]] } }, { expectNew: [] }] }],
    ['value of another type', { steps: [{ add: { in: [['a']] } }, { expectNew: [] }] }],
    ['unknown mode', { outputMode: 'delta' }],
    ['unknown operator', { query: [{ op: 'map' }] }],
    ["another format's operator", { query: [{ op: 'previousRows', keys: [], n: 1, aggs: {} }] }],
    [
      "another format's function",
      { query: [{ op: 'aggregate', id: 'a', keys: [], aggs: { n: { fn: 'stddev', column: 'v' } } }], outputMode: 'complete' },
    ],
    [
      'unknown state function, not built',
      { query: [{ op: 'transformWithState', id: 's', keys: ['v'], fn: 'x', timeMode: 'none' }] },
    ],
    ['unknown reason', { steps: [{ expectError: { at: 'start', reason: 'because' } }] }],
    ['unknown conf', { conf: { policy: 'min' } }],
  ])('spark: %s', async (_name, fields) => expect((await spark(sparkCase(fields))).kind).toBe('failed'));

  it('spark: unknown table of facts', async () =>
    expect((await spark({ name: 'x', kind: 'facts', table: [] })).kind).toBe('failed'));

  it.each<[string, unknown]>([
    ['no list of cases', { formatVersion: 1, suite: 'x', cases: {} }],
    ['another version', { formatVersion: 2, suite: 'x', cases: [windowCase()] }],
    ['another version, spark', { format: 2, suite: 'x', cases: [sparkCase()] }],
    ['no version', { suite: 'x', cases: [windowCase()] }],
    ['unknown field', { formatVersion: 1, suite: 'x', case: [], cases: [windowCase()] }],
    ['a list', [windowCase()]],
  ])('file: %s', async (_name, content) => {
    const result = await run(content);
    expect(result.cases.map(({ verdict: { kind } }) => kind)).toEqual(['failed']);
    expect(exitCode([result])).toBe(1);
  });

  it('whatever a case is turned into, the run goes on', async () => {
    const pool = ['element', 'spark'].flatMap((kind) => casesOf(kind).map(fileOf));
    const junk = fc.constantFrom<unknown>(null, -1, 'x', [], {}, true, undefined, [null], { kind: 'x' });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(),
        fc.nat(),
        fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
        junk,
        async (f, c, path, value) => {
          const file = pool[f % pool.length]!;
          const one = clone(file.cases[c % file.cases.length]!);
          spoil(one, path, value);
          const [result] = (await run({ ...file, cases: [one] })).cases;
          expect(['passed', 'failed', 'skipped']).toContain(result!.verdict.kind);
        },
      ),
      { numRuns: 1500, seed: 11 },
    );
  }, 120_000);
});

/** Puts a value somewhere into a case. */
function spoil(target: unknown, [step, ...path]: readonly number[], value: unknown): void {
  if (typeof target !== 'object' || target === null || step === undefined) return;
  const keys = Object.keys(target);
  if (keys.length === 0) return;
  const key = keys[step % keys.length]!;
  const inner = (target as Json)[key];
  if (path.length > 0 && typeof inner === 'object' && inner !== null) spoil(inner, path, value);
  else (target as Json)[key] = value;
}

/** Every place in a case where an expected number stands. */
function expectedNumbers(target: unknown, within: boolean, place: readonly string[] = []): (readonly string[])[] {
  if (typeof target === 'number') return within ? [place] : [];
  if (!Array.isArray(target) && !isRecord(target)) return [];
  return Object.entries(target).flatMap(([key, value]) =>
    expectedNumbers(value, within || key.startsWith('expect'), [...place, key]),
  );
}

/** Late groups are not looked at where late rows are given: the library counts rows. */
function isCompared(one: Json, place: readonly string[]): boolean {
  const parent = place.slice(0, -1).reduce<unknown>((part, key) => (part as Json)[key], one) as Json;
  return !(place.at(-1) === 'dropped' && parent['droppedEvents'] !== undefined);
}

function changed(one: Json, place: readonly string[]): Json {
  const copy = clone(one);
  const parent = place.slice(0, -1).reduce<unknown>((part, key) => (part as Json)[key], copy) as Json;
  parent[place.at(-1)!] = (parent[place.at(-1)!] as number) + 7;
  return copy;
}

describe('a wrong expectation fails', () => {
  it.each(['element', 'spark'])(
    'every expected number of every passing case: %s',
    async (kind) => {
      let tried = 0;
      for (const found of casesOf(kind)) {
        const file = fileOf(found);
        for (const one of file.cases) {
          if ((await run({ ...file, cases: [one] })).cases[0]!.verdict.kind !== 'passed') continue;
          for (const place of expectedNumbers(one, false).filter((found) => isCompared(one, found))) {
            const [result] = (await run({ ...file, cases: [changed(one, place)] })).cases;
            expect(result!.verdict.kind, `${file['suite'] as string} | ${one['name'] as string} | ${place.join('.')}`).toBe(
              'failed',
            );
            tried++;
          }
        }
      }
      expect(tried).toBeGreaterThan(kind === 'element' ? 700 : 1000);
    },
    240_000,
  );

  it.each<[string, Json]>([
    ['number of rows', { expect: { rowCount: 4 } }],
    ['sum', { expect: { sums: { t: 6 } } }],
    [
      'table',
      {
        needs: 'npm:vega-datasets@3.2.1',
        expect: { file: 'vega-npm/golden/flights20k_static_join_state.csv', columns: { state: 'v' }, key: ['state'] },
      },
    ],
  ])('golden: %s', async (_name, fields) => expect((await golden(goldenCase(fields))).kind).toBe('failed'));

  it('golden: one cell, one late row, one row too few', async () => {
    const file = fileOf(casesOf('golden').find(({ path }) => path.includes('vega'))!);
    const late = file.cases.find(
      (one) => one['expectLate'] !== undefined && isRecord(one['expect']) && one['expect']['file'] !== undefined,
    )!;
    const again = async (fields: Json): Promise<string> =>
      (await run({ ...file, cases: [{ ...late, ...fields }] })).cases[0]!.verdict.kind;
    expect(await again({})).toBe('passed');
    expect(await again({ expectLate: { agg: 0 } })).toBe('failed');
    const expected = late['expect'] as Json;
    expect(await again({ expect: { ...expected, columns: { ...(expected['columns'] as Json), n: 'mag_max' } } })).toBe('failed');
    expect(await again({ expect: { ...expected, where: ['n', '>', 40] } })).toBe('failed');
  });

  it('the message shows what was expected and what came', async () => {
    const result = await run({ formatVersion: 1, suite: 'S', cases: [windowCase({}, [{ element: { ...A, value: 2 } }])] });
    const [line] = suiteLines(result);
    expect(line).toContain('FAILED S | a case | step 4 (expect)');
    expect(line).toMatch(/expected \{"key":"k","value":1,.*got .*"value":3/);
  });
});

describe('golden: what is counted and said', () => {
  const counts = [{ op: 'aggregate', id: 'agg', keys: ['w'], aggs: { n: { fn: 'count' } } }];
  const rowsAt = (...times: number[]): Json => ({
    in: {
      rows: times.map((t, i) => [t, `${i}`]),
      columns: [
        ['t', 'timestamp'],
        ['v', 'string'],
      ],
    },
  });

  it.each(['element', 'microbatch'])('a row is late once for each window that it has missed: %s', async (mode) => {
    // W is 20 before the last row, which missed [0, 12), [3, 15) and [6, 18) and is in time for [9, 21).
    const late = goldenCase({
      streams: rowsAt(20, 11),
      query: [
        { op: 'withWatermark', column: 't', delayMs: 0 },
        { op: 'window', column: 't', sizeMs: 12, slideMs: 3, as: 'w' },
        ...counts,
      ],
      execution: mode === 'element' ? { mode } : { mode, batchBy: 1 },
      expect: { rowCount: 4, sums: { n: 5 } },
    });
    expect(await golden({ ...late, expectLate: { agg: 3 } })).toEqual({ kind: 'passed' });
    expect((await golden({ ...late, expectLate: { agg: 1 } })).kind).toBe('failed');
  });

  it('in update mode, too, each operator has the watermarks above it alone, when rows come one by one', async () => {
    const branch = (v: string, id: string): unknown[] => [
      { op: 'filter', where: ['v', 'in', v.split('')], in: 'in' },
      { op: 'withWatermark', column: 't', delayMs: 0 },
      { op: 'dropDuplicates', id, columns: ['t'] },
    ];
    // For the first branch 5 comes after 20; the second has seen nothing yet.
    const update = goldenCase({
      streams: rowsAt(20, 5, 30),
      query: [
        ...branch('01', 'a'),
        ...branch('2', 'b'),
        { op: 'union', inputs: ['a', 'b'] },
        { op: 'window', column: 't', sizeMs: 10, as: 'w' },
        ...counts,
      ],
      outputMode: 'update',
      expect: { rowCount: 2 },
      expectLate: { a: 1, b: 0, agg: 0 },
    });
    expect(await golden(update)).toEqual({ kind: 'passed' });
    expect(await golden({ ...update, flush: false })).toEqual({ kind: 'passed' });
  });

  it('in update mode, too, a row of a group by event time is late once its time is over', async () => {
    const update = goldenCase({
      streams: rowsAt(5, 5, 20, 11, 20),
      query: [
        { op: 'withWatermark', column: 't', delayMs: 8 },
        { op: 'aggregate', id: 'agg', keys: ['t'], aggs: { n: { fn: 'count' } } },
      ],
      outputMode: 'update',
      expect: { rowCount: 2, sums: { n: 4 } },
      expectLate: { agg: 1 },
    });
    expect(await golden(update)).toEqual({ kind: 'passed' });
  });
});

describe('names, places and neighbours decide nothing', () => {
  it.each(['element', 'spark'])('%s cases in another file under other names', async (kind) => {
    for (const found of casesOf(kind)) {
      const file = fileOf(found);
      const renamed = file.cases.map((one, i) => ({ ...one, name: `other ${i}` })).reverse();
      const before = (await runFile(found)).cases.map(({ verdict }) => verdict);
      const after = (await run({ ...file, suite: 'other', cases: renamed }, join(FOLDER, 'other.json'))).cases.map(
        ({ verdict }) => verdict,
      );
      expect(after.reverse()).toEqual(before);
    }
  });
});

describe('the table of features', () => {
  it('says why, by feature, in two kinds', () => {
    for (const { kind, name, reason } of allFeatures()) {
      expect(['a', 'd']).toContain(kind); // nothing is only not built yet
      expect(name.length > 3 && reason.length > 3).toBe(true);
    }
  });

  it.each(['element', 'spark'])('is the only reason for a skip, beside what the case says itself: %s', async (kind) => {
    const listed = new Set(allFeatures().map(({ kind: k, name }) => `(${k}) ${name}`));
    for (const found of casesOf(kind)) {
      for (const { verdict: v } of (await runFile(found)).cases)
        if (v.kind === 'skipped' && v.why !== 'differs') expect(listed).toContain(v.why);
    }
  });

  it('leaves out what differs on purpose only where the case says that it may', async () => {
    const steps = [{ expectError: { at: 'build', reason: 'not-a-timestamp' } }];
    expect((await spark(sparkCase({ steps, tags: ['optional'] }))).kind).toBe('skipped');
    expect((await spark(sparkCase({ steps }))).kind).toBe('failed');
  });
});

describe('the command', () => {
  const command = (...given: string[]): { status: number | null; lines: string[] } => {
    const options = { cwd: join(HERE, '../..'), encoding: 'utf8' } as const;
    const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', join(HERE, 'run.ts'), ...given], options);
    return { status, lines: stdout.trimEnd().split('\n') };
  };
  const write = (name: string, content: unknown): string => {
    const path = join(FOLDER, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  };

  it('finds cases to any depth, lists failures and skips, and counts', () => {
    write('run/a/b/one.json', {
      formatVersion: 1,
      suite: 'one',
      cases: [windowCase(), { ...windowCase(), differs: 'on purpose' }],
    });
    write('run/a/two.json', { format: 1, suite: 'two', cases: [sparkCase(), sparkCase({ steps: [] })] });
    write('run/a/three.json', '{ "cases": [');
    write('run/a/package.json', { name: 'no cases' });
    const { status, lines } = command(join(FOLDER, 'run'));
    expect(status).toBe(1);
    expect(lines.filter((line) => line.startsWith('FAILED'))).toHaveLength(2);
    expect(lines).toContain('one: 1 passed, 0 failed, 1 skipped');
    expect(lines).toContain('SKIPPED 1 - differs: on purpose');
    expect(lines.at(-1)).toBe('2 passed, 2 failed, 1 skipped');
  });

  it('gives 0 when nothing failed', () => {
    const { status, lines } = command(write('good.json', { formatVersion: 1, suite: 'good', cases: [windowCase()] }));
    expect(lines.at(-1)).toBe('1 passed, 0 failed, 0 skipped');
    expect(status).toBe(0);
  });

  it('gives 1 when there is nothing to run', () => {
    mkdirSync(join(FOLDER, 'empty'), { recursive: true });
    expect(command(join(FOLDER, 'empty'))).toEqual({ status: 1, lines: ['0 passed, 0 failed, 0 skipped'] });
    expect(command().status).toBe(1);
    expect(command(join(FOLDER, 'nowhere.json')).lines.at(-1)).toBe('0 passed, 1 failed, 0 skipped');
  });

  it('keeps checkpoints where it is told to, and runs what has none once', () => {
    const spark = write('backends/spark.json', { format: 1, suite: 'queries', cases: [sparkCase()] });
    const element = write('backends/element.json', { formatVersion: 1, suite: 'elements', cases: [windowCase()] });
    const { status, lines } = command('--backend=all', spark, element);
    expect(lines).toEqual([
      'queries: 1 passed, 0 failed, 0 skipped',
      'elements: 1 passed, 0 failed, 0 skipped',
      'queries on files: 1 passed, 0 failed, 0 skipped',
      'queries on indexedDb: 1 passed, 0 failed, 0 skipped',
      '4 passed, 0 failed, 0 skipped',
    ]);
    expect(status).toBe(0);
    expect(command('--backend', 'files', spark).lines.at(-1)).toBe('1 passed, 0 failed, 0 skipped');
    expect(command('--backend', 'tape', spark)).toEqual({ status: 1, lines: ['0 passed, 0 failed, 0 skipped'] });
  });

  it('takes another root of the data', async () => {
    const table = { file: 't.csv', columns: { v: 'v' }, key: ['v'] };
    const path = write('rooted/case.json', {
      format: 1,
      suite: 'rooted',
      data: 'nowhere',
      cases: [
        goldenCase({
          streams: {
            in: {
              file: 'r.csv',
              format: 'csv',
              columns: [
                ['t', 'timestamp'],
                ['v', 'string'],
              ],
            },
          },
          expect: table,
        }),
      ],
    });
    write('root/r.csv', 't,v\n1,a\n2,"b ""c"", d"\n');
    write('root/t.csv', 'v\n"b ""c"", d"\na\n');
    expect(lastLine([await runFile({ path, content: JSON.parse('null') })])).toBe('0 passed, 1 failed, 0 skipped');
    expect(command(path).lines.at(-1)).toBe('0 passed, 0 failed, 1 skipped');
    expect(command('--data', join(FOLDER, 'root'), path).lines.at(-1)).toBe('1 passed, 0 failed, 0 skipped');
    expect(command('--data', join(FOLDER, 'no-root'), path).lines.at(-1)).toBe('0 passed, 1 failed, 0 skipped');
  });
});
