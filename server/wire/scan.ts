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

export const QUOTE = 0x22;
const BACKSLASH = 0x5c;
export const OPEN_BRACE = 0x7b;
export const CLOSE_BRACE = 0x7d;
export const OPEN_BRACKET = 0x5b;
export const CLOSE_BRACKET = 0x5d;
const COMMA = 0x2c;
const COLON = 0x3a;

/** Texts up to this length (names, roles, types, ids) are checked byte by byte. */
const CHECKED_TEXT_BYTES = 64;

/** More are not kept: a body of many MB can be half white space. */
const MAX_SPANS = 500_000;

/** Spans in a list that is cut back rather than made anew: `count` says how many of them there are. */
export class SpanStack {
  readonly #numbers: number[] = [];
  count = 0;

  push(start: number, end: number): void {
    if (this.count >= MAX_SPANS) return;
    this.#numbers[2 * this.count] = start;
    this.#numbers[2 * this.count + 1] = end;
    this.count += 1;
  }

  /** One span in place of all after the first `count`; none when it is empty. */
  replace(count: number, start: number, end: number): void {
    this.count = count;
    if (end > start) this.push(start, end);
  }

  startOf(at: number): number {
    return this.#numbers[2 * at] ?? 0;
  }

  endOf(at: number): number {
    return this.#numbers[2 * at + 1] ?? 0;
  }
}

/** From here on a text may be a file. */
const LONG_TEXT_BYTES = 4_096;

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;
const decoder = new TextDecoder();

/**
 * The top-level fields of a JSON object, by name. Throws WireError when the bytes are not one whole JSON object, or
 * when a field occurs twice (router and upstream could then disagree on which one counts).
 */
export function scanObject(bytes: Uint8Array): Map<string, Span> {
  return scanFields(new JsonScanner(bytes), null);
}

/**
 * As `scanObject`, with a scanner of the caller's. `read` is asked at every value, with the scanner on it: it steps over
 * the value itself and answers true, or leaves it to this function.
 */
