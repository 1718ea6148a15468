// The executable schema: importing a concept file adds its types and fields.

import './account.ts';
import './account-edit.ts';
import './account-health.ts';
import './affinity.ts';
import './affinity-clear.ts';
import './affinity-stats.ts';
import './api-key.ts';
import './build.ts';
import './cache-config.ts';
import './endpoint.ts';
import './explain-route.ts';
import './live.ts';
import './mapping.ts';
import './miss.ts';
import './miss-analysis.ts';
import './model.ts';
import './policy-replay.ts';
import './provider.ts';
import './request-log.ts';
import './request-stats.ts';
import './request-usage.ts';
import './reservation.ts';
import './route-record.ts';
import './session.ts';
import './settings.ts';
import './user.ts';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { builder } from './builder.ts';

export const schema = builder.toSchema();

/** The contract as text: what `schema.graphql` holds. */
export function printedSchema(): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
