import type { Rejection } from 'tidemark';
import { randomOf, type Random } from '../laws/random';
import { randomBatches, randomInput } from './data';
import { textOfRow } from './functions';
import { randomPlan } from './generate';
import { answerOf, checkFacts } from './oracle';
import { textOfPlan, type Row } from './plan';
import { inQuery, likeQuery, plainly, type Case, type Ran } from './runs';

/** A case with or without late rows: with them the answer hangs on how W moves, and the query itself says how it did. */
export interface Trial extends Case {
  readonly late: boolean;
}

export function randomTrial(seed: number): Trial {
  const random: Random = randomOf(seed);
  const late = random.chance(0.3);
  const begin = random.int(1, 2000);
  const inputs = [randomInput(random, late, begin), randomInput(random, late, begin)] as const;
  const plan = randomPlan(
    random,
    inputs.map(({ rows }) => rows),
  );
  return { plan, inputs, batches: randomBatches(random, inputs), late };
}

/** What is wrong, or undefined. */
export async function check(trial: Trial): Promise<string | undefined> {
  try {
    return await (trial.late ? checkLate(trial) : checkOnTime(trial));
  } catch (cause) {
    return cause instanceof Error ? `${(cause as { code?: string }).code ?? cause.name}: ${messagesOf(cause)}` : String(cause);
  }
}

function messagesOf(cause: unknown): string {
  return cause instanceof Error
    ? `${cause.message}${cause.cause === undefined ? '' : ` <- ${messagesOf(cause.cause)}`}`
    : String(cause);
}

async function checkOnTime(trial: Trial): Promise<string | undefined> {
  const sources = trial.inputs.map(({ rows }) => rows);
  checkFacts(trial.plan, sources);
  const wanted = answerOf(trial.plan, sources).map(textOfRow);
  const verdict = (name: string, { rows, rejected, unbalanced }: Ran): string | undefined =>
    unbalanced[0] ??
    difference(`${name}: rows`, rows.map(textOfRow), wanted) ??
    difference(`${name}: rows called late`, rejected.filter(({ reason }) => reason !== 'duplicate').map(textOfRejection), []);
  return verdict('pipe', plainly(trial)) ?? verdict('query', await inQuery(trial));
}

/** The query against a pipe that moves W as the query did: the same rows, the same rejections. */
async function checkLate(trial: Trial): Promise<string | undefined> {
  const query = await inQuery(trial);
  const pipe = likeQuery(trial, query.ended);
  return (
    query.unbalanced[0] ??
    pipe.unbalanced[0] ??
    difference('query against pipe: rows', query.rows.map(textOfRow), pipe.rows.map(textOfRow)) ??
    difference('query against pipe: rejected', facts(query.rejected), facts(pipe.rejected))
  );
}

/** What is rejected above a stream that is read twice is one fact in a query, and two in a pipe. */
function facts(rejected: readonly Rejection[]): string[] {
  return [...new Set(rejected.map(textOfRejection))];
}

function textOfRejection({ operator, reason, time, row }: Rejection): string {
  return `${operator} ${reason} ${time} ${textOfRow(row as Row)}`;
}

/** Compares as bags. */
function difference(what: string, got: readonly string[], wanted: readonly string[]): string | undefined {
  const counts = new Map<string, number>();
  for (const text of wanted) counts.set(text, (counts.get(text) ?? 0) + 1);
  for (const text of got) counts.set(text, (counts.get(text) ?? 0) - 1);
  const missing = [...counts].filter(([, n]) => n > 0).map(([text]) => text);
  const extra = [...counts].filter(([, n]) => n < 0).map(([text]) => text);
  if (missing.length + extra.length === 0) return undefined;
  const some = (texts: readonly string[]): string => texts.slice(0, 4).join('\n    ');
  return `${what}\n  missing (${missing.length}):\n    ${some(missing)}\n  too many (${extra.length}):\n    ${some(extra)}`;
}

/** A failing trial to read. */
export function textOfTrial({ plan, inputs, batches, late }: Trial): string {
  const sources = inputs.map(({ rows, delay }, i) => `source ${i}, delay ${delay}:\n  ${rows.map(textOfRow).join('\n  ')}`);
  const cuts = batches.map(({ to, restart }) => `${to.join('/')}${restart ? ' restart' : ''}`).join(', ');
  return [late ? 'with late rows' : 'no late rows', textOfPlan(plan), ...sources, `batches up to: ${cuts}`].join('\n');
}
