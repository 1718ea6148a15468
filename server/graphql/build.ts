// What is running.

import { builder, VIEWER } from './builder.ts';
import type { BuildInfo } from './parts.ts';

const BuildRef = builder.objectRef<BuildInfo>('Build').implement({
  description: 'The running program.',
  authScopes: VIEWER,
  fields: (t) => ({
    version: t.exposeString('version', { description: 'Release, such as 0.1.0.' }),
    commit: t.exposeString('commit', {
      nullable: true,
      description: 'Commit it was built from, when known.',
    }),
    runtime: t.exposeString('runtime', { description: 'JavaScript runtime and its version.' }),
    startedAt: t.field({
      type: 'DateTime',
      description: 'When this process started.',
      resolve: (build) => build.startedAtMs,
    }),
    nodeId: t.exposeString('nodeId', { description: 'Tells the nodes of one installation apart.' }),
    demo: t.exposeBoolean('isDemo', { description: 'The embedded demo upstream is serving.' }),
  }),
});

builder.queryField('build', (t) =>
  t.field({
    type: BuildRef,
    description: 'Version and runtime of this node.',
    resolve: (_root, _args, { parts }) => parts.build,
  }),
);