export function scanFields(
  scanner: JsonScanner,
  read: ((name: string) => boolean) | null,
): Map<string, Span> {
  const fields = new Map<string, Span>();
  scanner.space();
  if (scanner.peek() !== OPEN_BRACE) throw scanner.broken('expected an object');
  if (scanner.enter()) {
    do {
      const quoted = scanner.name();
      const name = nameOf(scanner.bytes.subarray(quoted, scanner.nameEnd));
      const start = scanner.at;
      if (read === null || !read(name)) scanner.value();
      if (fields.has(name)) {
        throw new WireError(
          'duplicate-field',
          `Cannot read the request body: field "${name}" occurs twice`,
          name,
        );
      }
      fields.set(name, { start, end: scanner.at });
    } while (scanner.next(CLOSE_BRACE, '"," or "}"'));
  }
  scanner.space();
  if (scanner.at < scanner.bytes.length) throw scanner.broken('unexpected text after the object');
  return fields;
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

/**
 * A position in the bytes, which steps from token to token and throws WireError on what is not JSON. Nesting inside of a
 * value is kept in an own stack, so that depth cannot overflow the call stack.
 */
export class JsonScanner {
  readonly bytes: Uint8Array;
  at = 0;
  /** Where the name that was read last ends. */
  nameEnd = 0;
  /** While it is set: white space outside of texts. */
  gaps: SpanStack | null = null;
  /** While it is set: texts of `LONG_TEXT_BYTES` and more, with their quotes. */
  longTexts: SpanStack | null = null;
  readonly #closers: number[] = [];

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  peek(): number {
    return this.bytes[this.at] ?? -1;
  }

  /** Steps into a list or object; false when it was empty and is left already. */
  enter(): boolean {
    const closer = this.bytes[this.at] === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET;
    this.at += 1;
    this.space();
    if (this.bytes[this.at] !== closer) return true;
    this.at += 1;
    return false;
  }

  /** Steps over a field's name and its colon; answers where the name begins. */
  name(): number {
    const start = this.at;
    if (this.bytes[start] !== QUOTE) throw this.broken('expected a field name');
    this.text();
    this.nameEnd = this.at;
    this.space();
    if (this.bytes[this.at] !== COLON) throw this.broken('expected ":"');
    this.at += 1;
    this.space();
    return start;
  }

  /** After a value: on to the next one (true), or out of the list or object (false). */
  next(closer: number, expected = '"," or the end of a list or object'): boolean {
    this.space();
    const byte = this.bytes[this.at];
    this.at += 1;
    if (byte === closer) return false;
    if (byte !== COMMA) throw this.broken(`expected ${expected}`, -1);
    this.space();
    return true;
  }

  /** Steps over one value of any depth. */
  value(): void {
    const byte = this.bytes[this.at];
    if (byte === QUOTE) this.text();
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#nested();
    else this.#scalar();
  }

  #nested(): void {
    const closers = this.#closers;
    const depth = closers.length;
    if (!this.#open(closers)) return;
    while (closers.length > depth) {
      const byte = this.bytes[this.at];
      if (byte === QUOTE) this.text();
      else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        if (this.#open(closers)) continue;
      } else this.#scalar();
      this.#close(closers, depth);
    }
  }

  /** False when it was empty. */
  #open(closers: number[]): boolean {
    const closer = this.bytes[this.at] === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET;
    if (!this.enter()) return false;
    closers.push(closer);
    if (closer === CLOSE_BRACE) this.name();
    return true;
  }

  /** A value has just ended: closes what ends with it, then steps to the next one. */
  #close(closers: number[], depth: number): void {
    while (closers.length > depth) {
      const closer = closers[closers.length - 1] ?? 0;
      if (this.next(closer)) {
        if (closer === CLOSE_BRACE) this.name();
        return;
      }
      closers.pop();
    }
  }

  /**
   * Steps over a text. Its beginning is checked byte by byte; the rest of a long one is left to the runtime's own search
   * for the closing quote, which is many times faster. Control characters and bad escapes far inside a long text are so
   * left to the provider to refuse: they cannot change where anything begins or ends.
   */
  text(): void {
    const bytes = this.bytes;
    const near = this.at + 1 + CHECKED_TEXT_BYTES;
    let at = this.at + 1;
    while (at < near) {
      const byte = bytes[at] ?? 0;
      if (byte === QUOTE) {
        this.at = at + 1;
        return;
      }
      if (byte < 0x20) {
        this.at = at;
        throw this.broken('unfinished text');
      }
      if (byte === BACKSLASH) at += this.#escape(at);
      else at += 1;
    }
    this.#longText(at);
  }

  #longText(from: number): void {
    const bytes = this.bytes;
    const start = this.at;
    let quote = bytes.indexOf(QUOTE, from);
    while (quote > 0 && bytes[quote - 1] === BACKSLASH && this.#isEscaped(quote))
      quote = bytes.indexOf(QUOTE, quote + 1);
    this.at = quote < 0 ? bytes.length : quote + 1;
    if (quote < 0) throw this.broken('unfinished text');
    if (this.longTexts !== null && this.at - start >= LONG_TEXT_BYTES) this.longTexts.push(start, this.at);
  }

  /** An odd number of backslashes before it. */
  #isEscaped(quote: number): boolean {
    let at = quote - 1;
    while (this.bytes[at] === BACKSLASH) at -= 1;
    return (quote - 1 - at) % 2 === 1;
  }

  /** Length of the escape sequence at the position. */
  #escape(at: number): number {
    const letter = this.bytes[at + 1] ?? 0;
    if (isEscapeLetter(letter)) return 2;
    if (letter === 0x75 && /^[0-9a-fA-F]{4}$/.test(decoder.decode(this.bytes.subarray(at + 2, at + 6))))
      return 6;
    this.at = at;
    throw this.broken('bad escape in text');
  }

  #scalar(): void {
    const start = this.at;
    let at = start;
    while (isScalarByte(this.bytes[at] ?? 0)) at += 1;
    this.at = at;
    if (isWord(this.bytes, start, at) || isCount(this.bytes, start, at)) return;
    this.at = start;
    const text = decoder.decode(this.bytes.subarray(start, Math.min(at, start + 400)));
    if (!NUMBER.test(text)) throw this.broken('expected a value');
    this.at = at;
  }

  space(): void {
    if ((this.bytes[this.at] ?? 0) <= 0x20) this.#space();
  }

  #space(): void {
    const start = this.at;
    let at = start;
    for (;;) {
      const byte = this.bytes[at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break;
      at += 1;
    }
    this.at = at;
    if (this.gaps !== null && at > start) this.gaps.push(start, at);
  }

  broken(what: string, offset = 0): WireError {
    const at = this.at + offset;
    const where = at >= this.bytes.length ? 'at its end' : `at byte ${at}`;
    return new WireError('invalid-json', `Cannot read the request body: not valid JSON, ${what} ${where}`);
  }
}

/** One of `"\/bfnrt`. */
function isEscapeLetter(letter: number): boolean {
  return (
    letter === 0x6e ||
    letter === QUOTE ||
    letter === BACKSLASH ||
    letter === 0x74 ||
    letter === 0x72 ||
    letter === 0x2f ||
    letter === 0x62 ||
    letter === 0x66
  );
}

const TRUE = new TextEncoder().encode('true');
const FALSE = new TextEncoder().encode('false');
const NULL = new TextEncoder().encode('null');

function isWord(bytes: Uint8Array, start: number, end: number): boolean {
  const first = bytes[start];
  const word = first === TRUE[0] ? TRUE : first === FALSE[0] ? FALSE : NULL;
  if (end - start !== word.length) return false;
  for (let at = 0; at < word.length; at += 1) if (bytes[start + at] !== word[at]) return false;
  return true;
}

/** Nearly all numbers are such as `200`; the others are left to an expression. */
function isCount(bytes: Uint8Array, start: number, end: number): boolean {
  if (end === start || (bytes[start] === 0x30 && end > start + 1)) return false;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x30 || byte > 0x39) return false;
  }
  return true;
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
export function nameOf(quoted: Uint8Array): string {
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
