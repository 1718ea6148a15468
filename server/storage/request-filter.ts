// A RequestFilter as a condition in SQL. Every value is a parameter.

import { type Expression, type ExpressionWrapper, expressionBuilder, type SqlBool, sql } from 'kysely';
import {
  EQUAL_FILTER_FIELDS,
  LEAST_FILTER_FIELDS,
  type RequestFilter,
  SEARCHED_ROW_FIELDS,
} from '../gateway/ports.ts';
import { flag, type LogDatabase } from './database.ts';

const LEAST_FIELDS = Object.keys(LEAST_FILTER_FIELDS) as (keyof typeof LEAST_FILTER_FIELDS)[];

/** True for the rows of `request` (or a subquery of its columns) that match every given field. */
export function matches(filter: RequestFilter): ExpressionWrapper<LogDatabase, 'request', SqlBool> {
  return expressionBuilder<LogDatabase, 'request'>().and([
    ...EQUAL_FILTER_FIELDS.flatMap((field) => compare(field, '=', filter[field])),
    ...compareFlag('isStreamed', filter.isStreamed),
    ...compareFlag('isKeepWarm', filter.isKeepWarm),
    ...compare('startedAtMs', '>=', filter.fromMs),
    ...compare('startedAtMs', '<', filter.toMs),
    ...compare('status', '>=', filter.minStatus),
    ...compare('status', '<=', filter.maxStatus),
    ...LEAST_FIELDS.flatMap((field) => compare(LEAST_FILTER_FIELDS[field], '>=', filter[field])),
    ...contain(['apiKeyName'], filter.apiKeyName),
    ...contain(['requestedModel'], filter.requestedModel),
    ...contain(SEARCHED_ROW_FIELDS, filter.search),
  ]);
}

type RequestColumn = keyof LogDatabase['request'];

/** No condition when the value is not given. */
function compare(
  column: RequestColumn,
  operator: '=' | '>=' | '<=' | '<',
  value: string | number | undefined,
): Expression<SqlBool>[] {
  return value === undefined ? [] : [sql<SqlBool>`${sql.ref(column)} ${sql.raw(operator)} ${value}`];
}

function compareFlag(column: RequestColumn, value: boolean | undefined): Expression<SqlBool>[] {
  return compare(column, '=', value === undefined ? undefined : flag(value));
}

/** `like` takes upper and lower case of ASCII as equal by itself; `lower` beside it would double the time of a search. */
function contain(columns: readonly RequestColumn[], text: string | undefined): Expression<SqlBool>[] {
  if (text === undefined || text === '') return [];
  const pattern = `%${text.replace(/[\\%_]/g, '\\$&')}%`;
  const terms = columns.map((column) => sql<SqlBool>`${sql.ref(column)} like ${pattern} escape '\\'`);
  return [expressionBuilder<LogDatabase, 'request'>().or(terms)];
}
