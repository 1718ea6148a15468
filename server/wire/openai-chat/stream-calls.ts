// Puts the pieces of streamed tool calls to the right call, also where a server numbers them badly.

import type { ChatEvent } from '../chat.ts';
import { safeId } from '../ids.ts';
import { type JsonObject, objectAt, parseJson, textAt } from '../json.ts';
import { argumentsText, missingCallId } from './reply.ts';

interface Output {
  emit(event: ChatEvent): void;
  /** The next free block index. */
  nextIndex(): number;
  replyId(): string;
}

/** One call. Until its name is known nothing of it is told: `blockIndex` is null and the arguments wait. */
interface Call {
  id: string;
  blockIndex: number | null;
  arguments: string;
}

/** What one piece says of the call it belongs to; '' = not said. */
interface Piece {
  number: number | null;
  id: string;
  name: string;
}

/** Owns the calls of one answer. The newest call under a number gets the pieces that come with that number. */
export class CallDeltas {
  readonly #output: Output;
  readonly #byNumber = new Map<number, Call>();
  readonly #started: Call[] = [];
  #newest: Call | null = null;

  constructor(output: Output) {
    this.#output = output;
  }

  /** How many calls have been started. */
  get count(): number {
    return this.#started.length;
  }

  /** Takes in one entry of `delta.tool_calls`. */
  add(entry: JsonObject): void {
    const fields = objectAt(entry, 'function');
    const number = typeof entry.index === 'number' ? entry.index : null;
    const piece = { number, id: textAt(entry, 'id') ?? '', name: textAt(fields, 'name') ?? '' };
    const call = this.#callFor(piece);
    if (call.id === '') call.id = piece.id;
    const json = argumentsText(fields.arguments);
    if (call.blockIndex !== null) this.#append(call, json);
    else {
      call.arguments += json;
      if (piece.name !== '') this.#start(call, piece.name);
    }
  }

  end(): void {
    for (const { blockIndex } of this.#started) {
      if (blockIndex !== null) this.#output.emit({ kind: 'block-end', index: blockIndex });
    }
  }

  /**
   * Gemini's compatible endpoint numbers all parallel calls 0, others leave the number out: a new id together with a
   * name is a new call. A new id without a name is not, as some servers make up an id for every piece.
   */
  #callFor(piece: Piece): Call {
    const { number, id, name } = piece;
    const known = number === null ? this.#withoutNumber(piece) : this.#byNumber.get(number);
    const isOther = name !== '' && id !== '' && known?.id !== '' && known?.id !== id;
    if (known && !isOther) return known;
    const call: Call = { id, blockIndex: null, arguments: '' };
    if (number !== null) this.#byNumber.set(number, call);
    this.#newest = call;
    return call;
  }

  #withoutNumber({ id, name }: Piece): Call | undefined {
    const sameId = id === '' ? undefined : this.#started.find((call) => call.id === id);
    if (sameId) return sameId;
    const isNew = name !== '' && this.#newest?.blockIndex !== null;
    return isNew ? undefined : (this.#newest ?? undefined);
  }

  #start(call: Call, name: string): void {
    if (call.id === '') call.id = missingCallId(this.#output.replyId(), this.#started.length);
    const index = this.#output.nextIndex();
    call.blockIndex = index;
    this.#started.push(call);
    const id = safeId(call.id);
    this.#output.emit({ kind: 'block-start', index, block: { kind: 'tool-call', id, name } });
    if (call.arguments !== '') this.#output.emit({ kind: 'arguments-delta', index, json: call.arguments });
  }

  #append(call: Call, json: string): void {
    if (json === '' || call.blockIndex === null || isRepeated(call.arguments, json)) return;
    call.arguments += json;
    this.#output.emit({ kind: 'arguments-delta', index: call.blockIndex, json });
  }
}

/** Some servers send the whole arguments once more at the end. */
function isRepeated(soFar: string, json: string): boolean {
  return json === soFar && json.endsWith('}') && parseJson(json) !== undefined;
}
