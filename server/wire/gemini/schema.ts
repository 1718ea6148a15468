// Between JSON Schema and what Gemini takes: its own language, a part of OpenAPI 3.0 with upper-case types, and its part of JSON Schema.

import { isObject, type JsonObject } from '../json.ts';
import { camelFields } from './fields.ts';

/** Lengths and sizes are 64-bit counts, which Google's JSON writes as text. */
const COUNTS = new Set(['minItems', 'maxItems', 'minLength', 'maxLength', 'minProperties', 'maxProperties']);

/**
 * The same schema as JSON Schema: types in lower case, `nullable` as a type, counts as numbers, properties in the order
 * `propertyOrdering` asks for. What JSON Schema spells alike stays. Source: Gemini API reference, "Schema".
 */
export function jsonSchemaOf(schema: JsonObject): JsonObject {
  const { propertyOrdering, nullable, example, ...fields } = camelFields(schema);
  const converted = Object.entries(fields).map(([name, value]): [string, unknown] => [
    name,
    convert(name, value, propertyOrdering),
  ]);
  const result = Object.fromEntries(converted.filter(([, value]) => value !== undefined));
  if (example !== undefined) result.examples = [example];
  return nullable === true ? orNull(result) : result;
}

function convert(name: string, value: unknown, order: unknown): unknown {
  if (name === 'type')
    return typeof value === 'string' && value !== 'TYPE_UNSPECIFIED' ? value.toLowerCase() : isList(value);
  // Gemini marks texts with listed values by this format; JSON Schema has no such format.
  if (name === 'format') return value === 'enum' ? undefined : value;
  if (COUNTS.has(name)) return typeof value === 'string' ? Number(value) : value;
  if (name === 'items') return isObject(value) ? jsonSchemaOf(value) : value;
  if (name === 'anyOf')
    return Array.isArray(value)
      ? value.map((item: unknown) => (isObject(item) ? jsonSchemaOf(item) : item))
      : value;
  if (name === 'properties') return isObject(value) ? properties(value, order) : value;
  return value;
}

/** A list of types is JSON Schema already. */
function isList(value: unknown): unknown {
  return Array.isArray(value) ? value : undefined;
}

function properties(schemas: JsonObject, order: unknown): JsonObject {
  const named = Array.isArray(order)
    ? order.filter((name) => typeof name === 'string' && Object.hasOwn(schemas, name))
    : [];
  const names = new Set<string>([...named, ...Object.keys(schemas)]);
  return Object.fromEntries(
    [...names].map((name) => {
      const schema = schemas[name];
      return [name, isObject(schema) ? jsonSchemaOf(schema) : schema];
    }),
  );
}

function orNull(schema: JsonObject): JsonObject {
  if (schema.type === undefined && Array.isArray(schema.anyOf))
    return { ...schema, anyOf: [...schema.anyOf, { type: 'null' }] };
  if (typeof schema.type !== 'string') return { anyOf: [schema, { type: 'null' }] };
  const values = Array.isArray(schema.enum) ? { enum: [...schema.enum, null] } : {};
  return { ...schema, type: [schema.type, 'null'], ...values };
}

/** Schemas of this name hold one schema, a list of them, or named ones. */
const INNER = new Set(['items', 'prefixItems', 'additionalProperties', 'anyOf', 'oneOf', 'allOf']);
const NAMED = new Set(['properties', '$defs', 'definitions']);

/**
 * The same schema with every `const` as an `enum` of one: `responseJsonSchema` does not know `const`. Source: Gemini API
 * guide "Structured outputs", supported properties.
 */
export function withoutConst(schema: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(schema).map(([name, value]): [string, unknown] => {
      if (name === 'const') return ['enum', [value]];
      if (INNER.has(name)) return [name, Array.isArray(value) ? value.map(inner) : inner(value)];
      const isNamed = NAMED.has(name) && isObject(value);
      return [
        name,
        isNamed ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inner(item)])) : value,
      ];
    }),
  );
}

function inner(schema: unknown): unknown {
  return isObject(schema) ? withoutConst(schema) : schema;
}
