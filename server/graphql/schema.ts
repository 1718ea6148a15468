// The executable schema: importing a concept file adds its types and fields.

import './account.ts';
import './account-edit.ts';
import './account-health.ts';
import './account-health-series.ts';
import './account-test.ts';
import './admin-token.ts';
import './affinity.ts';
import './affinity-clear.ts';
import './affinity-destinations.ts';
import './affinity-edit.ts';
import './affinity-history.ts';
import './affinity-node.ts';
import './affinity-stats.ts';
import './alerts.ts';
import './api-key.ts';
import './audit-log.ts';
import './build.ts';
import './cache-config.ts';
import './config-transfer.ts';
import './effective-price.ts';
import './endpoint.ts';
import './explain-route.ts';
import './hit-analysis.ts';
import './interval-timeline.ts';
import './live.ts';
import './live-counts.ts';
import './mapping.ts';
import './miss.ts';
import './miss-analysis.ts';
import './model.ts';
import './model-mapping-cache.ts';
import './model-mapping-clear.ts';
import './policy-replay.ts';
import './provider.ts';
import './provider-cache-facts.ts';
import './request-cost.ts';
import './request-groups.ts';
import './request-log.ts';
import './request-series.ts';
import './request-stats.ts';
import './request-usage.ts';
import './reservation.ts';
import './reservation-preview.ts';
import './route-record.ts';
import './session.ts';
import './session-neighbours.ts';
import './settings.ts';
import './ttl-analysis.ts';
import './user.ts';
import './user-affinity.ts';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { withArgumentDescriptions } from './argument-descriptions.ts';
import { withAudit } from './audit-mutations.ts';
import { builder } from './builder.ts';

export const schema = withArgumentDescriptions(withAudit(builder.toSchema()));

/** The contract as text: what `schema.graphql` holds. */
export function printedSchema(): string {
  return `${printSchema(lexicographicSortSchema(schema))}\n`;
}
