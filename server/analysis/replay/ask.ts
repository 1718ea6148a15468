// A request that has to be sent somewhere, or waits for that. Type.

import type { PlannedRequest } from './plan.ts';

export interface Ask {
  request: PlannedRequest;
  /** Place in the order of arrival. */
  order: number;
  arrivedMs: number;
  /** The account it waits for; null = any, or it does not wait. */
  waitsFor: number | null;
  isWaiting: boolean;
}
