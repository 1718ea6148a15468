// Requests that only one account can serve: they name or carry something that this account made.

import { Buffer } from 'node:buffer';
import { dialectOf } from '../wire/dialects.ts';
import { parseJson } from '../wire/json.ts';
import type { RequestBody } from './body.ts';
import type { Candidate } from './catalog.ts';
import { GatewayError } from './errors.ts';
import type { Exchange } from './exchange.ts';
import { tenantOf } from './identity.ts';
import type { Pins } from './pins.ts';

/** Occurrences of a field looked at from the end: the latest turn is what counts. */
const MAX_OCCURRENCES = 8;
/** Longest value read back: signatures and encrypted reasoning grow with the thought. */
const MAX_VALUE_BYTES = 4 * 1024 * 1024;

/** Files in a provider's own store. A value of another form is the client's own (a tool's argument, a public URL). */
const FILE_FIELDS: readonly { field: string; form: RegExp }[] = [
  { field: 'file_id', form: /^(file_[A-Za-z0-9]{10,}|file-[A-Za-z0-9]{10,})$/ },
  { field: 'fileUri', form: /^https:\/\/generativelanguage\.googleapis\.com\/v1(beta)?\/files\// },
  { field: 'file_uri', form: /^https:\/\/generativelanguage\.googleapis\.com\/v1(beta)?\/files\// },
];

/**
 * The candidates that can serve the request as far as such things go. A cache domain shares its provider-side state, so
 * all its accounts can. Throws GatewayError `pinned-elsewhere` when something is named whose maker is not known and more
 * than one domain could have made it, or when its maker no longer serves the model. Reasoning of unknown origin (from
 * before the gateway, or made elsewhere) is left to the provider to judge.
 */
export function pinnedCandidates(
  exchange: Exchange,
  { body, candidates }: { body: RequestBody; candidates: readonly Candidate[] },
  pins: Pins,
): readonly Candidate[] {
  const [first, ...others] = candidates;
  if (!first || others.every((other) => domainOf(other) === domainOf(first))) return candidates;
  const tenant = tenantOf(exchange.caller);
  for (const id of [...body.keptIds, ...keptFiles(body.bytes)]) {
    const accountId = pins.find(tenant, id);
    if (accountId === null) return onlyPossibleMakers(id, exchange, candidates);
    return made(accountId, { candidates, what: `"${id.slice(0, 80)}"` });
  }
  const accountId = pins.size > 0 ? reasoningMaker(exchange, body.bytes, pins) : null;
  return accountId === null ? candidates : made(accountId, { candidates, what: 'the earlier reasoning' });
}

function made(
  accountId: string,
  { candidates, what }: { candidates: readonly Candidate[]; what: string },
): readonly Candidate[] {
  const maker = candidates.find(({ account }) => account.id === accountId);
  if (!maker) {
    throw new GatewayError(
      'pinned-elsewhere',
      `Cannot route the request: the account that made ${what} no longer serves this model`,
    );
  }
  const domain = domainOf(maker);
  const { surface } = maker.endpoint;
  return candidates.filter((other) => domainOf(other) === domain && other.endpoint.surface === surface);
}

function domainOf({ account, provider }: Candidate): string {
  return account.cacheDomain === null
    ? `account ${account.id}`
    : `domain ${provider.id} ${account.cacheDomain}`;
}

/** Whoever speaks another dialect made nothing that is named in this one. */
function onlyPossibleMakers(
  id: string,
  { surface }: Exchange,
  candidates: readonly Candidate[],
): readonly Candidate[] {
  const able = candidates.filter(({ endpoint }) => endpoint.surface === surface);
  if (new Set(able.map(domainOf)).size === 1) return able;
  throw new GatewayError(
    'pinned-elsewhere',
    `Cannot route the request: "${id.slice(0, 80)}" was not made through this gateway, and several accounts could know it`,
  );
}

function keptFiles(bytes: Uint8Array<ArrayBuffer>): string[] {
  if (!hasText(bytes, '"file')) return [];
  return FILE_FIELDS.flatMap(({ field, form }) => lastTexts(bytes, field).filter((text) => form.test(text)));
}

function hasText(bytes: Uint8Array<ArrayBuffer>, text: string): boolean {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes(text);
}

function reasoningMaker(exchange: Exchange, bytes: Uint8Array<ArrayBuffer>, pins: Pins): string | null {
  const tenant = tenantOf(exchange.caller);
  for (const field of dialectOf(exchange.surface).pinFields) {
    for (const text of lastTexts(bytes, field)) {
      const accountId = pins.find(tenant, text);
      if (accountId !== null) return accountId;
    }
  }
  return null;
}

/**
 * Text values of a field anywhere in JSON bytes, the last first. A search, not a parse: inside a text every quote is
 * escaped, so `"field"` followed by a colon can only be a name.
 */
export function lastTexts(bytes: Uint8Array<ArrayBuffer>, field: string): string[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const texts: string[] = [];
  const name = `"${field}"`;
  // Forward first: nearly always there is none, and that direction is many times faster.
  let at = buffer.indexOf(name) < 0 ? -1 : buffer.lastIndexOf(name);
  for (let seen = 0; at >= 0 && seen < MAX_OCCURRENCES; seen += 1) {
    const text = textAfter(buffer, at + name.length);
    if (text !== null) texts.push(text);
    at = at === 0 ? -1 : buffer.lastIndexOf(name, at - 1);
  }
  return texts;
}

function textAfter(buffer: Buffer, start: number): string | null {
  const opening = /^\s*:\s*"/.exec(buffer.toString('latin1', start, start + 32));
  if (!opening) return null;
  const from = start + opening[0].length;
  let end = buffer.indexOf('"', from);
  while (end > from && isEscaped(buffer, end)) end = buffer.indexOf('"', end + 1);
  if (end < 0 || end - from > MAX_VALUE_BYTES) return null;
  const value = parseJson(`"${buffer.toString('utf8', from, end)}"`);
  return typeof value === 'string' ? value : null;
}

function isEscaped(buffer: Buffer, quote: number): boolean {
  let backslashes = 0;
  while (buffer[quote - 1 - backslashes] === 0x5c) backslashes += 1;
  return backslashes % 2 === 1;
}
