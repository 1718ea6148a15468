// The columns of the Requests table, in the order they stand in at first.

import { t } from '../../lib/i18n.svelte.ts';
import { subjectOf } from '../../parts/request-look.ts';
import type { Column } from '../../parts/table/columns.ts';
import * as cells from './Cells.svelte';
import type { Row } from './queries.ts';

const TEXT = 'minmax(4.5rem,1fr)';
const RIGHT = { align: 'right' } as const;
const HIDDEN = { isHidden: true } as const;

/** Anew for each language. */
export function requestColumns(): Column<Row>[] {
  return [...whoAndWhere(), ...figures(), ...further()];
}

function whoAndWhere(): Column<Row>[] {
  return [
    {
      key: 'time',
      label: t('column.time'),
      width: '4.25rem',
      isFixed: true,
      copy: (row) => row.startedAt,
      cell: cells.time,
    },
    { key: 'status', label: t('column.status'), width: '2.75rem', cell: cells.status },
    {
      key: 'model',
      label: t('column.model'),
      width: 'minmax(6rem,1.6fr)',
      copy: subjectOf,
      cell: cells.requested,
    },
    {
      key: 'resolved',
      label: t('column.resolved'),
      width: TEXT,
      ...HIDDEN,
      copy: (row) => row.upstreamModel,
      cell: cells.resolved,
    },
    {
      key: 'key',
      label: t('column.key'),
      width: 'minmax(4.5rem,1.2fr)',
      copy: (row) => row.apiKeyName,
      cell: cells.key,
    },
    { key: 'user', label: t('column.user'), width: TEXT, ...HIDDEN, cell: cells.user },
    {
      key: 'account',
      label: t('column.account'),
      width: 'minmax(4.5rem,1.1fr)',
      copy: (row) => row.account?.name ?? null,
      cell: cells.account,
    },
    { key: 'provider', label: t('column.provider'), width: TEXT, ...HIDDEN, cell: cells.provider },
    { key: 'surface', label: t('column.surface'), width: TEXT, ...HIDDEN, cell: cells.surface },
    {
      key: 'path',
      label: t('column.path'),
      width: 'minmax(7rem,1fr)',
      ...HIDDEN,
      copy: (row) => row.path,
      cell: cells.path,
    },
    { key: 'affinity', label: t('column.affinity'), width: '4.75rem', cell: cells.affinity },
    { key: 'miss', label: t('column.miss'), width: '5rem', cell: cells.miss },
  ];
}

function figures(): Column<Row>[] {
  const shared = { width: '4.25rem', ...RIGHT };
  return [
    {
      key: 'readOfInput',
      label: t('column.input'),
      hint: t('tokens.readOfInput'),
      width: '6.375rem',
      ...RIGHT,
      cell: cells.readOfInput,
    },
    { key: 'input', label: t('column.inputTokens'), ...shared, ...HIDDEN, cell: cells.inputTokens },
    { key: 'read', label: t('column.read'), ...shared, ...HIDDEN, cell: cells.read },
    { key: 'write', label: t('column.write'), ...shared, ...HIDDEN, cell: cells.write },
    { key: 'output', label: t('column.output'), width: '3.5rem', ...RIGHT, cell: cells.output },
    { key: 'hitRate', label: t('column.hitRate'), ...shared, ...HIDDEN, cell: cells.hitRate },
    {
      key: 'ttft',
      label: t('column.ttft'),
      hint: t('column.ttft.hint'),
      width: '3.5rem',
      ...RIGHT,
      isExtra: true,
      cell: cells.ttft,
    },
    { key: 'latency', label: t('column.latency'), width: '3.5rem', ...RIGHT, cell: cells.latency },
    { key: 'queue', label: t('column.queue'), ...shared, ...HIDDEN, cell: cells.queue },
    { key: 'attempts', label: t('column.attempts'), ...shared, ...HIDDEN, cell: cells.attempts },
    { key: 'cost', label: t('column.cost'), ...shared, cell: cells.cost },
    { key: 'saved', label: t('column.saved'), ...shared, isExtra: true, cell: cells.saved },
  ];
}

function further(): Column<Row>[] {
  return [
    {
      key: 'session',
      label: t('column.session'),
      width: TEXT,
      ...HIDDEN,
      copy: (row) => row.sessionId,
      cell: cells.session,
    },
    { key: 'stream', label: t('column.stream'), width: '6rem', ...HIDDEN, cell: cells.stream },
    { key: 'outcome', label: t('column.outcome'), width: '6.5rem', ...HIDDEN, cell: cells.outcome },
    {
      key: 'errorCode',
      label: t('column.errorCode'),
      width: 'minmax(6rem,1fr)',
      ...HIDDEN,
      copy: (row) => row.errorCode,
      cell: cells.errorCode,
    },
  ];
}
