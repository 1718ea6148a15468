// Reads the status line and header fields of a reply, and from them how its body is framed. Pure; strict where two readers could disagree.

import { UpstreamFault } from '../gateway/upstream.ts';

/** `none`: the reply has no body by its status. `close`: the body lasts until the peer closes. */
export type Framing =
  | { kind: 'none' }
  | { kind: 'length'; bytes: number }
  | { kind: 'chunked' }
  | { kind: 'close' };

export interface Field {
  name: string;
  value: string;
}

export interface ReplyHead {
  status: number;
  /** Names in lower case, in the order they came. */
  fields: readonly Field[];
  framing: Framing;
  /** The connection may carry another request once the body has ended. */
  isReusable: boolean;
  /** The peer's announcement of how long it keeps an idle connection (`keep-alive: timeout=`); null = none. */
  keepAliveMs: number | null;
  /** Content coding other than identity, in lower case. */
  coding: string | null;
}

/** Takes the head's text, one character a byte, up to and without its last empty line. Throws `bad-framing`. */
export function parseReplyHead(text: string): ReplyHead {
  const version = text.startsWith('HTTP/1.1 ') ? 1 : text.startsWith('HTTP/1.0 ') ? 0 : null;
  const status = Number(text.slice(9, 12));
  const afterStatus = text.charCodeAt(12);
  if (version === null || !(status >= 100 && status <= 599) || !Number.isInteger(status))
    throw bad('status line');
  if (!Number.isNaN(afterStatus) && afterStatus !== SPACE && afterStatus !== CR) throw bad('status line');
  const framing = new FramingFields();
  const fields: Field[] = [];
  let end = text.indexOf('\r\n');
  while (end >= 0) {
    const start = end + 2;
    end = text.indexOf('\r\n', start);
    const field = parseField(text, start, end < 0 ? text.length : end);
    framing.see(field);
    fields.push(field);
  }
  if (UNSAFE.test(text)) throw bad('header field');
  return framing.conclude({ status, fields, isVersion1: version === 1 });
}

const SPACE = 0x20;
const CR = 0x0d;
const TAB = 0x09;
/** A line end that is not CR LF, or a NUL: readers differ on what they mean. */
const UNSAFE = /\0|\r(?!\n)|(?<!\r)\n/;
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;

function parseField(text: string, start: number, end: number): Field {
  const colon = text.indexOf(':', start);
  if (colon < 0 || colon >= end) throw bad('header field');
  const name = fieldName(text.slice(start, colon));
  let from = colon + 1;
  let to = end;
  while (from < to && isBlank(text.charCodeAt(from))) from++;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to--;
  return { name, value: text.slice(from, to) };
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}

/** Field names as sent → checked and in lower case. Upstreams send the same few dozen; emptied when a peer makes up more. */
const knownNames = new Map<string, string>();
const MAX_KNOWN_NAMES = 1_000;

/** Refuses continuation lines and blanks before the colon with the rest: neither starts or ends with a name's character. */
function fieldName(sent: string): string {
  const known = knownNames.get(sent);
  if (known !== undefined) return known;
  const name = sent.toLowerCase();
  if (!FIELD_NAME.test(name)) throw bad('header field');
  if (knownNames.size >= MAX_KNOWN_NAMES) knownNames.clear();
  if (name.length <= 64) knownNames.set(sent, name);
  return name;
}

/** The fields that say where the body ends and whether the connection lives on. */
class FramingFields {
  #lengths: string | null = null;
  #transferCoding: string | null = null;
  #connection = '';
  #keepAliveMs: number | null = null;
  #coding: string | null = null;

  see({ name, value }: Field): void {
    switch (name) {
      case 'content-length':
        this.#lengths = joined(this.#lengths, value);
        break;
      case 'transfer-encoding':
        this.#transferCoding = joined(this.#transferCoding, value.toLowerCase());
        break;
      case 'connection':
        this.#connection = joined(this.#connection, value.toLowerCase());
        break;
      case 'keep-alive':
        this.#keepAliveMs = keepAliveMs(value);
        break;
      case 'content-encoding':
        this.#coding = joined(this.#coding, value.toLowerCase());
        break;
    }
  }

  conclude({
    status,
    fields,
    isVersion1,
  }: {
    status: number;
    fields: Field[];
    isVersion1: boolean;
  }): ReplyHead {
    const framing = this.#framing(status, isVersion1);
    return {
      status,
      fields,
      framing,
      isReusable: isVersion1 && framing.kind !== 'close' && !saysClose(this.#connection),
      keepAliveMs: this.#keepAliveMs,
      coding: this.#coding === 'identity' || this.#coding === '' ? null : this.#coding,
    };
  }

  /** RFC 9112 section 6.3, but both fields together are an error: that is how replies are smuggled. */
  #framing(status: number, isVersion1: boolean): Framing {
    if (this.#transferCoding !== null) {
      if (this.#lengths !== null || this.#transferCoding !== 'chunked' || !isVersion1)
        throw bad('transfer-encoding');
      return hasNoBody(status) ? { kind: 'none' } : { kind: 'chunked' };
    }
    const bytes = this.#lengths === null ? null : lengthOf(this.#lengths);
    if (hasNoBody(status)) return { kind: 'none' };
    if (bytes === 0) return { kind: 'none' };
    return bytes === null ? { kind: 'close' } : { kind: 'length', bytes };
  }
}

function joined(before: string | null, value: string): string {
  return before ? `${before},${value}` : value;
}

function hasNoBody(status: number): boolean {
  return status < 200 || status === 204 || status === 304;
}

/** Repeated equal lengths are one length (RFC 9112 section 6.3). */
function lengthOf(values: string): number {
  if (/^\d{1,15}$/.test(values)) return Number(values);
  const [first = '', ...others] = values.split(',').map((value) => value.trim());
  if (!/^\d{1,15}$/.test(first) || others.some((other) => other !== first)) throw bad('content-length');
  return Number(first);
}

function saysClose(connection: string): boolean {
  return connection !== '' && /(^|,)\s*close\s*(,|$)/.test(connection);
}

function keepAliveMs(value: string): number | null {
  const seconds = /(?:^|[,\s])timeout=(\d{1,6})/.exec(value.toLowerCase())?.[1];
  return seconds === undefined ? null : Number(seconds) * 1_000;
}

function bad(what: string): UpstreamFault {
  return new UpstreamFault('bad-framing', `unreadable ${what}`, { isSent: true });
}
