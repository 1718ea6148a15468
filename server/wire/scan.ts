// One pass over the raw bytes of a JSON request: proves it is JSON and finds its top-level fields, without building it.
//
// Why not JSON.parse: on the straight path the bytes go on as they came, and parsing is most of the cost at the
// sizes coding agents send. The scanner keeps only where each top-level value starts and ends.

/** The request is not a JSON object this gateway can route. `path` names the field concerned, if any. */
export class WireError extends Error {
  readonly code: 'invalid-json' | 'duplicate-field' | 'invalid-field' | 'cannot-translate';
  readonly path: string | null;

  constructor(code: WireError['code'], message: string, path: string | null = null) {
    super(message);
    this.name = 'WireError';
    this.code = code;
    this.path = path;
  }
}

/** Where a top-level value stands in the bytes: `[start, end)`. */
export interface Span {
  start: number;
  end: number;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Texts up to this length (names, roles, types, ids) are checked byte by byte. */
const CHECKED_TEXT_BYTES = 64;

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const ESCAPES = new Set([...'"\\/bfnrt'].map((letter) => letter.charCodeAt(0)));
const decoder = new TextDecoder();

/**
 * The top-level fields of a JSON object, by name. Throws WireError when the bytes are not one whole JSON object, or
 * when a field occurs twice (router and upstream could then disagree on which one counts).
 */
export function scanObject(bytes: Uint8Array): Map<string, Span> {
  return new Scanner(bytes).topLevel();
}

/** Decodes one field found by `scanObject`; undefined when it is absent. */
export function readField(bytes: Uint8Array, fields: ReadonlyMap<string, Span>, name: string): unknown {
  const span = fields.get(name);
  if (!span) return undefined;
  const value: unknown = JSON.parse(decoder.decode(bytes.subarray(span.start, span.end)));
  return value;
}

/** A copy of the bytes with one value replaced; everything else stays as it was. */
export function replaceSpan(bytes: Uint8Array, span: Span, value: unknown): Uint8Array<ArrayBuffer> {
  const insert = new TextEncoder().encode(JSON.stringify(value));
  const out = new Uint8Array(bytes.length - (span.end - span.start) + insert.length);
  out.set(bytes.subarray(0, span.start), 0);
  out.set(insert, span.start);
  out.set(bytes.subarray(span.end), span.start + insert.length);
  return out;
}

/** A position in the bytes. Nesting is kept in an own stack, so that depth cannot overflow the call stack. */
class Scanner {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  topLevel(): Map<string, Span> {
    const fields = new Map<string, Span>();
    this.#space();
    if (this.#bytes[this.#at] !== OPEN_BRACE) throw this.#broken('expected an object');
    this.#at += 1;
    this.#space();
    if (this.#bytes[this.#at] === CLOSE_BRACE) this.#at += 1;
    else this.#fields(fields);
    this.#space();
    if (this.#at < this.#bytes.length) throw this.#broken('unexpected text after the object');
    return fields;
  }

  #fields(fields: Map<string, Span>): void {
    for (;;) {
      const name = this.#name();
      const start = this.#at;
      this.#value();
      if (fields.has(name)) {
        throw new WireError(
          'duplicate-field',
          `Cannot read the request body: field "${name}" occurs twice`,
          name,
        );
      }
      fields.set(name, { start, end: this.#at });
      this.#space();
      const byte = this.#bytes[this.#at];
      this.#at += 1;
      if (byte === CLOSE_BRACE) return;
      if (byte !== COMMA) throw this.#broken('expected "," or "}"', -1);
    }
  }

  /** A field's name and its colon; leaves the position on the value. */
  #name(): string {
    this.#space();
    const start = this.#at;
    if (this.#bytes[start] !== QUOTE) throw this.#broken('expected a field name');
    this.#string();
    const name = nameOf(this.#bytes.subarray(start, this.#at));
    this.#colon();
    return name;
  }

  #colon(): void {
    this.#space();
    if (this.#bytes[this.#at] !== COLON) throw this.#broken('expected ":"');
    this.#at += 1;
    this.#space();
  }

  /** Steps over one value of any depth. */
  #value(): void {
    const closers: number[] = [];
    for (;;) {
      if (this.#open(closers)) continue;
      // A value has just ended: close what ends with it, then step to the next one.
      for (;;) {
        const closer = closers.at(-1);
        if (closer === undefined) return;
        this.#space();
        const byte = this.#bytes[this.#at];
        this.#at += 1;
        if (byte === closer) closers.pop();
        else if (byte === COMMA) break;
        else throw this.#broken('expected "," or the end of a list or object', -1);
      }
      this.#space();
      if (closers.at(-1) === CLOSE_BRACE) this.#skipName();
    }
  }

  /** Reads a scalar or an empty list or object (false), or enters a list or object (true). */
  #open(closers: number[]): boolean {
    const byte = this.#bytes[this.#at];
    if (byte === QUOTE) this.#string();
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) return this.#enter(closers, byte);
    else this.#scalar();
    return false;
  }

  #enter(closers: number[], opener: number): boolean {
    const closer = opener === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET;
    this.#at += 1;
    this.#space();
    if (this.#bytes[this.#at] === closer) {
      this.#at += 1;
      return false;
    }
    closers.push(closer);
    if (closer === CLOSE_BRACE) this.#skipName();
    return true;
  }

  #skipName(): void {
    if (this.#bytes[this.#at] !== QUOTE) throw this.#broken('expected a field name');
    this.#string();
    this.#colon();
  }

  /**
   * Steps over a text. Its beginning is checked byte by byte; the rest of a long one is left to the runtime's own search
   * for the closing quote, which is many times faster. Control characters and bad escapes far inside a long text are so
   * left to the provider to refuse: they cannot change where anything begins or ends.
   */
  #string(): void {
    const bytes = this.#bytes;
    const near = this.#at + 1 + CHECKED_TEXT_BYTES;
    let at = this.#at + 1;
    while (at < near) {
      const byte = bytes[at];
      if (byte === QUOTE) {
        this.#at = at + 1;
        return;
      }
      if (byte === undefined || byte < 0x20) {
        this.#at = at;
        throw this.#broken('unfinished text');
      }
      if (byte === BACKSLASH) at += this.#escape(at);
      else at += 1;
    }
    let quote = bytes.indexOf(QUOTE, at);
    while (quote > 0 && this.#isEscaped(quote)) quote = bytes.indexOf(QUOTE, quote + 1);
    this.#at = quote < 0 ? bytes.length : quote + 1;
    if (quote < 0) throw this.#broken('unfinished text');
  }

  /** An odd number of backslashes before it. */
  #isEscaped(quote: number): boolean {
    let at = quote - 1;
    while (this.#bytes[at] === BACKSLASH) at -= 1;
    return (quote - 1 - at) % 2 === 1;
  }

  /** Length of the escape sequence at the position. */
  #escape(at: number): number {
    const letter = this.#bytes[at + 1];
    if (letter !== undefined && ESCAPES.has(letter)) return 2;
    if (letter === 0x75 && /^[0-9a-fA-F]{4}$/.test(decoder.decode(this.#bytes.subarray(at + 2, at + 6))))
      return 6;
    this.#at = at;
    throw this.#broken('bad escape in text');
  }

  #scalar(): void {
    const start = this.#at;
    let at = start;
    while (at < this.#bytes.length && isScalarByte(this.#bytes[at] ?? 0)) at += 1;
    const text = decoder.decode(this.#bytes.subarray(start, Math.min(at, start + 400)));
    const isValue = text === 'true' || text === 'false' || text === 'null' || NUMBER.test(text);
    if (!isValue) throw this.#broken('expected a value');
    this.#at = at;
  }

  #space(): void {
    for (;;) {
      const byte = this.#bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return;
      this.#at += 1;
    }
  }

  #broken(what: string, offset = 0): WireError {
    const at = this.#at + offset;
    const where = at >= this.#bytes.length ? 'at its end' : `at byte ${at}`;
    return new WireError('invalid-json', `Cannot read the request body: not valid JSON, ${what} ${where}`);
  }
}

function isScalarByte(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e ||
    byte === 0x45
  );
}

/** The text of a quoted name. Nearly all names are plain ASCII, for which this is several times as fast as decoding. */
function nameOf(quoted: Uint8Array): string {
  let name = '';
  for (let at = 1; at < quoted.length - 1; at += 1) {
    const byte = quoted[at] ?? 0;
    if (byte === BACKSLASH || byte >= 0x80) return decodedName(quoted);
    name += String.fromCharCode(byte);
  }
  return name;
}

function decodedName(quoted: Uint8Array): string {
  const name: unknown = JSON.parse(decoder.decode(quoted));
  return String(name);
}
