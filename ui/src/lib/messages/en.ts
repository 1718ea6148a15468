// English messages; their keys are the keys of every other language. Names in braces are filled in.

import { accounts } from './en/accounts.ts';
import { affinities } from './en/affinities.ts';
import { alerts } from './en/alerts.ts';
import { audit } from './en/audit.ts';
import { cache } from './en/cache.ts';
import { charts } from './en/charts.ts';
import { codes } from './en/codes.ts';
import { explorer } from './en/explorer.ts';
import { importFaults } from './en/import-faults.ts';
import { keys } from './en/keys.ts';
import { lab } from './en/lab.ts';
import { models } from './en/models.ts';
import { overview } from './en/overview.ts';
import { requestDetail } from './en/request-detail.ts';
import { requests } from './en/requests.ts';
import { routing } from './en/routing.ts';
import { settings } from './en/settings.ts';
import { shared } from './en/shared.ts';
import { shell } from './en/shell.ts';
import { start } from './en/start.ts';
import { table } from './en/table.ts';
import { ttl } from './en/ttl.ts';

export const dictionary = {
  ...shell,
  ...shared,
  ...table,
  ...charts,
  ...routing,
  ...codes,
  ...start,
  ...overview,
  ...requests,
  ...requestDetail,
  ...affinities,
  ...cache,
  ...ttl,
  ...models,
  ...accounts,
  ...keys,
  ...lab,
  ...alerts,
  ...audit,
  ...settings,
  ...importFaults,
  ...explorer,
} as const;
