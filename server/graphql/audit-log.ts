// The audit log: every mutation, who made it and how it went.

import type { AuditEntry, AuditFilter } from '../gateway/admin-store.ts';
import { builder, VIEWER } from './builder.ts';
import type { AdminContext } from './context.ts';
import { type PageArgs, pageFrom, pageRows, readCursor, writeCursor } from './page.ts';
import { pageArgs } from './page-args.ts';
import { RoleRef } from './role.ts';

const AuditOutcomeRef = builder.enumType('AuditOutcome', {
  description: 'How a mutation went.',
  values: {
    OK: { value: 'ok', description: 'Done.' },
    REFUSED: {
      value: 'refused',
      description: 'An expected failure, told to the caller; nothing was changed.',
    },
    DENIED: {
      value: 'denied',
      description: 'The caller was not logged in, or the role does not reach so far.',
    },
    FAILED: { value: 'failed', description: 'A fault of the gateway.' },
  } as const,
});

const AuditEntryRef = builder.objectRef<AuditEntry>('AuditEntry').implement({
  description: 'One mutation, whether it changed something or not.',
  authScopes: VIEWER,
  fields: (t) => ({
    id: t.exposeID('id', { description: 'Unique; later entries have greater ones.' }),
    at: t.field({ type: 'DateTime', description: 'When.', resolve: ({ atMs }) => atMs }),
    actor: t.exposeString('actor', {
      description:
        '`panel`, `admin-token`, the name of an admin token or API key, or `nobody` before a login.',
    }),
    role: t.field({
      type: RoleRef,
      nullable: true,
      description: 'The role of the actor; null for nobody.',
      resolve: ({ role }) => role,
    }),
    action: t.exposeString('action', { description: 'Name of the mutation.' }),
    arguments: t.exposeString('arguments', {
      description: 'JSON of its arguments, secrets replaced by dots, cut at 4000 characters.',
    }),
    outcome: t.field({
      type: AuditOutcomeRef,
      description: 'How it went.',
      resolve: ({ outcome }) => outcome,
    }),
    errorCodes: t.exposeString('errorCodes', {
      nullable: true,
      description: 'Codes of what was refused or failed, joined by commas; null when nothing was.',
    }),
  }),
});

const AuditEntryConnection = builder.connectionObject({ type: AuditEntryRef, name: 'AuditEntryConnection' });

const AuditFilterInput = builder.inputType('AuditFilter', {
  description: 'Every given field must match.',
  fields: (t) => ({
    from: t.field({ type: 'DateTime', description: 'Half-open: from <= at < to.' }),
    to: t.field({ type: 'DateTime', description: 'Half-open: from <= at < to.' }),
    actor: t.string({ description: 'By exactly this actor.' }),
    action: t.string({ description: 'Exactly this mutation.' }),
    outcome: t.field({ type: AuditOutcomeRef, description: 'That went like this.' }),
    search: t.string({ description: 'Part of actor, action or arguments, whatever the case.' }),
  }),
});

builder.queryField('auditLog', (t) =>
  t.field({
    type: AuditEntryConnection,
    description: 'Every mutation, newest first. The newest 100,000 are kept.',
    args: { filter: t.arg({ type: AuditFilterInput }), ...pageArgs(t) },
    resolve: (_root, { filter, ...page }, context) => auditPage(context, auditFilter(filter), page),
  }),
);

async function auditPage({ parts }: AdminContext, filter: AuditFilter, args: PageArgs) {
  const limit = pageRows(args);
  const [afterId] = args.after == null ? [null] : readCursor(args.after, 'audit');
  const entries = await parts.audit.page(filter, {
    limit: limit + 1,
    afterId: typeof afterId === 'string' ? afterId : null,
  });
  const edges = entries.slice(0, limit).map((node) => ({ cursor: writeCursor('audit', [node.id]), node }));
  return pageFrom(edges, {
    hasNextPage: entries.length > limit,
    args,
    totalCount: () => parts.audit.count(filter),
  });
}

/** Absent and null fields do not filter. */
function auditFilter(input: typeof AuditFilterInput.$inferInput | null | undefined): AuditFilter {
  const { from, to, actor, action, outcome, search } = input ?? {};
  return {
    ...(from != null && { fromMs: from }),
    ...(to != null && { toMs: to }),
    ...(actor != null && { actor }),
    ...(action != null && { action }),
    ...(outcome != null && { outcome }),
    ...(search != null && { search }),
  };
}
