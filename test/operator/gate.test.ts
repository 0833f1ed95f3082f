import { describe, expect, it } from 'vitest';
import type { Rejection, Sink } from '../../src/element';
import { Gate } from '../../src/operator/gate';

const REJECTION: Rejection = { reason: 'late', time: 1, row: 'x', operator: 'o', watermark: 2 };

/** Writes down what it is told. */
function scribe(): { readonly log: string[]; readonly sink: Sink<string> } {
  const log: string[] = [];
  const sink: Sink<string> = {
    event: (time, row) => log.push(`${row}${time}`),
    watermark: (emit, drop) => log.push(`W${emit}/${drop}`),
    reject: ({ reason }) => log.push(reason),
    idle: (isIdle) => log.push(isIdle ? 'idle' : 'active'),
    barrier: (batchId) => log.push(`barrier ${batchId}`),
    end: () => log.push('end'),
    error: (cause) => log.push(`error ${String(cause)}`),
  };
  return { log, sink };
}

function speak(gate: Gate<string>): void {
  gate.event(1, 'a');
  gate.watermark(5, 3);
  gate.reject(REJECTION);
  gate.idle(true);
  gate.idle(false);
  gate.barrier(7);
  gate.event(6, 'b');
  gate.end();
}

const SPOKEN = ['a1', 'W5/3', 'late', 'idle', 'active', 'barrier 7', 'b6', 'end'];

describe('a gate', () => {
  it('holds everything until it is opened, and hands it on in order, once', () => {
    const { log, sink } = scribe();
    const gate = new Gate(sink);
    speak(gate);
    expect(log).toEqual([]);
    expect(gate.isOpen).toBe(false);
    gate.open();
    expect(log).toEqual(SPOKEN);
    expect(gate.isOpen).toBe(true);
    gate.open();
    expect(log).toEqual(SPOKEN);
  });

  it('holds nothing once it is open', () => {
    const { log, sink } = scribe();
    const gate = new Gate(sink);
    gate.open();
    speak(gate);
    expect(log).toEqual(SPOKEN);
  });

  it('an error does not wait, and nothing that waited follows it', () => {
    const { log, sink } = scribe();
    const gate = new Gate(sink);
    gate.event(1, 'a');
    gate.error('boom');
    gate.open();
    expect(log).toEqual(['error boom']);
  });
});
