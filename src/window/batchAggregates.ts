import type { Folding } from '../aggregate/plan';
import type { Change } from '../element';
import type { KeyReader } from '../key';
import type { Processor, ProcessorContext } from '../operator';
import type { OutputMode } from '../rx';
import { AppendPerBatch, CompletePerBatch, UpdatePerBatch } from './perBatch';
import type { RowBuilder } from './resultRow';
import { RunningPerBatch } from './runningPerBatch';
import type { SpeakParts } from './speak';

/** How aggregates speak in micro-batches. */
export interface BatchAggregates {
  windowed<T>(parts: SpeakParts<T>, mode: OutputMode): Processor<T, unknown>;
  running<T>(folding: Folding, reader: KeyReader<T>, build: RowBuilder, context: ProcessorContext): Processor<T, Change<unknown>>;
}

/** By output mode, as Spark's. */
export const batchAggregates: BatchAggregates = {
  windowed(parts, mode) {
    if (mode === 'append') return new AppendPerBatch(parts);
    return mode === 'update' ? new UpdatePerBatch(parts) : new CompletePerBatch(parts);
  },
  running: (folding, reader, build, context) => new RunningPerBatch(folding, reader, build, context),
};
