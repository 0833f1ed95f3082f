export type { GroupState, TimeoutMode } from './groupState';
export type { ListState, MapState, StateHandle, StateOptions, ValueState } from './handle';
export type { Collector, TimerKind } from './keyed';
export type { KeyValue } from './keys';
export type { FiredTimer, KeyedContext, KeyedFunctions } from './process';
export type { StatefulProcessor, TimeMode, Timers } from './processor';
export type { KeyedStateReason } from './refuse';
