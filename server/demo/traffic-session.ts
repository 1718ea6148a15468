// One pretend coding agent's conversation: grows by a turn at a time and writes each turn as a request.

import type { Random } from './random.ts';
import { writeText } from './text.ts';

/** `script` is plain SDK use: single questions, nothing that tells one session from another. */
export type DemoClient = 'claude-code' | 'opencode' | 'script';

export interface SessionPlan {
  client: DemoClient;
  model: string;
  apiKey: string;
  /** Shared by a main agent and its sub-agents, as Claude Code does. */
  sessionId: string;
  /** Stands for the person's device; part of Claude Code's `metadata.user_id`. */
  deviceId: string;
  turns: number;
  isSubAgent: boolean;
  random: Random;
  instructions: Instructions;
}

/** What every session of one client starts with: the part of the prompt that sessions share. */
export interface Instructions {
  system: string;
  tools: { name: string; description: string }[];
}

export interface PlannedRequest {
  path: string;
  headers: Record<string, string>;
  body: string;
  /** The person's pause after the reply. */
  pauseMs: number;
  /** Hangs up this long after sending; null = reads to the end. */
  hangUpAfterMs: number | null;
}

interface Turn {
  says: string;
  /** The agent's tool calls with what came back; more than one ran in parallel. */
  calls: { id: string; name: string; input: { path: string }; result: string }[];
  /** What the person adds to the results. */
  remark: string | null;
}

const INPUT_SCHEMA = { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] };

export class CodingSession {
  readonly plan: SessionPlan;
  readonly #question: string;
  readonly #project: string;
  readonly #turns: Turn[] = [];
  #asked = 0;

  constructor(plan: SessionPlan) {
    this.plan = plan;
    const { random } = plan;
    this.#project = `Project notes:\n${writeText(random, plan.isSubAgent ? 100 : random.int(600, 2400))}`;
    const opening = random.chance(0.5) ? 'Use the Read tool and find out why' : 'Please find out why';
    this.#question = `${opening} this happens: ${writeText(random, random.int(20, 160))}`;
  }

  get isOver(): boolean {
    return this.#asked >= this.plan.turns;
  }

  /** The next turn's request; everything about it is drawn here, whatever the reply will be. */
  next(): PlannedRequest {
    const { client, random } = this.plan;
    if (this.#asked > 0) this.#turns.push(this.#newTurn());
    this.#asked += 1;
    const isStreamed = client !== 'script' && random.chance(0.95);
    const write = client === 'claude-code' ? this.#anthropic(isStreamed) : this.#openAi(isStreamed);
    const pauseMs = this.plan.isSubAgent ? random.int(500, 3000) : drawPauseMs(random);
    return { ...write, pauseMs, hangUpAfterMs: random.chance(0.03) ? random.int(300, 4000) : null };
  }

  #newTurn(): Turn {
    const { random } = this.plan;
    // A dozen parallel calls put more blocks between two breakpoints than the provider looks back.
    const count = random.chance(0.03) ? 12 : 1;
    return {
      says: writeText(random, random.int(15, 120)),
      calls: Array.from({ length: count }, () => ({
        id: random.base62(22),
        name: 'Read',
        input: { path: `src/${random.hex(6)}.ts` },
        result: writeText(random, random.int(100, 1400)),
      })),
      remark: random.chance(0.25) ? writeText(random, random.int(8, 60)) : null,
    };
  }

