// Reads the body of generateContent and streamGenerateContent into the neutral request.

import type { ChatRequest, Lose, OutputFormat, TextBlock, Tool, ToolChoice } from '../chat.ts';
import { flagField, mustBe, requiredText, textField } from '../fields.ts';
import { isObject, type JsonObject } from '../json.ts';
import { loseSearch } from '../offered-search.ts';
import { WireError } from '../scan.ts';
import { ContentsDecoder } from './contents-decode.ts';
import { camelField, camelFields, looseList, looseNumber, loseUnknown, textList } from './fields.ts';
import { readModelPart } from './part.ts';
import { jsonSchemaOf } from './schema.ts';
import { decodeReasoning } from './thinking.ts';

const BODY_FIELDS = new Set([
  'model',
  'contents',
  'systemInstruction',
  'tools',
  'toolConfig',
  'generationConfig',
  'safetySettings',
  'cachedContent',
  'labels',
  'serviceTier',
  'store',
]);
const CONFIG_FIELDS = new Set([
  'maxOutputTokens',
  'temperature',
  'topP',
  'topK',
  'stopSequences',
  'seed',
  'presencePenalty',
  'frequencyPenalty',
  'candidateCount',
  'responseMimeType',
  'responseSchema',
  'responseJsonSchema',
  // The spelling of the field's first days.
  'ResponseJsonSchema',
  'responseModalities',
  'responseLogprobs',
  'logprobs',
  'thinkingConfig',
  'mediaResolution',
]);
const FUNCTION_FIELDS = new Set([
  'name',
  'description',
  'parameters',
  'parametersJsonSchema',
  'response',
  'responseJsonSchema',
]);

export function decodeRequest(
  body: unknown,
  { model, isStreamed, lose }: { model: string; isStreamed: boolean; lose: Lose },
): ChatRequest {
  if (!isObject(body))
    throw new WireError('invalid-field', 'Cannot read the request: the body must be an object');
  const fields = camelFields(body);
  if (fields.contents === undefined) throw mustBe('contents', 'a list');
  noteBody(fields, lose);
  const config = camelField(fields, 'generationConfig', '') ?? {};
  noteConfig(config, lose);
  const offered = decodeTools(fields, lose);
  const { tools, toolChoice } = decodeToolChoice(fields, offered.tools, lose);
  loseSearch(offered.searches, { hasOthers: tools.length > 0, choice: toolChoice, lose });
  const path = 'generationConfig';
  return {
    model,
    isStreamed,
    system: decodeSystem(fields, lose),
    messages: new ContentsDecoder(lose).decode(looseList(fields, 'contents', '')),
    tools,
    toolChoice,
    allowsParallelCalls: null,
    maxOutputTokens: looseNumber(config, 'maxOutputTokens', path),
    temperature: looseNumber(config, 'temperature', path),
    topP: looseNumber(config, 'topP', path),
    topK: looseNumber(config, 'topK', path),
    stopSequences: textList(config, 'stopSequences', path),
    seed: looseNumber(config, 'seed', path),
    presencePenalty: looseNumber(config, 'presencePenalty', path),
    frequencyPenalty: looseNumber(config, 'frequencyPenalty', path),
    reasoning: decodeReasoning(config, path, lose),
    outputFormat: decodeFormat(config, path),
    promptCacheKey: null,
    endUser: null,
    wantsStreamUsage: true,
  };
}

function noteBody(fields: JsonObject, lose: Lose): void {
  loseUnknown(fields, BODY_FIELDS, { path: '', lose });
  if (textField(fields, 'cachedContent', '')) lose('kept-cache', 'cachedContent');
  if (looseList(fields, 'safetySettings', '').length > 0) lose('safety-settings', 'safetySettings');
  if (isObject(fields.labels)) lose('metadata', 'labels');
  if (isSet(fields.serviceTier)) lose('service-tier', 'serviceTier');
  if (isSet(fields.store)) lose('store', 'store');
}

