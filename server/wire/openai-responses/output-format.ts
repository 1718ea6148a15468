// The form an answer must have (`text.format`), both ways.

import type { Lose, OutputFormat } from '../chat.ts';
import { mustBe } from '../fields.ts';
import { safeId } from '../ids.ts';
import { booleanIn, objectIn, type Place, pathOf, textIn } from './fields.ts';

/** A schema must have a name. */
const UNNAMED_SCHEMA = 'answer';

export function decodeText(body: Place, lose: Lose): OutputFormat | null {
  const text = objectIn(body, 'text');
  if (!text) return null;
  const verbosity = textIn(text, 'verbosity');
  // Medium is the default, said or not.
  if (verbosity !== null && verbosity !== 'medium') lose('verbosity', 'text.verbosity');
  const format = objectIn(text, 'format');
  return format && decodeFormat(format);
}

function decodeFormat(format: Place): OutputFormat | null {
  switch (textIn(format, 'type')) {
    case 'text':
      return null;
    case 'json_object':
      return { kind: 'json' };
    case 'json_schema': {
      const schema = objectIn(format, 'schema');
      if (!schema) throw mustBe(pathOf(format, 'schema'), 'an object');
      return {
        kind: 'json-schema',
        name: textIn(format, 'name'),
        description: textIn(format, 'description'),
        schema: schema.value,
        isStrict: booleanIn(format, 'strict'),
      };
    }
    default:
      throw mustBe(pathOf(format, 'type'), 'text, json_object or json_schema');
  }
}

export function encodeFormat(format: OutputFormat | null): unknown {
  if (format === null) return { type: 'text' };
  if (format.kind === 'json') return { type: 'json_object' };
  return {
    type: 'json_schema',
    name: safeId(format.name ?? UNNAMED_SCHEMA),
    ...(format.description === null ? {} : { description: format.description }),
    schema: format.schema,
    ...(format.isStrict === null ? {} : { strict: format.isStrict }),
  };
}
