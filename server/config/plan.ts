// The vocabulary of planning: what a plan needs, the rows it aims at, and how it deletes. Pure.

import type { CatalogChange, CatalogRows, CatalogTable } from '../gateway/ports.ts';

export interface PlanTools {
  newId(): string;
  seal(plain: string, purpose: string): Promise<string>;
  /** Tells an unchanged credential from a new one without opening the stored one. */
  fingerprint(plain: string): string;
  nowMs: number;
}

/** Rows as the file wants them; rows that only the database holds are not among them. */
export type DesiredRows = CatalogRows;

export type Deletion = Extract<CatalogChange, { kind: 'delete' }>;

export function deletion(table: CatalogTable, id: string): Deletion {
  return { kind: 'delete', table, id };
}
