import type { BatchSink } from '../connectors/sink';
import { TidemarkError } from '../errors';
import { originOf, type OutputMode, type StreamInfo } from '../rx';
import { checkColumns } from './columns';
import type { Output } from './pipeline';
import type { Trigger } from './trigger';

type Info = StreamInfo<unknown>;

/** Refuses what cannot be right, before anything runs; each message says what to do instead. Source: Spark's UnsupportedOperationChecker. */
export function checkOutputs(outputs: readonly Output[], mode: OutputMode): void {
  const modes = new Map<Info, OutputMode>();
  for (const output of outputs) {
    const info = originOf<unknown>(output.stream) as Info;
    visit(info, mode, modes, output.name);
    checkKind(output, info, mode);
    if (mode === 'complete' && !endsInTable(info)) {
      refuse(`output '${output.name}' has no table to give whole: complete mode needs an aggregate`, { output: output.name });
    }
    if (output.sink !== undefined) checkSink(output.name, output.sink, mode);
  }
}

/** Does a sink take this output mode? */
export function checkSink(name: string, sink: BatchSink<unknown>, mode: OutputMode): void {
  if (sink.modes.includes(mode)) return;
  const advice: Record<OutputMode, string> = {
    append: 'append is for rows that are final',
    update: 'use append with onClose for final rows, or a sink that can replace rows by key',
    complete: 'use update for a sink that can replace rows by key, append for final rows',
  };
  const details = { sink: name, type: sink.type, mode, modes: sink.modes };
  refuse(`sink '${name}' (${sink.type}) does not take ${mode} mode; ${sink.remedy?.(mode) ?? advice[mode]}`, details);
}

/** Continuous queries append; immediate delivery needs sinks that take rows one after the other. */
export function checkContinuous(outputs: readonly Output[], trigger: Trigger, mode: OutputMode): void {
  if (trigger.kind !== 'continuous') return;
  if (mode !== 'append') refuse(`a continuous query appends; for ${mode} mode use processingTime(…)`, { mode });
  if (trigger.delivery !== 'immediate') return;
  for (const { name, sink } of outputs) {
    if (sink === undefined || sink.deliver !== undefined) continue;
    refuse(`sink '${name}' (${sink.type}) cannot show rows before they are committed; use delivery: 'transactional'`, {
      sink: name,
    });
  }
}

/** Walks up from an output, handing the mode on as the run will. */
function visit(info: Info | undefined, mode: OutputMode, modes: Map<Info, OutputMode>, output: string): void {
  if (info === undefined) return;
  const known = modes.get(info);
  if (known !== undefined) return checkAgreement(info, known, mode, output);
  modes.set(info, mode);
  checkNode(info, mode);
  const above = info.plan.stateful && !(mode === 'complete' && info.plan.ofTable === true) ? 'append' : mode;
  for (const input of info.upstream ?? []) visit(input, above, modes, output);
}

/** One operator cannot speak in two ways. */
function checkAgreement(info: Info, known: OutputMode, mode: OutputMode, output: string): void {
  if (known === mode || info.plan.followsMode !== true) return;
  const remedy = 'give it emit: onClose(), or build it twice';
  refuse(`'${info.plan.id}' is an output in ${known} mode and feeds '${output}', which needs it in ${mode} mode; ${remedy}`, {
    operator: info.plan.id,
  });
}

function checkNode(info: Info, mode: OutputMode): void {
  const { type, id } = info.plan;
  checkColumns(info);
  if (type === 'reassignWatermark')
    refuse(`'${id}': in a query the watermark is the query's; leave out reassignWatermark`, { operator: id });
  if (type === 'aggregate') checkAggregate(info, mode);
  else if (type === 'sortRows') checkSort(info, mode);
  else if (type === 'limitRows') checkLimit(info, mode);
  else if (mode === 'complete' && KEYED.has(type)) {
    refuse(`'${id}' does not work in complete mode; use append or update`, {
      operator: id,
      reason: 'stateful-fn-complete-unsupported',
    });
  }
}

