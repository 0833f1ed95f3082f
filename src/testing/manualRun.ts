import type { Batch, Proposal, Run } from '../rx';
import { batchAggregates } from '../window/batchAggregates';

/** The run of a harness: W is whatever the test says. */
export class ManualRun implements Run {
  readonly aggregates = batchAggregates;
  batch: Batch = { id: 0, time: 0, late: 0, watermark: 0 };
  readonly proposals = new Map<string, Proposal>();

  propose(operator: string, proposal: Proposal): void {
    this.proposals.set(operator, proposal);
  }
}
