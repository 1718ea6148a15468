// What nothing may say during a run of the program, and the assertion that a text does not.

import assert from 'node:assert/strict';
import { ADMIN_TOKEN } from '../process/gateway-process.ts';
import { CANARIES, canariesIn } from './canaries.ts';

/** The canaries, and secrets that the process itself made: whoever sees it make one adds it. */
export const secrets: Record<string, string> = { ...CANARIES, adminToken: ADMIN_TOKEN };

export function assertClean(text: string, about: string): void {
  assert.deepEqual(canariesIn(text, secrets), [], `a secret is in: ${about.slice(0, 3_000)}`);
}
