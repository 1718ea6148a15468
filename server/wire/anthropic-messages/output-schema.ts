// A JSON Schema in the form that Anthropic's structured outputs take.

import type { OutputFormat } from '../chat.ts';
import { isObject, type JsonObject } from '../json.ts';

/**
 * The schema with its objects closed: Anthropic answers 400 unless every object says `additionalProperties: false`,
 * which other dialects ask for only when the output is strict. Objects that say what else they may hold are left as
 * they are. The format's description has no field of its own and goes into a schema that has none.
 * Source: platform.claude.com, "Structured outputs", JSON Schema limitations.
 */
export function closedSchema(format: OutputFormat & { kind: 'json-schema' }): JsonObject {
  const schema = closed(format.schema);
  const hasOwn = format.description === null || schema.description !== undefined;
  return hasOwn ? schema : { ...schema, description: format.description };
}

function closed(schema: JsonObject): JsonObject {
  const entries = Object.entries(schema).map(([name, value]) => [name, closedPart(name, value)] as const);
  const isOpen = schema.properties !== undefined && schema.additionalProperties === undefined;
  return { ...Object.fromEntries(entries), ...(isOpen ? { additionalProperties: false } : {}) };
}

/** Keywords whose fields are schemas by name, whose items are schemas, or which are a schema. */
function closedPart(keyword: string, value: unknown): unknown {
  switch (keyword) {
    case 'properties':
    case '$defs':
    case 'definitions':
      return isObject(value)
        ? Object.fromEntries(
            Object.entries(value).map(([name, part]) => [name, isObject(part) ? closed(part) : part]),
          )
        : value;
    case 'anyOf':
    case 'allOf':
    case 'oneOf':
    case 'prefixItems':
      return Array.isArray(value) ? value.map((part) => (isObject(part) ? closed(part) : part)) : value;
    case 'items':
      return isObject(value) ? closed(value) : value;
    default:
      return value;
  }
}
