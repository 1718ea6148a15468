// Tools that a client declared in another form than a function: what stands for them, and how their calls go back.
//
// A freeform tool takes plain text in place of JSON; other dialects have only functions, so it becomes a function with
// one text argument. This is undone in the reply, by what is noted at the tool.

import type { ChatRequest, Tool, ToolDeclaration } from './chat.ts';
import { parseJson, textAt } from './json.ts';

/** A freeform tool as a function. `grammar`: what its input must follow, in a language such as `lark` or `regex`. */
export function freeformTool(
  tool: Pick<Tool, 'name' | 'description'>,
  declaredAs: Omit<ToolDeclaration, 'isFreeform'>,
  grammar: { syntax: string | null; definition: string } | null,
): Tool {
  const whole = 'The whole input of the tool, as plain text.';
  const rule =
    grammar === null
      ? ''
      : ` It must follow this ${grammar.syntax ?? 'lark'} grammar:\n${grammar.definition}`;
  return {
    ...tool,
    parameters: {
      type: 'object',
      properties: { input: { type: 'string', description: `${whole}${rule}` } },
      required: ['input'],
      additionalProperties: false,
    },
    isStrict: null,
    breakpoint: null,
    declaredAs: { isFreeform: true, ...declaredAs },
  };
}

export function freeformArguments(input: string): string {
  return JSON.stringify({ input });
}

/** The text that a call of a freeform tool carries; a model that did not keep to the schema is taken at its word. */
export function freeformInput(argumentsJson: string): string {
  return textAt(parseJson(argumentsJson), 'input') ?? argumentsJson;
}

/** How the client knows the tool that is called by this name. */
export function declarationOf(request: ChatRequest, name: string): ToolDeclaration {
  const tool = request.tools.find((candidate) => candidate.name === name);
  return tool?.declaredAs ?? { isFreeform: false, name, namespace: null };
}
