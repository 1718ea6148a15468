// Steps over blocks and messages with the scanner and hands on what a provider's cache sees of them.

import type { CacheMark, MarkPlace, PromptPart } from './outline.ts';
import { type Held, PIECE, type Piece, PromptContent } from './prompt-content.ts';
import {
  IMAGE_TYPES,
  isMemberValue,
  isOneOf,
  MEMBER,
  type Member,
  memberAt,
  TEXT_TYPES,
  UNMARKABLE_TYPES,
} from './prompt-shape.ts';
import {
  CLOSE_BRACE,
  CLOSE_BRACKET,
  type JsonScanner,
  OPEN_BRACE,
  OPEN_BRACKET,
  QUOTE,
  type Span,
} from './scan.ts';

/** A member of a message up to here (role, name, id) belongs to its head; a longer one is a block of its own. */
const HEAD_MEMBER_BYTES = 256;

/** Bounds for what no prompt has: a body of many MB can be one list of digits. */
const MAX_PIECES = 8_192;
const MAX_MARKS = 64;

type Mark = '5m' | '1h' | null;

/** An object that can carry a mark, as far as it was looked into. Spans that end at 0 are of members it has not. */
interface ObjectFacts {
  readonly type: Span;
  readonly text: Span;
  /** Members beside type, text and marks. */
  others: number;
  mark: Mark;
  /** Of the last marked block inside of it. */
  innerMark: Mark;
  hasMarkMember: boolean;
  isDeferred: boolean;
}

const decoder = new TextDecoder();

export class BlockReader {
  readonly places: Readonly<Record<PromptPart, MarkPlace>> = {
    tools: noPlace('tools'),
    system: noPlace('system'),
    message: noPlace('message'),
  };
  readonly marks: CacheMark[] = [];
  hasImage = false;
  readonly content: PromptContent;
  readonly #scanner: JsonScanner;
  readonly #bytes: Uint8Array;
  // Blocks hold blocks one level deep.
  readonly #outer = noFacts();
  readonly #inner = noFacts();

  constructor(scanner: JsonScanner) {
    this.#scanner = scanner;
    this.#bytes = scanner.bytes;
    this.content = new PromptContent(scanner.bytes);
  }

  /** Runs `read` with white space and long texts taken down. */
  watching(read: () => void): void {
    const { gaps, longTexts } = this.content;
    gaps.count = 0;
    longTexts.count = 0;
    this.#scanner.gaps = gaps;
    this.#scanner.longTexts = longTexts;
    read();
    this.#scanner.gaps = null;
    this.#scanner.longTexts = null;
  }

  /**
   * Steps over the list of a part, or over what stands in its place as its only element. Of a list beyond all measure the
   * rest is one block.
   */
  list(part: PromptPart, read: (index: number) => void): void {
    const scanner = this.#scanner;
    if (scanner.peek() !== OPEN_BRACKET) {
      read(0);
      return;
    }
    if (!scanner.enter()) return;
    const pieces = this.content.pieces[part];
    let index = 0;
    do {
      if (pieces.length >= MAX_PIECES) {
        this.#restOfList(part, index);
        return;
      }
      read(index);
      index += 1;
    } while (scanner.next(CLOSE_BRACKET));
  }

