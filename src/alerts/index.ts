export type { Alert } from './alert';
export type { Condition } from './condition';
export { alertManager } from './manager';
export type { AlertManager, AlertManagerOptions, FiredAlert, ManagedAlert } from './manager';
export { threshold } from './threshold';
export type { Comparison, Threshold, ThresholdOptions } from './threshold';
export { trend } from './trend';
export type { Trend, TrendOptions } from './trend';
