#!/usr/bin/env node
/** The command `tidemark`. */
import { parseArgs } from 'node:util';
import { run, USAGE, type Outcome } from './commands';

async function main(): Promise<Outcome> {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: { batch: { type: 'string' }, operator: { type: 'string' }, table: { type: 'string' } },
    });
    const [command, ...args] = positionals;
    return await run(command, args, values);
  } catch (cause) {
    return { text: `${String(cause)}\n${USAGE}`, code: 2 };
  }
}

void main().then(({ text, code }) => {
  process.stdout.write(`${text}\n`);
  process.exitCode = code;
});
