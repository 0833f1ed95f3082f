import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { answerOf } from './spark/answer';
import { differences } from './spark/compare';
import { plansOf } from './spark/plan';

const plans = plansOf(readFileSync(new URL('./spark/answers.jsonl', import.meta.url), 'utf8'));

describe('random plans, as Spark answers them', () => {
  it.each(plans.map((plan) => [plan.name, plan] as const))('%s', async (_name, plan) => {
    expect(differences(plan, await answerOf(plan))).toEqual([]);
  });
});
