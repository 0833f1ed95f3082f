export { assertSplitInvariant, seeded, textOf, type InputSignal, type SplitOptions } from './assertSplitInvariant';
export { ManualClock } from './manualClock';
export { ManualRun } from './manualRun';
export { OperatorHarness, operatorHarness, type HarnessOptions, type HarnessSnapshot } from './operatorHarness';
export { batchOracle, type OracleAnswer, type OracleQuery } from './oracle';
export { weave, type WeaveValues } from './weave';
export { simulatedFiles, SimulatedCrash, type SimulatedFiles } from './simulatedFiles';
export {
  crashTest,
  type CrashCase,
  type CrashFindings,
  type CrashReport,
  type CrashTestOptions,
  type CrashWorld,
} from './crashTest';
export { stateBackendSuite, type BackendUnderTest, type SuiteCase } from './stateBackendSuite';
export { simulatedIndexedDb, type CrashPoint, type SimulatedIndexedDb } from './simulatedIndexedDb';
