// What the Alerts screen asks the API beside the alerts themselves.

import { graphql, type ResultOf } from '../../lib/graphql.ts';

export const ALERT_RULE = graphql(`
  query AlertRule {
    settings {
      alerts { enabled webhookOrigin minRequests dropShare windowMinutes baselineHours cooldownMinutes }
    }
  }
`);

export type Rule = ResultOf<typeof ALERT_RULE>['settings']['alerts'];
