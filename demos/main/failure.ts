/** Something the user can put right: the demo prints the message alone, without a stack, and ends with exit code 1. */
export class DemoFailure extends Error {
  override readonly name = 'DemoFailure';
}

/** What went wrong, in words, of anything that was thrown. */
export function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
