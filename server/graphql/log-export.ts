// `GET /admin/export/requests.csv` and `.jsonl`: the request log as a file, streamed page by page, newest first.
//
// A page is read only when the reader has taken the one before, so that an export of millions of rows holds one page.

import { GraphQLError } from 'graphql';
import type { RequestPage } from '../gateway/log-queries.ts';
import type { RequestCursor, RequestFilter, RequestRow } from '../gateway/ports.ts';
import { identifyVisitor } from './actor.ts';
import { csvLine } from './csv.ts';
import { type Cell, EXPORT_COLUMNS } from './export-columns.ts';
import { type ExportQuery, readExportQuery } from './export-query.ts';
import { ownFilter } from './own-rows.ts';
import type { AdminParts, Connection, Visitor } from './parts.ts';
import { foreignOriginProblem } from './same-origin.ts';

const EXPORT_PATH = '/admin/export/';

/** Rows read at once: a few hundred kilobytes as text. */
const PAGE_ROWS = 500;
/** Each reads the database without a pause; more at once would slow the panel down. */
const MAX_EXPORTS = 4;
const BUSY_RETRY_SECONDS = 10;
/** Whoever takes no page for so long loses the place to others. */
const READER_PATIENCE_MS = 60_000;
const BOM = '\u{FEFF}';

interface Format {
  contentType: string;
  head: string;
  line: (cells: readonly Cell[]) => string;
}

const FORMATS: Readonly<Record<string, Format>> = {
  'requests.csv': {
    contentType: 'text/csv; charset=utf-8; header=present',
    head: csvLine(EXPORT_COLUMNS.map(({ name }) => name)),
    line: csvLine,
  },
  'requests.jsonl': { contentType: 'application/jsonl; charset=utf-8', head: '', line: jsonLine },
};

export interface LogExport {
  /** Answers the paths under `/admin/export/`. */
  fetch(request: Request, connection: Connection): Promise<Response>;
}

type ExportParts = Pick<
  AdminParts,
  'log' | 'catalog' | 'clock' | 'sessions' | 'adminTokens' | 'adminToken' | 'logError'
>;

/** Owns the count of exports under way. */
export function createLogExport(parts: ExportParts): LogExport {
  let running = 0;
  const answer = async (request: Request, connection: Connection): Promise<Response> => {
    const { pathname, searchParams } = new URL(request.url);
    const name = pathname.slice(EXPORT_PATH.length);
    const format = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined;
    if (!format) return refusal(404, 'Cannot find the export: there are requests.csv and requests.jsonl');
    if (request.method !== 'GET') {
      return refusal(405, 'Cannot export: only GET is answered here', { headers: { allow: 'GET' } });
    }
    const crossSite = foreignOriginProblem(request);
    if (crossSite !== null) return refusal(403, crossSite);
    const visitor = await identifyVisitor(request, { parts, connection });
    if (!visitor.actor) return refusal(401, 'Cannot export: log in, or send a token as bearer');
    const query = readExportQuery(searchParams);
    if ('faults' in query) return badQuery(query.faults);
    const filter = ownFilter(visitor, query.filter);
    if (running >= MAX_EXPORTS) {
      const headers = { 'retry-after': String(BUSY_RETRY_SECONDS) };
      return refusal(429, `Cannot export: ${MAX_EXPORTS} exports are under way`, { headers });
    }
    running += 1;
    const body = rowStream({ ...query, filter }, format, {
      parts,
      visitor,
      signal: request.signal,
      onEnd: () => {
        running -= 1;
      },
    });
    return new Response(body, { headers: headersOf(name, format, parts.clock.nowMs()) });
  };
  return {
    fetch: (request, connection) =>
      answer(request, connection).catch((error: unknown) => {
        if (error instanceof GraphQLError) return refusal(403, error.message);
        parts.logError(error);
        return refusal(500, 'Unexpected error.');
      }),
  };
}

