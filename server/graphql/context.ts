// What every resolver gets to see. Types only.

import type { AdminDesk } from './desk.ts';
import type { AdminParts, Visitor } from './parts.ts';

export interface AdminContext {
  parts: AdminParts;
  desk: AdminDesk;
  visitor: Visitor;
  /** Of the HTTP request, as its reply tells it. */
  requestId: string;
}
