import { describe, expect, it } from 'vitest';
import { alertManager, type Comparison } from '../../src/alerts';

describe('alertManager', () => {
  it('[D89] stores { metric, threshold, operator, enabled: true }', () => {
    const manager = alertManager();
    manager.addAlert('cpu', 80);
    manager.addAlert('free', 10, '<=');
    expect(manager.alerts).toStrictEqual([
      { metric: 'cpu', threshold: 80, operator: '>', enabled: true },
      { metric: 'free', threshold: 10, operator: '<=', enabled: true },
    ]);
  });

  it('[D90] a disabled alert never fires; switching counts from the next check on', () => {
    const manager = alertManager();
    const alert = manager.addAlert('cpu', 80);
    const check = (): number => manager.checkAlerts({ cpu: 90 }).length;
    expect(check()).toBe(1);
    alert.enabled = false;
    expect(check()).toBe(0);
    alert.enabled = true;
    expect(check()).toBe(1);
  });

  it('[D91] gives what fires in order of addition, and ignores unknown metrics', () => {
    const manager = alertManager();
    manager.addAlert('b', 1);
    manager.addAlert('a', 1, '>=');
    manager.addAlert('b', 5);
    manager.addAlert('gone', 0);
    expect(manager.checkAlerts({ a: 1, b: 3, other: 100 })).toStrictEqual([
      { metric: 'b', threshold: 1, operator: '>', value: 3 },
      { metric: 'a', threshold: 1, operator: '>=', value: 1 },
    ]);
  });

  it('[D91] null, NaN, missing and what is no number do not fire', () => {
    const manager = alertManager();
    for (const op of ['>', '<', '>=', '<='] as const) manager.addAlert('v', 0, op);
    manager.addAlert('toString', 0);
    for (const v of [null, undefined, NaN, '5', true]) expect(manager.checkAlerts({ v })).toEqual([]);
    expect(manager.checkAlerts({})).toEqual([]);
  });

  it('[D65] an unknown operator never fires, with one warning when it is added', () => {
    const heard: string[] = [];
    const manager = alertManager({ onWarning: (message) => heard.push(message) });
    manager.addAlert('v', 0, '!=' as Comparison);
    expect(manager.checkAlerts({ v: 1 })).toEqual([]);
    expect(manager.checkAlerts({ v: 1 })).toEqual([]);
    expect(heard).toEqual([expect.stringContaining("'!='")]);
    expect(manager.warnings).toEqual(heard);
  });
});
