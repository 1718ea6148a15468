// Writes a neutral request as a Messages request. Pure: the same conversation gives the same bytes.

import type { ChatRequest, Lose, Message, OutputFormat, Tool } from '../chat.ts';
import type { JsonObject } from '../json.ts';
import { withBreakpoints } from './breakpoints.ts';
import { cacheControl, encodeBlock, encodeText } from './content-encode.ts';
import { type ModelTraits, modelTraits } from './models.ts';
import { closedSchema } from './output-schema.ts';
import { planThinking, type ThinkingPlan } from './thinking.ts';
import { turnsOf, withoutThinking } from './turns.ts';

export function encodeRequest(request: ChatRequest, lose: Lose): JsonObject {
  const traits = modelTraits(request.model);
  const all = turnsOf(request.messages, { traits, lose });
  const plan = planThinking(request, { traits, messages: all, lose });
  // Thinking that came before is refused by a model that is not to think, unless it thinks when nothing is said.
  const isOff = plan.thinking === null ? traits.thinking === 'budget' : plan.thinking.type === 'disabled';
  const { tools, system, turns } = withBreakpoints(
    {
      tools: request.tools,
      system: request.system.filter((block) => block.text.trim() !== ''),
      turns: isOff ? withoutThinking(all, lose) : all,
    },
    request,
  );
  noteLosses(request, lose);
  const toolChoice = tools.length === 0 ? null : encodeToolChoice(request);
  const outputConfig = encodeOutputConfig(request.outputFormat, { effort: plan.effort, lose });
  // Fields are in the order in which they make up the cached prefix, then the rest.
  return {
    model: request.model,
    max_tokens: plan.maxTokens,
    ...(tools.length === 0 ? {} : { tools: tools.map(encodeTool) }),
    ...(system.length === 0 ? {} : { system: system.map(encodeText) }),
    messages: turns.map((turn, index) => encodeTurn(turn, { path: `messages.${index}`, lose })),
    ...(toolChoice === null ? {} : { tool_choice: toolChoice }),
    ...encodeSampling(request, { traits, plan, lose }),
    ...(request.stopSequences.length === 0 ? {} : { stop_sequences: encodeStops(request, lose) }),
    ...(plan.thinking === null ? {} : { thinking: plan.thinking }),
    ...(outputConfig === null ? {} : { output_config: outputConfig }),
    ...(request.endUser === null ? {} : { metadata: { user_id: request.endUser } }),
    ...(request.isStreamed ? { stream: true } : {}),
  };
}

function noteLosses(request: ChatRequest, lose: Lose): void {
  if (request.seed !== null) lose('seed', 'seed');
  if ((request.presencePenalty ?? 0) !== 0) lose('penalty', 'presencePenalty');
  if ((request.frequencyPenalty ?? 0) !== 0) lose('penalty', 'frequencyPenalty');
}

function encodeTurn(turn: Message, { path, lose }: { path: string; lose: Lose }): JsonObject {
  const content: JsonObject[] = [];
  let index = 0;
  for (const block of turn.blocks) {
    const encoded =
      block.kind === 'text'
        ? encodeText(block)
        : encodeBlock(block, { path: `${path}.content.${index}`, lose });
    if (encoded !== null) content.push(encoded);
    index += 1;
  }
  return { role: turn.role, content };
}

/** `input_schema` must be there and of type object, also for tools that take nothing. */
function encodeTool(tool: Tool): JsonObject {
  return {
    name: tool.name,
    ...(tool.description === null ? {} : { description: tool.description }),
    input_schema:
      tool.parameters === null ? { type: 'object', properties: {} } : { type: 'object', ...tool.parameters },
    ...(tool.isStrict === true ? { strict: true } : {}),
    ...cacheControl(tool.breakpoint),
  };
}

function encodeToolChoice({ toolChoice, allowsParallelCalls }: ChatRequest): JsonObject | null {
  const parallel = allowsParallelCalls === null ? {} : { disable_parallel_tool_use: !allowsParallelCalls };
  switch (toolChoice?.kind) {
    case undefined:
      return allowsParallelCalls === null ? null : { type: 'auto', ...parallel };
    case 'none':
      return { type: 'none' };
    case 'auto':
      return { type: 'auto', ...parallel };
    case 'required':
      return { type: 'any', ...parallel };
    case 'tool':
      return { type: 'tool', name: toolChoice.name, ...parallel };
    default:
      return toolChoice satisfies never;
  }
}

/** Leaving a field at its default loses nothing, so a wish for the default is not noted. */
function encodeSampling(
  request: ChatRequest,
  { traits, plan, lose }: { traits: ModelTraits; plan: ThinkingPlan; lose: Lose },
): JsonObject {
  const { topP, topK } = request;
  const temperature = inRange(request.temperature, lose);
  if (plan.isOn || !traits.takesSampling) {
    if ((temperature ?? 1) !== 1) lose('reasoning-sampling', 'temperature');
    if ((topP ?? 1) !== 1) lose('reasoning-sampling', 'top_p');
    if (topK !== null) lose('reasoning-sampling', 'top_k');
    return {};
  }
  const keepsTopP = topP !== null && (temperature === null || traits.takesBothSamplings);
  if (!keepsTopP && (topP ?? 1) !== 1) lose('sampling-range', 'top_p');
  return {
    ...(temperature === null ? {} : { temperature }),
    ...(keepsTopP ? { top_p: topP } : {}),
    ...(topK === null ? {} : { top_k: topK }),
  };
}

/** Anthropic's temperature ends at 1, OpenAI's and Gemini's at 2. */
function inRange(temperature: number | null, lose: Lose): number | null {
  if (temperature === null || temperature <= 1) return temperature;
  lose('sampling-range', 'temperature');
  return 1;
}

/** The API refuses sequences of white space alone. */
function encodeStops({ stopSequences }: ChatRequest, lose: Lose): string[] {
  const blank = stopSequences.findIndex((stop) => stop.trim() === '');
  if (blank >= 0) lose('stop-sequences', `stop_sequences.${blank}`);
  return stopSequences;
}

function encodeOutputConfig(
  format: OutputFormat | null,
  { effort, lose }: { effort: ThinkingPlan['effort']; lose: Lose },
): JsonObject | null {
  if (format?.kind === 'json') lose('json-mode', 'output_config.format');
  const schema = format?.kind === 'json-schema' ? closedSchema(format) : null;
  if (effort === null && schema === null) return null;
  return {
    ...(effort === null ? {} : { effort }),
    ...(schema === null ? {} : { format: { type: 'json_schema', schema } }),
  };
}
