// One pass over the bytes of a request: its top-level fields, and the outline of its prompt.

import type { MarkPlace, PromptOutline, PromptPart } from './outline.ts';
import { BlockReader } from './prompt-blocks.ts';
import { chainCuts, thinnedCuts } from './prompt-chain.ts';
import { addPair } from './prompt-content.ts';
import { asInteger, type HashPair } from './prompt-hash.ts';
import { type CacheScope, type FieldRole, PROMPT_SHAPES, type PromptShape } from './prompt-shape.ts';
import {
  CLOSE_BRACE,
  JsonScanner,
  nameOf,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  type Span,
  scanFields,
  scanObject,
} from './scan.ts';
import { type ChatSurface, isChatSurface, type Surface } from './surface.ts';

export interface ScannedRequest {
  fields: Map<string, Span>;
  /** Null when the request has no prompt. */
  outline: PromptOutline | null;
}

/**
 * Throws what `scanObject` throws, for the same bytes. Texts are compared as they are written: the same text with other
 * escapes is another prompt here, so that a client which changes its way of writing looks cold once.
 */
export function scanRequest(bytes: Uint8Array, surface: Surface): ScannedRequest {
  if (!isChatSurface(surface)) return { fields: scanObject(bytes), outline: null };
  const scanner = new JsonScanner(bytes);
  const scan = new PromptScan(scanner, surface);
  const fields = scanFields(scanner, (name) => scan.readField(name));
  return { fields, outline: scan.outline() };
}

/** Of `null`. */
const LETTER_N = 0x6e;

/** What is known of the prompt while the fields come, in whatever order. */
class PromptScan {
  readonly #scanner: JsonScanner;
  readonly #blocks: BlockReader;
  readonly #surface: ChatSurface;
  readonly #shape: PromptShape;
  readonly #salts: Readonly<Record<CacheScope, HashPair>> = {
    all: { high: 0, low: 0 },
    system: { high: 0, low: 0 },
    messages: { high: 0, low: 0 },
  };
  #automaticMark: '5m' | '1h' | null = null;
  #toolCount = 0;

  constructor(scanner: JsonScanner, surface: ChatSurface) {
    this.#scanner = scanner;
    this.#blocks = new BlockReader(scanner);
    this.#surface = surface;
    this.#shape = PROMPT_SHAPES[surface];
  }

  /** Steps over the value of a field that says something of the prompt; false for any other. */
  readField(name: string): boolean {
    const role = Object.hasOwn(this.#shape, name) ? this.#shape[name] : undefined;
    if (role === undefined) return false;
    this.#blocks.watching(() => this.#read(name, role));
    return true;
  }

  outline(): PromptOutline | null {
    const { content, marks, places, hasImage } = this.#blocks;
    const { all, system, messages } = this.#salts;
    // Images that come or go anywhere cost the messages' cache. Source: Anthropic, "What invalidates the cache".
    if (hasImage && this.#surface === 'anthropic-messages') messages.low = (messages.low + 1) | 0;
    const { cuts, blockCount } = chainCuts(content.pieces, {
      tools: { high: 0, low: 0 },
      system,
      message: messages,
    });
    const end = cuts.at(-1);
    if (!end) return null;
    end.mark ??= this.#automaticMark;
    return {
      cuts: thinnedCuts(cuts),
      bytes: end.bytes,
      blockCount,
      hasAutomaticMark: this.#automaticMark !== null,
      flags: asInteger(all.high, all.low),
      marks,
      places: this.#surface === 'anthropic-messages' ? inOrder(places) : [],
    };
  }

  #read(name: string, role: FieldRole): void {
    const scanner = this.#scanner;
    switch (role) {
      case 'tools':
        this.#readTools();
        return;
      case 'system-prompt':
        this.#readSystem();
        return;
      case 'message-list':
        this.#readMessages();
        return;
      case 'automatic-mark': {
        const start = scanner.at;
        scanner.value();
        this.#automaticMark = this.#blocks.addMark(start);
        return;
      }
      case 'all':
      case 'system':
      case 'messages':
        this.#salt(role, name);
        return;
      default:
        this.#readMembers(name, role);
    }
  }

  #readTools(): void {
    if (this.#scanner.peek() !== OPEN_BRACKET) this.#scanner.value();
    else
      this.#blocks.list('tools', () => {
        this.#blocks.block('tools', this.#toolCount);
        this.#toolCount += 1;
      });
  }

  #readSystem(): void {
    const byte = this.#scanner.peek();
    if (byte === OPEN_BRACE) this.#blocks.systemObject();
    else if (byte === QUOTE || byte === OPEN_BRACKET)
      this.#blocks.list('system', (index) => this.#blocks.block('system', index));
    else this.#scanner.value();
  }

  #readMessages(): void {
    const byte = this.#scanner.peek();
    if (byte === QUOTE) this.#blocks.userText();
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET)
      this.#blocks.list('message', (index) => this.#blocks.message(index));
    else this.#scanner.value();
  }

  #readMembers(field: string, scopes: Readonly<Record<string, CacheScope>>): void {
    const scanner = this.#scanner;
    if (scanner.peek() !== OPEN_BRACE) {
      scanner.value();
      return;
    }
    if (!scanner.enter()) return;
    do {
      const quoted = scanner.name();
      const name = nameOf(scanner.bytes.subarray(quoted, scanner.nameEnd));
      const scope = Object.hasOwn(scopes, name) ? scopes[name] : scopes['*'];
      if (scope === undefined) scanner.value();
      else this.#salt(scope, `${field}.${name}`);
    } while (scanner.next(CLOSE_BRACE));
  }

  /** A sum, so that the order of fields does not matter. */
  #salt(scope: CacheScope, name: string): void {
    const held = this.#blocks.value();
    if (this.#scanner.bytes[held.start] === LETTER_N) return;
    addPair(this.#salts[scope], this.#blocks.content.digest(kindOf(name), held));
  }
}

function inOrder({ tools, system, message }: Readonly<Record<PromptPart, MarkPlace>>): MarkPlace[] {
  return [tools, system, message].filter(({ span }) => span.end > 0);
}

/** Keeps the same value in two fields apart. */
function kindOf(name: string): number {
  let kind = 0x811c9dc5;
  for (let at = 0; at < name.length; at += 1) kind = Math.imul(kind ^ name.charCodeAt(at), 0x01000193);
  return kind;
}
