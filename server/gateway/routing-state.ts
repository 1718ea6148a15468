// Everything the routing has learned and holds while requests are under way. Put together here, owned by its parts.

import { AccountLoads } from '../routing/account-load.ts';
import { ColdClaims } from '../routing/cold-claims.ts';
import { WarmthLedger } from '../routing/ledger.ts';
import { ReservationBook } from '../routing/reservation-book.ts';
import { ReturnRates } from '../routing/return-rates.ts';
import { SessionMemory } from '../routing/session-memory.ts';
import { TokenBuckets } from '../routing/token-buckets.ts';
import { GapStatistics } from '../routing/ttl-choice.ts';
import { WaitingLine } from '../routing/waiting-line.ts';
import type { Clock } from './ports.ts';
import { RoundRobin } from './round-robin.ts';

export interface RoutingState {
  rotation: RoundRobin;
  ledger: WarmthLedger;
  loads: AccountLoads;
  buckets: TokenBuckets;
  line: WaitingLine;
  claims: ColdClaims;
  reservations: ReservationBook;
  returns: ReturnRates;
  sessions: SessionMemory;
  gaps: GapStatistics;
}

export function createRoutingState(clock: Clock): RoutingState {
  return {
    rotation: new RoundRobin(),
    ledger: new WarmthLedger({ clock }),
    loads: new AccountLoads({ clock }),
    buckets: new TokenBuckets({ clock }),
    line: new WaitingLine({ clock }),
    claims: new ColdClaims({ clock }),
    reservations: new ReservationBook({ clock }),
    returns: new ReturnRates({ clock }),
    sessions: new SessionMemory({ clock }),
    gaps: new GapStatistics({ clock }),
  };
}