  #anthropic(isStreamed: boolean) {
    const { model, instructions, sessionId, deviceId, apiKey } = this.plan;
    const body = {
      model,
      max_tokens: 1024,
      system: [
        { type: 'text', text: instructions.system },
        { type: 'text', text: this.#project, cache_control: { type: 'ephemeral' } },
      ],
      tools: instructions.tools.map((tool) => ({ ...tool, input_schema: INPUT_SCHEMA })),
      messages: markLastBlock([
        { role: 'user', content: [{ type: 'text', text: this.#question }] },
        ...this.#turns.flatMap(anthropicTurn),
      ]),
      metadata: { user_id: `user_${deviceId}_account__session_${sessionId}` },
      stream: isStreamed,
    };
    return {
      path: '/v1/messages',
      headers: {
        'content-type': 'application/json',
        'anthropic-version': '2023-06-01',
        'x-api-key': apiKey,
        'user-agent': 'claude-cli/2.1.0 (external, cli)',
        'x-claude-code-session-id': sessionId,
      },
      body: JSON.stringify(body),
    };
  }

  #openAi(isStreamed: boolean) {
    const { model, instructions, sessionId, apiKey, client } = this.plan;
    const body = {
      model,
      messages: [
        { role: 'system', content: instructions.system },
        { role: 'system', content: this.#project },
        { role: 'user', content: this.#question },
        ...this.#turns.flatMap(openAiTurn),
      ],
      tools: instructions.tools.map((tool) => ({
        type: 'function',
        function: { ...tool, parameters: INPUT_SCHEMA },
      })),
      max_completion_tokens: 1024,
      ...(client === 'opencode' ? { prompt_cache_key: sessionId } : {}),
      ...(isStreamed ? { stream: true, stream_options: { include_usage: true } } : {}),
    };
    return {
      path: '/v1/chat/completions',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${apiKey}`,
        'user-agent': client === 'opencode' ? 'opencode/1.0.0' : 'OpenAI/JS 7.0.0',
      },
      body: JSON.stringify(body),
    };
  }
}

export function writeInstructions(
  random: Random,
  { tokens, tools }: { tokens: number; tools: number },
): Instructions {
  const names = ['Read', 'Grep', 'Bash', 'Edit', 'Write', 'Glob', 'Task', 'Fetch'];
  return {
    system: `You are a coding agent.\n${writeText(random, tokens)}`,
    tools: names.slice(0, tools).map((name) => ({ name, description: writeText(random, 250) })),
  };
}

type AnthropicMessage = { role: string; content: object[] };

function anthropicTurn({ says, calls, remark }: Turn): AnthropicMessage[] {
  const results = calls.map(({ id, result }) => ({
    type: 'tool_result',
    tool_use_id: `toolu_01${id}`,
    content: [{ type: 'text', text: result }],
  }));
  return [
    {
      role: 'assistant',
      content: [
        { type: 'text', text: says },
        ...calls.map(({ id, name, input }) => ({ type: 'tool_use', id: `toolu_01${id}`, name, input })),
      ],
    },
    { role: 'user', content: remark === null ? results : [...results, { type: 'text', text: remark }] },
  ];
}

/** The mark moves with the conversation's end, as Claude Code's does. */
function markLastBlock(messages: AnthropicMessage[]): AnthropicMessage[] {
  const content = messages.at(-1)?.content;
  const last = content?.pop();
  if (content && last) content.push({ ...last, cache_control: { type: 'ephemeral' } });
  return messages;
}

function openAiTurn({ says, calls, remark }: Turn): object[] {
  const toolCalls = calls.map(({ id, name, input }) => ({
    id: `call_${id}`,
    type: 'function',
    function: { name, arguments: JSON.stringify(input) },
  }));
  return [
    { role: 'assistant', content: says, tool_calls: toolCalls },
    ...calls.map(({ id, result }) => ({ role: 'tool', tool_call_id: `call_${id}`, content: result })),
    ...(remark === null ? [] : [{ role: 'user', content: remark }]),
  ];
}

/** Mostly the seconds in which an agent works, sometimes a person thinking, now and then longer than a cache lives. */
function drawPauseMs(random: Random): number {
  if (random.chance(0.05)) return random.int(320_000, 720_000);
  if (random.chance(0.15)) return random.int(40_000, 150_000);
  return random.int(4000, 20_000);
}
