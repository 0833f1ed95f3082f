import { readFileSync } from 'node:fs';
import { answerOf } from '../../../test/query/spark/answer';
import { differences } from '../../../test/query/spark/compare';
import { plansOf } from '../../../test/query/spark/plan';

// node --import tsx scripts/compare/spark/compare.ts answers.jsonl: where Spark and this library differ.
const plans = plansOf(readFileSync(process.argv[2]!, 'utf8'));
let different = 0;
for (const plan of plans) {
  const found = differences(plan, await answerOf(plan));
  if (found.length === 0) continue;
  different++;
  console.log([`# ${plan.name} (${plan.mode})`, ...found].join('\n'));
}
console.log(`${plans.length} plans, ${different} differ`);
