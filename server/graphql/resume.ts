// Goes on with a subscription where it stopped: what was missed first, then what happens, nothing twice.

import { GraphQLError } from 'graphql';
import type { KeptKind, ToldEvent } from '../gateway/live-event.ts';
import type { RequestLog } from '../gateway/log-queries.ts';
import type { RequestRow } from '../gateway/ports.ts';
import { rawId } from './global-id.ts';
import { readCursor, writeCursor } from './page.ts';
import type { AdminParts } from './parts.ts';

/** Rows given again at most; whoever missed more reads the list anew. */
const MAX_MISSED_ROWS = 10_000;
/** Rows read at a time: the next ones only when the reader has taken these. */
const CHUNK_ROWS = 500;

type LivePart = AdminParts['live'];

/** The position of an event, to be given back as `after`. */
export function cursorOf(kind: KeptKind, live: Pick<LivePart, 'epoch'>, sequence: number): string {
  return writeCursor(orderOf(kind), [live.epoch, sequence]);
}

/** Events from now on, or from the one at the cursor `after` on. Throws CURSOR_UNKNOWN, CURSOR_TOO_OLD. */
export function eventsAfter<K extends KeptKind>(
  kind: K,
  after: string | null | undefined,
  { live, signal }: { live: LivePart; signal: AbortSignal },
): AsyncIterable<ToldEvent<K>> {
  if (after == null) return live.subscribe(kind, signal);
  const position = readPosition(kind, after);
  const continuation = position && live.subscribeAfter(kind, position, signal);
  switch (continuation?.kind) {
    case 'continued':
      return continuation.events;
    case 'too-old':
      throw cursorTooOld();
    default:
      throw cursorUnknown();
  }
}

/** Rows from now on, or those written after the row with the id `after`. Errors come with the first read. */
export function rowsAfter(
  after: string | null | undefined,
  { live, log, signal }: { live: LivePart; log: Pick<RequestLog, 'writtenAfter'>; signal: AbortSignal },
): AsyncIterable<RequestRow> {
  // Before anything is read, so that no row falls between what was written and what is told.
  const events = live.subscribe('request', signal);
  return after == null ? rowsOf(events) : missedThenLive(rawId('RequestLog', after), log, events);
}

async function* rowsOf(events: AsyncIterable<ToldEvent<'request'>>): AsyncGenerator<RequestRow> {
  for await (const { row } of events) yield row;
}

async function* missedThenLive(
  after: string,
  log: Pick<RequestLog, 'writtenAfter'>,
  events: AsyncIterable<ToldEvent<'request'>>,
): AsyncGenerator<RequestRow> {
  const givenIds = new Set<string>();
  for await (const rows of chunksAfter(after, log)) {
    for (const row of rows) {
      givenIds.add(row.id);
      yield row;
    }
  }
  for await (const { row } of events) if (!givenIds.delete(row.id)) yield row;
}

async function* chunksAfter(after: string, log: Pick<RequestLog, 'writtenAfter'>) {
  let lastId = after;
  for (let count = 0; ; ) {
    const rows = await log.writtenAfter(lastId, CHUNK_ROWS);
    if (rows === null) throw cursorUnknown();
    count += rows.length;
    if (count > MAX_MISSED_ROWS) throw cursorTooOld();
    yield rows;
    if (rows.length < CHUNK_ROWS) return;
    lastId = rows.at(-1)?.id ?? lastId;
  }
}

function readPosition(kind: KeptKind, cursor: string): { epoch: string; sequence: number } | null {
  try {
    const [epoch, sequence] = readCursor(cursor, orderOf(kind));
    return typeof epoch === 'string' && Number.isSafeInteger(sequence)
      ? { epoch, sequence: Number(sequence) }
      : null;
  } catch {
    return null;
  }
}

/** Keeps the cursors of one subscription from being taken for those of another. */
function orderOf(kind: KeptKind): string {
  return `${kind}-events`;
}

function cursorUnknown(): GraphQLError {
  return new GraphQLError('Cannot go on after the cursor: not known here (any more); read the state anew', {
    extensions: { code: 'CURSOR_UNKNOWN' },
  });
}

function cursorTooOld(): GraphQLError {
  return new GraphQLError('Cannot go on after the cursor: too much has happened since; read the state anew', {
    extensions: { code: 'CURSOR_TOO_OLD' },
  });
}