function noteConfig(config: JsonObject, lose: Lose): void {
  const path = 'generationConfig';
  loseUnknown(config, CONFIG_FIELDS, { path, lose });
  if ((looseNumber(config, 'candidateCount', path) ?? 1) > 1)
    lose('several-choices', `${path}.candidateCount`);
  if (flagField(config, 'responseLogprobs', path)) lose('logprobs', `${path}.responseLogprobs`);
  if (textList(config, 'responseModalities', path).some((modality) => modality.toUpperCase() !== 'TEXT')) {
    lose('output-modality', `${path}.responseModalities`);
  }
  if (isSet(config.mediaResolution)) lose('image-detail', `${path}.mediaResolution`);
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function decodeSystem(fields: JsonObject, lose: Lose): TextBlock[] {
  const content = camelField(fields, 'systemInstruction', '');
  if (content === null) return [];
  return looseList(content, 'parts', 'systemInstruction').flatMap((part, index) => {
    const written = readModelPart(part);
    if (written?.kind !== 'text') {
      lose('unknown-block', `systemInstruction.parts[${index}]`);
      return [];
    }
    return written.text === '' ? [] : [{ kind: 'text' as const, text: written.text, breakpoint: null }];
  });
}

/** The functions, and where Google's own search is offered. */
function decodeTools(fields: JsonObject, lose: Lose): { tools: Tool[]; searches: string[] } {
  const searches: string[] = [];
  const tools = looseList(fields, 'tools', '').flatMap((tool, index) => {
    const path = `tools[${index}]`;
    if (!isObject(tool)) throw mustBe(path, 'an object');
    const group = camelFields(tool);
    for (const [name, value] of Object.entries(group)) {
      if (name === 'functionDeclarations' || !isSet(value)) continue;
      // Everything but functions runs at Google: search, code execution, maps, URLs, files, computers.
      if (name === 'googleSearch' || name === 'googleSearchRetrieval') searches.push(`${path}.${name}`);
      else lose('server-tool', `${path}.${name}`);
    }
    return looseList(group, 'functionDeclarations', path).map((declaration, at) =>
      decodeFunction(declaration, { path: `${path}.functionDeclarations[${at}]`, lose }),
    );
  });
  return { tools, searches };
}

function decodeFunction(declaration: unknown, { path, lose }: { path: string; lose: Lose }): Tool {
  if (!isObject(declaration)) throw mustBe(path, 'an object');
  const fields = camelFields(declaration);
  loseUnknown(fields, FUNCTION_FIELDS, { path, lose });
  // What a function gives back is described for the model's information only.
  for (const name of ['response', 'responseJsonSchema'])
    if (isSet(fields[name])) lose('metadata', `${path}.${name}`);
  const schema = fields.parametersJsonSchema;
  if (isSet(schema) && !isObject(schema)) throw mustBe(`${path}.parametersJsonSchema`, 'an object');
  const parameters = fields.parameters;
  if (isSet(parameters) && !isObject(parameters)) throw mustBe(`${path}.parameters`, 'an object');
  return {
    name: requiredText(fields, 'name', path),
    description: textField(fields, 'description', path),
    parameters: isObject(schema) ? schema : isObject(parameters) ? jsonSchemaOf(parameters) : null,
    isStrict: null,
    breakpoint: null,
  };
}

interface Choice {
  toolChoice: ToolChoice | null;
  tools: Tool[];
}

/**
 * The choice, and the tools it leaves. VALIDATED is AUTO with arguments held to the schema. Source: Gemini API
 * reference, "FunctionCallingConfig".
 */
function decodeToolChoice(fields: JsonObject, tools: Tool[], lose: Lose): Choice {
  const toolConfig = camelField(fields, 'toolConfig', '') ?? {};
  loseUnknown(toolConfig, new Set(['functionCallingConfig']), { path: 'toolConfig', lose });
  const path = 'toolConfig.functionCallingConfig';
  const config = camelField(toolConfig, 'functionCallingConfig', 'toolConfig') ?? {};
  loseUnknown(config, new Set(['mode', 'allowedFunctionNames']), { path, lose });
  const mode = textField(config, 'mode', path)?.toUpperCase() ?? 'MODE_UNSPECIFIED';
  switch (mode) {
    case 'MODE_UNSPECIFIED':
      return { toolChoice: null, tools };
    case 'NONE':
      return { toolChoice: { kind: 'none' }, tools };
    case 'VALIDATED':
      lose('tool-strictness', `${path}.mode`);
      return { toolChoice: { kind: 'auto' }, tools };
    case 'AUTO':
      return { toolChoice: { kind: 'auto' }, tools };
    case 'ANY':
      return anyOf(textList(config, 'allowedFunctionNames', path), tools);
    default:
      throw mustBe(`${path}.mode`, '"AUTO", "ANY", "NONE" or "VALIDATED"');
  }
}

/** One name is a choice of its own; several narrow the tools down, as no other dialect can say it but by the list. */
function anyOf(names: readonly string[], tools: Tool[]): Choice {
  const [only] = names;
  if (only === undefined) return { toolChoice: { kind: 'required' }, tools };
  if (names.length === 1) return { toolChoice: { kind: 'tool', name: only }, tools };
  return { toolChoice: { kind: 'required' }, tools: tools.filter(({ name }) => names.includes(name)) };
}

function decodeFormat(config: JsonObject, path: string): OutputFormat | null {
  const jsonSchema = config.responseJsonSchema ?? config.ResponseJsonSchema;
  const schema = isObject(jsonSchema) ? jsonSchema : camelField(config, 'responseSchema', path);
  if (schema !== null) {
    const asJsonSchema = isObject(jsonSchema) ? jsonSchema : jsonSchemaOf(schema);
    return { kind: 'json-schema', name: null, description: null, schema: asJsonSchema, isStrict: null };
  }
  const mimeType = textField(config, 'responseMimeType', path) ?? 'text/plain';
  if (mimeType === 'application/json') return { kind: 'json' };
  if (mimeType !== 'text/plain')
    throw mustBe(`${path}.responseMimeType`, '"text/plain" or "application/json"');
  return null;
}