/** The whole table of what a user's function has said is not known. */
const KEYED = new Set(['mapGroupsWithState', 'flatMapGroupsWithState', 'transformWithState', 'keyedProcess']);

function checkSort(info: Info, mode: OutputMode): void {
  if (mode === 'complete' && endsInTable(info)) return;
  const remedy = 'put aggregate before it and use complete mode; for the first few of a window there is agg.topK';
  refuse(`'${info.plan.id}': only the whole table of complete mode can be sorted; ${remedy}`, {
    operator: info.plan.id,
    reason: 'sort-needs-complete-aggregate',
  });
}

/** What was let through could be corrected by what is not. */
function checkLimit({ plan: { id } }: Info, mode: OutputMode): void {
  if (mode !== 'update') return;
  const reason = 'limit-update-unsupported';
  refuse(`'${id}': rows that may be replaced cannot be counted; use append or complete mode`, { operator: id, reason });
}

function checkAggregate(info: Info, mode: OutputMode): void {
  const { id, description, followsMode } = info.plan;
  const windowed = description['window'] !== undefined;
  if (followsMode !== true) {
    const isChange = info.traits.kind === 'change';
    if (mode === 'complete' || (mode === 'append' && isChange)) {
      const remedy = mode === 'append' ? 'use outputMode update, or emit: onClose()' : 'leave emit out';
      refuse(`'${id}' says when it speaks (emit: ${String(description['emit'])}), which contradicts ${mode} mode; ${remedy}`, {
        operator: id,
      });
    }
    return;
  }
  if (mode === 'append') checkAppends(info, windowed);
  if (mode === 'update' && description['window'] === 'session') {
    refuse(`'${id}': sessions that grow replace each other; use append, or emit: onUpdate() for changes`, {
      operator: id,
      reason: 'session-update-unsupported',
    });
  }
}

/** In append mode a group is said when the watermark says that it is final. */
function checkAppends(info: Info, windowed: boolean): void {
  const { id, description } = info.plan;
  const input = info.upstream?.[0]?.traits;
  const timeColumn = (description['timeColumn'] as string | undefined) ?? input?.timeColumn;
  const finals = [...(timeColumn === undefined ? [] : [timeColumn]), ...(input?.windowColumns ?? [])];
  const timeKey = (description['key'] as readonly string[]).some((column) => finals.includes(column));
  if ((windowed || timeKey) && input?.watermark === true) return;
  const remedy = 'put withWatermark(column, delay) before it and group by a window, or use update or complete mode';
  refuse(
    `'${id}' never becomes final in append mode: ${input?.watermark === true ? 'it has no window' : 'there is no watermark'}; ${remedy}`,
    { operator: id, reason: 'append-needs-watermark' },
  );
}

/** A ChangeStream can only go where rows may be replaced. */
function checkKind({ name, kind }: Output, info: Info, mode: OutputMode): void {
  if (kind !== 'change' || mode !== 'append') return;
  if (isFinal(info)) return;
  refuse(`output '${name}' corrects itself and the mode is append; use onClose, finalOnly(), or outputMode update`, {
    output: name,
  });
}

/** Groups of a time key follow the mode: in append mode they are said once, also through what maps or filters them. */
function isFinal(info: Info | undefined): boolean {
  if (info === undefined) return false;
  if (info.plan.type === 'aggregate') return info.plan.followsMode === true;
  return !info.plan.stateful && (info.upstream ?? []).every(isFinal);
}

function endsInTable(info: Info | undefined): boolean {
  if (info === undefined) return false;
  if (info.plan.type === 'aggregate') return true;
  return (!info.plan.stateful || info.plan.ofTable === true) && (info.upstream ?? []).some(endsInTable);
}

function refuse(message: string, details: Record<string, unknown>): never {
  throw new TidemarkError('TIDEMARK_OUTPUT_MODE', message, details);
}
