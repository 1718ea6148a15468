// The alerts about prompt caches, kept up to date by one subscription of the frame: for the navigation and for their screen.

import { activeOf, withAlert } from './alert-list.ts';
import { graphql, type ResultOf, run } from './graphql.ts';
import { type Feed, openFeed } from './live.svelte.ts';
import { Resource } from './resource.svelte.ts';

const ALERT_ROW = graphql(`
  fragment AlertRow on CacheAlert {
    id subject subjectId subjectName startedAt endedAt end
    hitRate baselineHitRate windowMinutes requests lostUsd
  }
`);

const ALERTS = graphql(
  `
  query Alerts {
    alerts { ...AlertRow }
  }
`,
  [ALERT_ROW],
);

const ALERT_CHANGED = graphql(
  `
  subscription AlertChanged {
    alertChanged { ...AlertRow }
  }
`,
  [ALERT_ROW],
);

export type Alert = ResultOf<typeof ALERT_ROW>;

/** Newest first; null until they are here. */
export const alertList = new Resource<readonly Alert[]>(async () => (await run(ALERTS, {})).alerts);

/** Follows the alerts until the feed is closed. The frame opens one for all screens. */
export function watchAlerts(): Feed {
  return openFeed(
    ALERT_CHANGED,
    {},
    {
      // What began or ended while nobody listened is in the list alone.
      onOpen: () => void alertList.reload(),
      onData: ({ alertChanged }) => {
        if (alertList.value) alertList.value = withAlert(alertList.value, alertChanged);
      },
    },
  );
}

function activeAlerts(): readonly Alert[] {
  return activeOf(alertList.value ?? []);
}

export function activeAlertCount(): number {
  return activeAlerts().length;
}
