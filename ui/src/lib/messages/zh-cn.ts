// Simplified Chinese messages; a missing key does not compile.

import type { dictionary as en } from './en.ts';
import { accounts } from './zh-cn/accounts.ts';
import { affinities } from './zh-cn/affinities.ts';
import { alerts } from './zh-cn/alerts.ts';
import { audit } from './zh-cn/audit.ts';
import { cache } from './zh-cn/cache.ts';
import { charts } from './zh-cn/charts.ts';
import { codes } from './zh-cn/codes.ts';
import { explorer } from './zh-cn/explorer.ts';
import { importFaults } from './zh-cn/import-faults.ts';
import { keys } from './zh-cn/keys.ts';
import { lab } from './zh-cn/lab.ts';
import { models } from './zh-cn/models.ts';
import { overview } from './zh-cn/overview.ts';
import { requestDetail } from './zh-cn/request-detail.ts';
import { requests } from './zh-cn/requests.ts';
import { routing } from './zh-cn/routing.ts';
import { settings } from './zh-cn/settings.ts';
import { shared } from './zh-cn/shared.ts';
import { shell } from './zh-cn/shell.ts';
import { start } from './zh-cn/start.ts';
import { table } from './zh-cn/table.ts';
import { ttl } from './zh-cn/ttl.ts';

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
} satisfies Record<keyof typeof en, string>;
