// Tools and the choice among them, both ways: functions, freeform (`custom`) tools and tools in a namespace, a group whose
// name is put before theirs.

import type { ChatRequest, Lose, Tool, ToolChoice } from '../chat.ts';
import { declarationOf, freeformTool } from '../declared-tools.ts';
import { mustBe } from '../fields.ts';
import { safeId } from '../ids.ts';
import { isObject } from '../json.ts';
import { loseSearch } from '../offered-search.ts';
import { booleanIn, listIn, objectIn, type Place, pathOf, requiredText, textIn } from './fields.ts';

/** The provider's web search under all its names (`web_search_preview_2025_03_11`). */
const WEB_SEARCH = /^web_search(_|$)/;

export interface OfferedTools {
  tools: Tool[];
  /** Where the provider's own web search is offered. */
  searches: string[];
}

export function decodeTools(holder: Place, lose: Lose): OfferedTools {
  const all = listIn(holder, 'tools');
  return {
    tools: all.filter((tool) => !isSearch(tool)).flatMap((tool) => decodeTool(tool, null, lose)),
    searches: all.filter(isSearch).map(({ path }) => path),
  };
}

function isSearch(tool: Place): boolean {
  return WEB_SEARCH.test(requiredText(tool, 'type'));
}

function decodeTool(tool: Place, namespace: string | null, lose: Lose): Tool[] {
  switch (requiredText(tool, 'type')) {
    case 'function':
      return [decodeFunction(tool, namespace)];
    case 'custom':
      return [decodeFreeform(tool, namespace)];
    case 'namespace': {
      const name = requiredText(tool, 'name');
      return listIn(tool, 'tools').flatMap((inner) => decodeTool(inner, name, lose));
    }
    default:
      // Search, code, computer use, remote MCP run at the provider; shells and patches only its own models can call.
      lose('server-tool', tool.path);
      return [];
  }
}

function decodeFunction(tool: Place, namespace: string | null): Tool {
  const name = requiredText(tool, 'name');
  const plain: Tool = {
    name: qualifiedName(name, namespace),
    description: textIn(tool, 'description'),
    parameters: objectIn(tool, 'parameters')?.value ?? null,
    isStrict: booleanIn(tool, 'strict'),
    breakpoint: null,
  };
  return namespace === null ? plain : { ...plain, declaredAs: { isFreeform: false, name, namespace } };
}

function decodeFreeform(tool: Place, namespace: string | null): Tool {
  const name = requiredText(tool, 'name');
  const format = objectIn(tool, 'format');
  const definition = format && textIn(format, 'definition');
  return freeformTool(
    { name: qualifiedName(name, namespace), description: textIn(tool, 'description') },
    { name, namespace },
    format && definition !== null ? { syntax: textIn(format, 'syntax'), definition } : null,
  );
}

/** One name for a tool in a namespace, as models write it; the same for a declaration and for a call. */
export function qualifiedName(name: string, namespace: string | null): string {
  if (namespace === null || namespace === '') return name;
  return safeId(namespace.endsWith('__') ? `${namespace}${name}` : `${namespace}__${name}`);
}

interface Choice {
  tools: Tool[];
  toolChoice: ToolChoice | null;
}

/** The choice, and the tools that remain: `allowed_tools` leaves some out without changing the list. */
export function decodeToolChoice(body: Place, { tools, searches }: OfferedTools, lose: Lose): Choice {
  const chosen = decodeChoice(body, tools, lose);
  loseSearch(searches, { hasOthers: tools.length > 0, choice: chosen.toolChoice, lose });
  return chosen;
}

function decodeChoice(body: Place, tools: Tool[], lose: Lose): Choice {
  const value = body.value.tool_choice ?? null;
  if (value === null) return { tools, toolChoice: null };
  if (value === 'auto' || value === 'none' || value === 'required')
    return { tools, toolChoice: { kind: value } };
  if (typeof value === 'string') throw mustBe('tool_choice', 'auto, none, required or an object');
  const choice = objectIn(body, 'tool_choice');
  if (choice?.value.type === 'allowed_tools') return allowedTools(choice, tools, lose);
  return { tools, toolChoice: choice && chosenTool(choice, lose) };
}

function allowedTools(choice: Place, tools: Tool[], lose: Lose): Choice {
  const toolChoice = { kind: textIn(choice, 'mode') === 'required' ? 'required' : 'auto' } as const;
  const entries = listIn(choice, 'tools');
  const others = entries.filter((entry) => !isSearch(entry));
  const searches = entries.filter(isSearch).map(({ path }) => path);
  loseSearch(searches, { hasOthers: others.length > 0, choice: toolChoice, lose });
  const names = new Set(
    others.map((entry) => {
      const chosen = chosenTool(entry, lose);
      return chosen?.kind === 'tool' ? chosen.name : null;
    }),
  );
  return { tools: tools.filter((tool) => names.has(tool.name)), toolChoice };
}

function chosenTool(choice: Place, lose: Lose): ToolChoice | null {
  const type = textIn(choice, 'type');
  if (type !== 'function' && type !== 'custom') {
    lose('server-tool', pathOf(choice, 'type'));
    return null;
  }
  return { kind: 'tool', name: qualifiedName(requiredText(choice, 'name'), textIn(choice, 'namespace')) };
}

/** The tools as functions. */
export function encodeTools(tools: readonly Tool[], lose: Lose): unknown[] {
  return tools.map((tool, index) => {
    if (tool.breakpoint !== null) lose('cache-breakpoint', `tools[${index}]`);
    return encodeTool(tool);
  });
}

/** Functions are strict here where nothing is said and the schema allows it; in the other dialects they are not. */
function encodeTool(tool: Tool): unknown {
  return {
    type: 'function',
    name: tool.name,
    ...(tool.description === null ? {} : { description: tool.description }),
    parameters: tool.parameters,
    strict: tool.isStrict ?? false,
  };
}

/** The tools as the client declared them, for the echo in a reply. */
export function echoTools(tools: readonly Tool[]): unknown[] {
  return tools.map((tool) => {
    if (!tool.declaredAs) return encodeTool(tool);
    const { name, namespace, isFreeform } = tool.declaredAs;
    const described = { name, ...(tool.description === null ? {} : { description: tool.description }) };
    const inner = isFreeform ? { type: 'custom', ...described } : { ...objectOf(encodeTool(tool)), name };
    return namespace === null
      ? inner
      : { type: 'namespace', name: namespace, description: '', tools: [inner] };
  });
}

function objectOf(value: unknown): object {
  return isObject(value) ? value : {};
}

export function encodeToolChoice(choice: ToolChoice): unknown {
  return choice.kind === 'tool' ? { type: 'function', name: choice.name } : choice.kind;
}

/** The choice as the client made it, for the echo in a reply. */
export function echoToolChoice(request: ChatRequest): unknown {
  const choice = request.toolChoice ?? { kind: 'auto' };
  if (choice.kind !== 'tool') return choice.kind;
  const { isFreeform, name } = declarationOf(request, choice.name);
  return { type: isFreeform ? 'custom' : 'function', name };
}
