import { compare, comparisonOf, unknownOperator, type Comparison } from './threshold';

/** An alert that a manager keeps. `enabled` may be set; it counts from the next check on. */
export interface ManagedAlert {
  readonly metric: string;
  readonly threshold: number;
  readonly operator: Comparison;
  enabled: boolean;
}

/** An alert that fired: the rule and the value that broke it. */
export interface FiredAlert {
  readonly metric: string;
  readonly threshold: number;
  readonly operator: Comparison;
  readonly value: number | bigint;
}

/** Options of `alertManager`. */
export interface AlertManagerOptions {
  /** Told once for each alert added with an operator that there is not. */
  readonly onWarning?: (message: string) => void;
}

/** Keeps threshold alerts and checks metrics against them. */
export interface AlertManager {
  /** All alerts, in order of addition. */
  readonly alerts: readonly ManagedAlert[];
  /** What is wrong with alerts that were added: one message each. */
  readonly warnings: readonly string[];
  /** Adds an alert and gives what is stored: set its `enabled` to switch it. */
  addAlert(metric: string, threshold: number, op?: Comparison): ManagedAlert;
  /** The alerts that fire for these metrics, in order of addition. */
  checkAlerts(metrics: object): FiredAlert[];
}

/**
 * Makes a manager of threshold alerts: the design brief's StreamingAlertManager. For alerts that are part of a pipe, with
 * keys, durations and resolved notices, use `alertWhen`.
 *
 * An alert fires when it is enabled and its metric compares true. Metrics without an alert are ignored, as are alerts whose
 * metric is missing, null, NaN or no number. Alerts have no state: one that holds fires at every check. An operator that
 * there is not (a type error) never fires, with one warning when it is added.
 *
 * @param options - `onWarning`
 * @returns the manager
 *
 * Cost: O(alerts) a check.
 *
 * @example
 * const manager = alertManager();
 * manager.addAlert('cpu', 80) // => { metric: 'cpu', threshold: 80, operator: '>', enabled: true }
 * manager.addAlert('free', 10, '<') // => { metric: 'free', threshold: 10, operator: '<', enabled: true }
 * manager.checkAlerts({ cpu: 95, free: 50 }) // => [{ metric: 'cpu', threshold: 80, operator: '>', value: 95 }]
 */
export function alertManager(options: AlertManagerOptions = {}): AlertManager {
  const alerts: ManagedAlert[] = [];
  const warnings: string[] = [];
  const warn = (message: string): void => {
    warnings.push(message);
    options.onWarning?.(message);
  };
  return {
    alerts,
    warnings,
    addAlert(metric, threshold, op = '>') {
      if (comparisonOf(op) === undefined) warn(unknownOperator(op));
      const alert = { metric, threshold, operator: op, enabled: true };
      alerts.push(alert);
      return alert;
    },
    checkAlerts: (metrics) => alerts.flatMap((alert) => firedBy(alert, metrics)),
  };
}

function firedBy({ metric, threshold, operator, enabled }: ManagedAlert, metrics: object): FiredAlert[] {
  const value = (metrics as Readonly<Record<string, unknown>>)[metric];
  return enabled && compare(value, operator, threshold) ? [{ metric, threshold, operator, value: value as number }] : [];
}
