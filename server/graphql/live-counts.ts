// How much subscriptions had to tell: whoever reads and then listens sees by it whether anything happened in between.

import { builder, VIEWER } from './builder.ts';

interface LiveCounts {
  requestsLogged: number;
  accountsChanged: number;
  cleared: number;
}

const LiveCountsRef = builder.objectRef<LiveCounts>('LiveCounts').implement({
  description:
    'What happened on this node since its process started. Ask first in a document, and again once a subscription runs: as long as a figure is the same, the first answer holds.',
  authScopes: VIEWER,
  fields: (t) => ({
    requestsLogged: t.field({
      type: 'Long',
      description: 'Finished requests, as `requestLogged` tells of them.',
      resolve: ({ requestsLogged }) => requestsLogged,
    }),
    accountsChanged: t.field({
      type: 'Long',
      description:
        'Changes of state, load or settings of accounts: all of those that `accountChanged` tells at most once a second per account.',
      resolve: ({ accountsChanged }) => accountsChanged,
    }),
    cleared: t.field({
      type: 'Long',
      description: 'How often something was cleared, as `cleared` tells of it.',
      resolve: ({ cleared }) => cleared,
    }),
  }),
});

builder.queryField('liveCounts', (t) =>
  t.field({
    type: LiveCountsRef,
    description: 'How much subscriptions had to tell, whether anybody listened or not.',
    resolve: (_root, _args, { parts }): LiveCounts => ({
      requestsLogged: parts.live.count('request'),
      accountsChanged: parts.live.count('account'),
      cleared: parts.live.count('cleared'),
    }),
  }),
);
