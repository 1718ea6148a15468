// The tools of a request and the choice among them into the neutral model.

import type { Lose, Tool, ToolChoice } from '../chat.ts';
import { freeformTool } from '../declared-tools.ts';
import {
  flagField,
  listField,
  mustBe,
  objectField,
  objectsOf,
  requiredObject,
  requiredText,
  textField,
} from '../fields.ts';
import { isObject, type JsonObject, objectAt, textAt } from '../json.ts';
import { loseSearch } from '../offered-search.ts';
import { decodeBreakpoint } from './content-decode.ts';

interface Offer {
  tools: Tool[];
  toolChoice: ToolChoice | null;
}

/** The tools and the choice among them; `allowed_tools` narrows them down. */
export function decodeTools(body: JsonObject, lose: Lose): Offer {
  const offer = decodeToolChoice(body, declaredTools(body, lose));
  const searches = isObject(body.web_search_options) ? ['web_search_options'] : [];
  loseSearch(searches, { hasOthers: offer.tools.length > 0, choice: offer.toolChoice, lose });
  return offer;
}

/** `tools`, or the `functions` they replaced in 2023. */
function declaredTools(body: JsonObject, lose: Lose): Tool[] {
  const tools: Tool[] = [];
  for (const { item, path } of objectsOf(listField(body, 'tools'), 'tools')) {
    const type = requiredText(item, 'type', path);
    if (type === 'custom') tools.push(decodeFreeform(requiredObject(item, 'custom', path), `${path}.custom`));
    else if (type !== 'function') lose('server-tool', path);
    else tools.push(decodeTool(requiredObject(item, 'function', path), `${path}.function`, item));
  }
  for (const { item, path } of objectsOf(listField(body, 'functions'), 'functions')) {
    tools.push(decodeTool(item, path, item));
  }
  return tools;
}

function decodeTool(fields: JsonObject, path: string, holder: JsonObject): Tool {
  return {
    name: requiredText(fields, 'name', path),
    description: textField(fields, 'description', path),
    parameters: objectField(fields, 'parameters', path),
    isStrict: flagField(fields, 'strict', path),
    breakpoint: decodeBreakpoint(holder),
  };
}

function decodeFreeform(fields: JsonObject, path: string): Tool {
  const name = requiredText(fields, 'name', path);
  const grammar = objectAt(objectAt(fields, 'format'), 'grammar');
  const definition = textAt(grammar, 'definition');
  return freeformTool(
    { name, description: textField(fields, 'description', path) },
    { name, namespace: null },
    definition === null ? null : { syntax: textAt(grammar, 'syntax'), definition },
  );
}

function decodeToolChoice(body: JsonObject, tools: Tool[]): Offer {
  const isLegacy = (body.tool_choice ?? null) === null;
  const path = isLegacy ? 'function_call' : 'tool_choice';
  const choice = body[path] ?? null;
  if (choice === null) return { toolChoice: null, tools };
  if (choice === 'auto' || choice === 'none' || choice === 'required')
    return { toolChoice: { kind: choice }, tools };
  if (!isObject(choice)) throw mustBe(path, 'auto, none, required or an object');
  if (isLegacy) return { toolChoice: { kind: 'tool', name: requiredText(choice, 'name', path) }, tools };
  if (choice.type === 'allowed_tools')
    return allowedTools(requiredObject(choice, 'allowed_tools', path), tools);
  return { toolChoice: { kind: 'tool', name: chosenName(choice, path) }, tools };
}

function allowedTools(choice: JsonObject, tools: Tool[]): Offer {
  const path = 'tool_choice.allowed_tools';
  const names = objectsOf(listField(choice, 'tools', path), `${path}.tools`).map(({ item, path: toolPath }) =>
    chosenName(item, toolPath),
  );
  const kind = choice.mode === 'required' ? 'required' : 'auto';
  return { toolChoice: { kind }, tools: tools.filter((tool) => names.includes(tool.name)) };
}

/** The name inside `{type: "function", function: {name}}` or `{type: "custom", custom: {name}}`. */
function chosenName(choice: JsonObject, path: string): string {
  const kind = choice.type === 'custom' ? 'custom' : 'function';
  return requiredText(requiredObject(choice, kind, path), 'name', `${path}.${kind}`);
}
