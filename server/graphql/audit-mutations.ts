// Writes down every mutation: who, what, with which arguments and how it went. Wraps the finished schema, so none is left out.

import { GraphQLError, type GraphQLSchema } from 'graphql';
import { uuidv7 } from 'uuidv7';
import type { AuditOutcome } from '../gateway/admin-store.ts';
import { redactSecrets } from '../gateway/redact.ts';
import type { AdminContext } from './context.ts';
import { MAX_STRANGER_NOTES } from './desk.ts';

/** Arguments that are or may hold secrets, whatever input they are in. */
const SECRET_ARGUMENTS: ReadonlySet<string> = new Set([
  'credential',
  'password',
  'text',
  'token',
  'webhookUrl',
]);
const TOO_MANY = `strangers had ${MAX_STRANGER_NOTES} within the hour, further ones are left out of the audit log`;
const MAX_ARGUMENTS_CHARACTERS = 4_000;
const MAX_ARGUMENT_CHARACTERS = 300;
/** Of a longer text only the beginning is looked at. */
const MAX_READ_CHARACTERS = 10_000;

/** Makes each field of the schema's mutation type leave an entry in the audit log. Returns the same schema. */
export function withAudit(schema: GraphQLSchema): GraphQLSchema {
  for (const field of Object.values(schema.getMutationType()?.getFields() ?? {})) {
    const { name, resolve } = field;
    if (!resolve) continue;
    field.resolve = async (root, args, context: AdminContext, info) => {
      const note = (went: Went) => write(context, { action: name, args, went });
      try {
        const result: unknown = await resolve(root, args, context, info);
        await note(wentOf(result));
        return result;
      } catch (error) {
        await note(failureOf(error));
        throw error;
      }
    };
  }
  return schema;
}

interface Went {
  outcome: AuditOutcome;
  errorCodes: string | null;
}

async function write(
  context: AdminContext,
  { action, args, went }: { action: string; args: unknown; went: Went },
): Promise<void> {
  const { parts, visitor } = context;
  const { actor } = visitor;
  if (!isWorthAnEntry(context, went)) return;
  try {
    await parts.audit.append({
      id: uuidv7(),
      atMs: parts.clock.nowMs(),
      actor: actor?.name ?? 'nobody',
      role: actor?.role ?? null,
      action,
      arguments: withoutSecrets(args),
      ...went,
    });
  } catch (error) {
    // What was done is done: the caller must not take it for undone.
    parts.logError(error);
  }
}

/** Anybody may be refused as often as he likes; what administrators did must outlast that. */
function isWorthAnEntry({ desk, parts, visitor: { actor } }: AdminContext, { outcome }: Went): boolean {
  const isStranger = actor === null || actor.role === 'own';
  if (!isStranger || outcome === 'ok') return true;
  const counted = desk.countStranger();
  if (counted === 'last') parts.logError(new Error(`Cannot note every refused mutation: ${TOO_MANY}`));
  return counted !== 'full';
}

/** Payloads tell expected failures in `errors`. */
function wentOf(result: unknown): Went {
  const errors = typeof result === 'object' && result !== null && 'errors' in result ? result.errors : null;
  if (!Array.isArray(errors) || errors.length === 0) return { outcome: 'ok', errorCodes: null };
  return { outcome: 'refused', errorCodes: errors.map(codeOf).join(',') };
}

function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : null;
  return typeof code === 'string' ? code : 'unknown';
}

function failureOf(error: unknown): Went {
  const code = error instanceof GraphQLError ? error.extensions.code : null;
  const errorCodes = typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR';
  if (errorCodes === 'FORBIDDEN' || errorCodes === 'UNAUTHENTICATED')
    return { outcome: 'denied', errorCodes };
  return { outcome: errorCodes === 'BAD_USER_INPUT' ? 'refused' : 'failed', errorCodes };
}

/** A URL may hold a password, and what is no URL may be one. */
function plainUrl(text: string): string {
  const url = URL.parse(text);
  return url && /^https?:$/.test(url.protocol) ? `${url.origin}${url.pathname}` : '•••';
}

/** Redacted before it is cut: half a secret looks like none. */
function kept(value: string): string {
  const clean = redactSecrets(value.slice(0, MAX_READ_CHARACTERS));
  return clean.length > MAX_ARGUMENT_CHARACTERS ? `${clean.slice(0, MAX_ARGUMENT_CHARACTERS)}…` : clean;
}

/** JSON of the arguments with every secret replaced and long texts cut. */
export function withoutSecrets(args: unknown): string {
  const text = JSON.stringify(args, (key, value: unknown) => {
    if (SECRET_ARGUMENTS.has(key) && value !== null && value !== undefined) return '•••';
    if (key === 'baseUrl' && typeof value === 'string') return plainUrl(value);
    return typeof value === 'string' ? kept(value) : value;
  });
  return (text ?? '{}').slice(0, MAX_ARGUMENTS_CHARACTERS);
}