interface Run {
  parts: ExportParts;
  visitor: Visitor;
  signal: AbortSignal;
  /** Called once, however it ends. */
  onEnd: () => void;
}

function rowStream({ filter, hasBom }: ExportQuery, format: Format, run: Run): ReadableStream<Uint8Array> {
  const { parts, signal } = run;
  const encoder = new TextEncoder();
  let after: RequestCursor | null = null;
  let isOver = false;
  let stopWaiting: () => void = () => undefined;
  const waitForReader = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    stopWaiting = parts.clock.setTimer(() => {
      end();
      controller.error(
        new Error(`Cannot go on with the export: not read for ${READER_PATIENCE_MS / 1000} s`),
      );
    }, READER_PATIENCE_MS);
  };
  const end = () => {
    if (isOver) return;
    isOver = true;
    stopWaiting();
    signal.removeEventListener('abort', end);
    run.onEnd();
  };
  signal.addEventListener('abort', end, { once: true });
  if (signal.aborted) end();
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        const head = `${hasBom ? BOM : ''}${format.head}`;
        if (head !== '') controller.enqueue(encoder.encode(head));
        if (!isOver) waitForReader(controller);
      },
      async pull(controller) {
        stopWaiting();
        if (isOver) return closed(controller);
        try {
          // Whoever reads waits for a row, and there may be none in what was looked through so far.
          for (;;) {
            const { rows, reached } = await nextPage(filter, after, run);
            if (isOver) return closed(controller);
            if (rows.length > 0) controller.enqueue(encoder.encode(textOf(rows, format, run)));
            if (reached === null) break;
            after = reached;
            if (rows.length > 0) return waitForReader(controller);
          }
          end();
          controller.close();
        } catch (error) {
          // A half of a file must not look like the whole: the connection breaks.
          end();
          parts.logError(error);
          controller.error(error);
        }
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}

/** Whoever left may have closed it already. */
function closed(controller: ReadableStreamDefaultController<Uint8Array>): void {
  try {
    controller.close();
  } catch {
    // It was.
  }
}

async function nextPage(
  filter: RequestFilter,
  after: RequestCursor | null,
  { parts, visitor }: Run,
): Promise<RequestPage> {
  if (visitor.login && !(await visitor.login.isLive())) {
    throw new Error('Cannot go on with the export: its login has ended');
  }
  return parts.log.page(filter, { limit: PAGE_ROWS, after });
}

function textOf(rows: readonly RequestRow[], { line }: Format, { parts, visitor }: Run): string {
  const catalog = parts.catalog.current;
  const isOwn = visitor.actor?.role === 'own';
  const cells = (row: RequestRow) =>
    EXPORT_COLUMNS.map(({ read, isInternal }) => (isOwn && isInternal ? null : read(row, catalog)));
  return rows.map((row) => line(cells(row))).join('');
}

function jsonLine(cells: readonly Cell[]): string {
  return `${JSON.stringify(Object.fromEntries(EXPORT_COLUMNS.map(({ name }, index) => [name, cells[index] ?? null])))}\n`;
}

function headersOf(name: string, { contentType }: Format, nowMs: number): Record<string, string> {
  const stamp = new Date(nowMs).toISOString().slice(0, 19).replaceAll(':', '-');
  return {
    'content-type': contentType,
    'content-disposition': `attachment; filename="${name.replace('.', `-${stamp}.`)}"`,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  };
}

function badQuery(parameters: string[]): Response {
  return refusal(400, `Cannot export: these parameters cannot be used: ${parameters.join(', ')}`, {
    parameters,
  });
}

function refusal(
  status: number,
  message: string,
  { headers, parameters }: { headers?: Record<string, string>; parameters?: string[] } = {},
): Response {
  return Response.json(
    { error: { message, ...(parameters && { parameters }) } },
    { status, headers: { 'cache-control': 'no-store', ...headers } },
  );
}
