// The parts of Gemini's contents that a model writes: text, thoughts and function calls, with their signatures.

import type { Block, Seal } from '../chat.ts';
import { safeId } from '../ids.ts';
import { isObject, objectAt, textAt } from '../json.ts';
import { camelFields } from './fields.ts';

/**
 * Stands in for the signature of a function call that another model made: Gemini 3 refuses calls in the history whose
 * first has none. Source: Gemini API guide "Thought signatures", FAQ on histories of other models.
 */
export const STAND_IN_SIGNATURE = 'skip_thought_signature_validator';
/** The same, in an older wording of the guide. */
const STAND_INS: ReadonlySet<string> = new Set([STAND_IN_SIGNATURE, 'context_engineering_is_the_way_to_go']);

export type ModelPart =
  | { kind: 'text'; text: string; isThought: boolean; signature: string | null }
  | { kind: 'call'; id: string | null; name: string; arguments: string; signature: string | null };

/** The part as the model wrote it, or null when it is of another kind. A part may be a signature alone. */
export function readModelPart(part: unknown): ModelPart | null {
  if (!isObject(part)) return null;
  const fields = camelFields(part);
  const signature = readSignature(fields);
  const call = fields.functionCall;
  if (isObject(call)) {
    const args = isObject(call.args) ? call.args : {};
    return {
      kind: 'call',
      id: textAt(call, 'id') || null,
      name: textAt(call, 'name') ?? '',
      arguments: JSON.stringify(args),
      signature,
    };
  }
  const isSignatureAlone =
    signature !== null &&
    Object.keys(fields).every((name) => name === 'thoughtSignature' || name === 'thought');
  const text = isSignatureAlone ? '' : fields.text;
  return typeof text === 'string'
    ? { kind: 'text', text, isThought: fields.thought === true, signature }
    : null;
}

/**
 * A part of a reply. No other dialect's replies have a place for pictures, sound and the like: a note says what is
 * missing, since a text without it would be silently wrong, and a refusal of a finished, paid reply would be asked again.
 */
export function readReplyPart(part: unknown): ModelPart | null {
  const written = readModelPart(part);
  if (written !== null || !isObject(part)) return written;
  const fields = camelFields(part);
  const mediaType = textAt(camelFields(objectAt(fields, 'inlineData')), 'mimeType');
  if (mediaType === null) return null;
  const text = `[The model gave a file (${mediaType}) here, which this API cannot carry.]`;
  return { kind: 'text', text, isThought: fields.thought === true, signature: readSignature(fields) };
}

/** The signature of a part; stand-ins are nobody's signature. */
export function readSignature(part: unknown): string | null {
  const signature = textAt(part, 'thoughtSignature') ?? textAt(part, 'thought_signature');
  return signature === null || signature === '' || STAND_INS.has(signature) ? null : signature;
}

/**
 * The part as blocks. The signature of a text is kept as a thinking block without text behind it: Gemini itself sends it
 * that way when it streams. `fallbackId` names a call that came without an id.
 */
export function blocksOfPart(part: ModelPart, fallbackId: string): Block[] {
  const seal = part.signature === null ? null : sealOf(part.signature);
  if (part.kind === 'call') {
    const id = safeId(part.id ?? fallbackId);
    return [{ kind: 'tool-call', id, name: part.name, arguments: part.arguments, seal, breakpoint: null }];
  }
  if (part.isThought)
    return part.text === '' && seal === null ? [] : [{ kind: 'thinking', text: part.text, seal }];
  const blocks: Block[] = part.text === '' ? [] : [{ kind: 'text', text: part.text, breakpoint: null }];
  return seal === null ? blocks : [...blocks, { kind: 'thinking', text: '', seal }];
}

export function sealOf(signature: string): Seal {
  return { surface: 'gemini', value: signature, id: null };
}
