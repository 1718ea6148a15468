// One request on its way to one account, as the caches there see it. Types only.

import type { ColdClaim } from '../routing/cold-claims.ts';
import type { SentPrompt } from '../routing/warmth.ts';
import type { Standing } from './standing.ts';

export interface SentRequest {
  /** As the account stood when it was chosen. */
  standing: Standing;
  /** The warmest account whose cache is another one. */
  elsewhere: { cut: number; accountName: string } | null;
  /** The latest earlier request of the caller that began the same way. */
  parent: { requestId: string; bytes: number } | null;
  /** The ledger's time at which the account was chosen. */
  chosenAtMs: number;
  /** Monotonic. */
  sentMs: number;
  /** The ledger's time of the first byte; null = none yet. */
  begunAtMs: number | null;
  /** What the ledger was told with the first byte, of the caller's own scope and of the one without an owner; null = nothing. */
  prompt: SentPrompt | null;
  sharedPrompt: SentPrompt | null;
  claim: ColdClaim | null;
  /** Tells the account's token bucket that the reply has begun (null: it took what was expected) or that it took none (0). */
  settleBucket: (tokens: number | null) => void;
}