  /** Steps over a value that is a block. */
  block(part: PromptPart, index: number): void {
    const held = this.content.hold(this.#scanner.at);
    const byte = this.#scanner.peek();
    if (byte === QUOTE) this.#textBlock(part, index);
    else if (byte === OPEN_BRACE) this.#objectBlock(part, index, held);
    else this.content.addJson(part, index, this.#holdValue(held));
    this.content.release(held);
  }

  /** Steps over Gemini's system prompt: an object with parts. */
  systemObject(): void {
    const scanner = this.#scanner;
    if (!scanner.enter()) return;
    do {
      const start = scanner.at;
      scanner.name();
      if (this.#areBlocks(memberAt(this.#bytes, start, scanner.nameEnd)))
        this.list('system', (index) => this.block('system', index));
      else scanner.value();
    } while (scanner.next(CLOSE_BRACE));
  }

  /** Steps over a message: the blocks of its content, its head, and what else it has, such as calls. */
  message(index: number): void {
    this.places.message.span = NOWHERE;
    if (this.#scanner.peek() !== OPEN_BRACE) {
      this.block('message', index);
      return;
    }
    const held = this.content.hold(this.#scanner.at);
    this.#messageObject(index, held);
    this.content.release(held);
  }

  /** What a text in place of all messages stands for. */
  userText(): void {
    this.content.addRole(this.content.addHead(0), 'user');
    this.block('message', 0);
  }

  /** Steps over a value, which is held. */
  value(): Held {
    return this.#holdValue(this.content.hold(this.#scanner.at));
  }

  /** The lifetime that the mark just stepped over asks for; null when it is none. */
  addMark(start: number): Mark {
    const end = this.#scanner.at;
    if (this.#bytes[start] !== OPEN_BRACE) return null;
    if (this.marks.length >= MAX_MARKS) return '5m';
    const stated = /"ttl"\s*:\s*"(5m|1h)"/.exec(decoder.decode(this.#bytes.subarray(start, end)))?.[1];
    const ttl = stated === '5m' || stated === '1h' ? stated : null;
    this.marks.push({ span: { start, end }, ttl });
    return ttl ?? '5m';
  }

  #restOfList(part: PromptPart, index: number): void {
    const scanner = this.#scanner;
    const held = this.content.hold(scanner.at);
    this.places[part].span = NOWHERE;
    do scanner.value();
    while (scanner.next(CLOSE_BRACKET));
    this.content.addJson(part, index, this.content.endHold(held, scanner.at));
    this.content.release(held);
  }

  #holdValue(held: Held): Held {
    this.#scanner.value();
    return this.content.endHold(held, this.#scanner.at);
  }

  /** On the value of a message's content, when it is blocks or a text. */
  #areBlocks(member: Member): boolean {
    if (member !== MEMBER.content && member !== MEMBER.parts) return false;
    const byte = this.#scanner.peek();
    return byte === OPEN_BRACKET || byte === QUOTE;
  }

  #textBlock(part: PromptPart, index: number): void {
    const start = this.#scanner.at;
    this.#scanner.text();
    const span = { start, end: this.#scanner.at };
    const piece = this.content.addText(part, index, span);
    if (piece && isFilled(span) && isMemberValue(this.#bytes, start))
      this.#place(part, index, span).isText = true;
  }

  #objectBlock(part: PromptPart, index: number, held: Held): void {
    const { content } = this;
    const facts = this.#object(this.#outer);
    // Tools that are only searched for are not in the prompt. Source: Anthropic, tool search; OpenAI has the same field.
    if (part === 'tools' && facts.isDeferred) return;
    content.endHold(held, this.#scanner.at);
    const { text, type } = facts;
    const hasText = text.end > 0;
    const isText =
      hasText && facts.others === 0 && (type.end === 0 || isOneOf(this.#bytes, type, TEXT_TYPES));
    const piece = isText ? content.addText(part, index, text) : content.addJson(part, index, held);
    if (!piece) return;
    piece.mark = facts.mark ?? facts.innerMark;
    if (facts.hasMarkMember || (hasText && !isFilled(text)) || isOneOf(this.#bytes, type, UNMARKABLE_TYPES))
      return;
    this.#place(part, index, { start: held.start, end: held.end }).isText = false;
  }

  #place(part: PromptPart, index: number, span: Span): MarkPlace {
    const place = this.places[part];
    place.index = index;
    place.span = span;
    return place;
  }

  /** Steps over an object, leaving marks and what is between the members in the gaps. */
  #object(facts: ObjectFacts): ObjectFacts {
    const scanner = this.#scanner;
    const { gaps } = this.content;
    resetFacts(facts);
    let keptEnd = scanner.at + 1;
    let keptGaps = gaps.count;
    if (scanner.enter()) {
      do {
        const nameStart = scanner.at;
        gaps.replace(keptGaps, keptEnd, nameStart);
        scanner.name();
        if (this.#blockMember(memberAt(this.#bytes, nameStart, scanner.nameEnd), facts)) {
          keptEnd = scanner.at;
          keptGaps = gaps.count;
        }
      } while (scanner.next(CLOSE_BRACE));
    }
    gaps.replace(keptGaps, keptEnd, scanner.at - 1);
    return facts;
  }

  /** Steps over a member's value; false when it does not count. */
  #blockMember(member: Member, facts: ObjectFacts): boolean {
    const scanner = this.#scanner;
    const start = scanner.at;
    if (member === MEMBER.content && facts === this.#outer && scanner.peek() === OPEN_BRACKET)
      this.#innerBlocks();
    else scanner.value();
    if (member === MEMBER.other) facts.others += 1;
    else if (member === MEMBER.cacheBreakpoint) return false;
    else if (member === MEMBER.cacheControl) {
      facts.hasMarkMember = true;
      facts.mark = this.addMark(start) ?? facts.mark;
      return false;
    } else this.#note(member, facts, start);
    return true;
  }

  #note(member: Member, facts: ObjectFacts, start: number): void {
    const { end } = facts.type;
    if (member === MEMBER.type && end === 0) {
      setSpan(facts.type, start, this.#scanner.at);
      if (isOneOf(this.#bytes, facts.type, IMAGE_TYPES)) this.hasImage = true;
    } else if (member === MEMBER.text && facts.text.end === 0 && this.#bytes[start] === QUOTE)
      setSpan(facts.text, start, this.#scanner.at);
    else {
      facts.others += 1;
      if (member === MEMBER.deferLoading && this.#bytes[start] === 0x74) facts.isDeferred = true;
    }
  }

  /** The blocks of a tool's result. */
  #innerBlocks(): void {
    const scanner = this.#scanner;
    if (!scanner.enter()) return;
    do {
      if (scanner.peek() !== OPEN_BRACE) scanner.value();
      else this.#outer.innerMark = this.#object(this.#inner).mark ?? this.#outer.innerMark;
    } while (scanner.next(CLOSE_BRACKET));
  }

  #messageObject(index: number, whole: Held): void {
    const scanner = this.#scanner;
    const { content } = this;
    const pieces = content.pieces.message;
    const before = pieces.length;
    const head = content.addHead(index);
    const others: Held[] = [];
    let hasContent = false;
    let mark: Mark = null;
    let keptEnd = whole.start + 1;
    let keptGaps = content.gaps.count;
    if (scanner.enter()) {
      do {
        content.gaps.replace(keptGaps, keptEnd, scanner.at);
        const held = content.hold(scanner.at);
        scanner.name();
        const member = memberAt(this.#bytes, held.start, scanner.nameEnd);
        if (this.#areBlocks(member)) {
          hasContent = true;
          this.list('message', () => this.block('message', index));
        } else if (isMark(member)) mark = this.#messageMark(member) ?? mark;
        else {
          others.push(this.#holdValue(held));
          keptEnd = scanner.at;
          keptGaps = content.gaps.count;
        }
      } while (scanner.next(CLOSE_BRACE));
    }
    content.gaps.replace(keptGaps, keptEnd, scanner.at - 1);
    if (hasContent) this.#addOthers(index, head, others);
    else {
      pieces.length = before;
      content.addJson('message', index, content.endHold(whole, scanner.at));
    }
    const last = pieces.at(-1);
    if (mark !== null && last?.kind === PIECE.end) last.mark ??= mark;
  }

  #messageMark(member: Member): Mark {
    const start = this.#scanner.at;
    this.#scanner.value();
    return member === MEMBER.cacheControl ? this.addMark(start) : null;
  }

  /** Short members count in any order, as the head; the others follow the content as they come. */
  #addOthers(index: number, head: Piece, others: readonly Held[]): void {
    for (const member of others) {
      const last = this.#bytes[member.end - 1];
      const isNested = last === CLOSE_BRACE || last === CLOSE_BRACKET;
      if (isNested || member.end - member.start > HEAD_MEMBER_BYTES)
        this.content.addJson('message', index, member);
      else this.content.addToHead(head, member);
    }
  }
}

const NOWHERE: Span = { start: 0, end: 0 };

function noPlace(part: PromptPart): MarkPlace {
  return { part, index: 0, span: NOWHERE, isText: false };
}

function noFacts(): ObjectFacts {
  return {
    type: { start: 0, end: 0 },
    text: { start: 0, end: 0 },
    others: 0,
    mark: null,
    innerMark: null,
    hasMarkMember: false,
    isDeferred: false,
  };
}

function resetFacts(facts: ObjectFacts): void {
  facts.type.end = 0;
  facts.text.end = 0;
  facts.others = 0;
  facts.mark = null;
  facts.innerMark = null;
  facts.hasMarkMember = false;
  facts.isDeferred = false;
}

function setSpan(span: Span, start: number, end: number): void {
  span.start = start;
  span.end = end;
}

/** Anthropic refuses marks on empty texts. */
function isFilled({ start, end }: Span): boolean {
  return end - start > 2;
}

function isMark(member: Member): boolean {
  return member === MEMBER.cacheControl || member === MEMBER.cacheBreakpoint;
}
