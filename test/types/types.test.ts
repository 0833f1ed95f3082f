import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { compilerOptions, programOf, RXJS_AND_ROWS } from './program';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = join(root, 'test/types');
const files = readdirSync(folder).filter((name) => name.endsWith('.test-d.ts'));

describe('types', () => {
  const program = ts.createProgram(
    files.map((name) => join(folder, name)),
    compilerOptions(root),
  );

  it.each(files)('%s compiles, and what must not compile does not', (name) => {
    const file = program.getSourceFile(join(folder, name)) as ts.SourceFile;
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    const texts = found.map(({ start = 0, messageText }) => {
      const { line } = file.getLineAndCharacterOfPosition(start);
      return `${name}:${line + 1} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    });
    expect(texts).toEqual([]);
  });
});

describe('what the editor shows', () => {
  /** The text of hovering over the first parameter of the last arrow function. */
  function hoverOf(pipe: string): string {
    const { program, file } = programOf(root, `${RXJS_AND_ROWS}\n${pipe}.subscribe((row) => void row);`);
    const checker = program.getTypeChecker();
    let parameter: ts.Node | undefined;
    const visit = (node: ts.Node): void => {
      if (ts.isParameter(node)) parameter = node.name;
      ts.forEachChild(node, visit);
    };
    visit(file);
    const type = checker.getTypeAtLocation(parameter as ts.Node);
    // The flags of the language service's quick info: types in braces are written one member a line.
    return checker.typeToString(
      type,
      file,
      ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope | ts.TypeFormatFlags.NoTruncation,
    );
  }

  /** As an editor breaks it at 80 characters. */
  const linesOf = (text: string): number => Math.ceil(text.length / 80);

  it('the row of an aggregate with a key is one flat type of at most three lines', () => {
    const text = hoverOf(
      "src.pipe(withWatermark('t', '10 minutes'), aggregate({ key: ['k', 'c'], window: tumbling('1 hour'), select: { n: agg.count(), mean: agg.avg('v'), p90: agg.percentileApprox('v', 0.9) } }), rows())",
    );
    expect(text).toBe('{ window: Window; k: string; c: Date; n: number; mean: number | null; p90: number | null; }');
    expect(linesOf(text)).toBeLessThanOrEqual(3);
  });

  it('the row of a change names the change and shows the row', () => {
    const text = hoverOf(
      "src.pipe(withWatermark('t', '10 minutes'), aggregate({ key: 'k', window: tumbling('1 hour'), select: { n: agg.count() }, emit: onUpdate() }), rows())",
    );
    expect(text).toBe('Change<{ window: Window; k: string; n: number; }>');
  });

  it('a row that nobody touched keeps its name', () => {
    expect(hoverOf("src.pipe(withWatermark('t', '10 minutes'), dropDuplicates(['k', 't']), rows())")).toBe('Ev');
  });

  it('the row after twelve operators is still flat', () => {
    const text = hoverOf(`events(src).pipe(
      filterRows((row) => row.k !== ''), mapRows((row) => ({ ...row, big: (row.v ?? 0) > 10 })), withWatermark('t', '10 minutes'),
      dropDuplicates(['k', 't']), filterRows((row) => row.big), mapRows(({ t, k, v }) => ({ t, k, v })),
      aggregate({ key: 'k', window: tumbling('1 minute'), select: { n: agg.count() } }), filterRows((row) => row.n > 1),
      aggregate({ key: 'k', window: tumbling('1 hour'), select: { n: agg.sum('n') } }), mapRows((row) => ({ ...row, share: (row.n ?? 0) / 60 })),
      aggregate({ key: ['k'], window: sliding('1 day', '1 hour'), select: { top: agg.max('share') } }), rows())`);
    expect(text).toBe('{ window: Window; k: string; top: number | null; }');
  });
});

describe('sentences for a wrong column', () => {
  /** The compiler's own "Did you mean", or a sentence of ours. */
  const SENTENCE = /Did you mean '"temperature"'|no column 'temperatur'/;

  /** The text of the only error. */
  function errorOf(code: string): string {
    const { program, file } = programOf(root, `${RXJS_AND_ROWS}\n${code}`);
    const errors = program.getSemanticDiagnostics(file);
    expect(errors).toHaveLength(1);
    return ts.flattenDiagnosticMessageText((errors[0] as ts.Diagnostic).messageText, '\n');
  }

  it.each([
    ['dropDuplicates', "dropDuplicates(['t', 'temperatur'])"],
    ['key', "aggregate({ key: 'temperatur', window: tumbling(5), select: { n: agg.count() } })"],
    ['key, several', "aggregate({ key: ['k', 'temperatur'], window: tumbling(5), select: { n: agg.count() } })"],
  ])('%s says which column is wrong', (_place, code) => {
    expect(errorOf(`src.pipe(withWatermark('t', 5), ${code})`)).toMatch(SENTENCE);
  });

  it('agg.count says which column is wrong', () => {
    const code = "aggregate({ window: tumbling(5), select: { n: agg.count('temperatur') } })";
    expect(errorOf(`src.pipe(withWatermark('t', 5), ${code})`)).toMatch(SENTENCE);
  });

  it('agg.sum says which column is wrong', () => {
    const code = "aggregate({ window: tumbling(5), select: { n: agg.sum('temperatur') } })";
    expect(errorOf(`src.pipe(withWatermark('t', 5), ${code})`)).toMatch(SENTENCE);
  });

  it('withWatermark says which column is wrong', () => {
    expect(errorOf("src.pipe(withWatermark('temperatur', '10 minutes'))")).toMatch(SENTENCE);
  });

  it('withWatermark gives one sentence, not the list of its overloads', () => {
    expect(errorOf("src.pipe(withWatermark('tt', '10 minutes'))")).not.toContain('Overload');
  });
});
