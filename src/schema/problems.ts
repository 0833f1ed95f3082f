import type { StandardIssue } from './standard';

const SHOWN = 10;

/** What was wrong with one row; the paths grow from the inside to the outside, and only where something is wrong. */
export class Problems {
  count = 0;
  private readonly issues: { message: string; path: PropertyKey[] }[] = [];

  constructor(readonly mode: 'strict' | 'permissive') {}

  /** Notes what is wrong here; the value becomes null. */
  add(message: string): null {
    if (this.count++ < SHOWN) this.issues.push({ message, path: [] });
    return null;
  }

  /** What was noted since there were `before` problems lies inside this name. */
  inside(name: PropertyKey, before: number): void {
    for (let i = before; i < this.issues.length; i++) this.issues[i]?.path.unshift(name);
  }

  /** Forgets what was noted since there were `before`. */
  back(before: number): void {
    this.count = before;
    if (this.issues.length > before) this.issues.length = before;
  }

  /** The problems, and none from here on. */
  take(): readonly StandardIssue[] {
    this.count = 0;
    return this.issues.splice(0);
  }
}
