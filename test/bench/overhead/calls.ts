// What the bench sends: requests like those of coding agents, and the names that both sides know.

export const API_KEY = 'wp_overhead_bench_key';
export const MODEL = 'bench-model';

export interface CallShape {
  dialect: 'anthropic' | 'openai-chat';
  bytes: number;
  isStreamed: boolean;
}

const PATHS = { anthropic: '/v1/messages', 'openai-chat': '/v1/chat/completions' } as const;

/** The whole request as it goes over the wire; each client has a conversation of its own. */
export function requestBytes(shape: CallShape, client: number): Buffer {
  const body = Buffer.from(bodyText(shape, client));
  const head = [
    `POST ${PATHS[shape.dialect]} HTTP/1.1`,
    'host: 127.0.0.1',
    'content-type: application/json',
    'accept: application/json',
    'user-agent: warmpath-bench/1.0',
    'anthropic-version: 2023-06-01',
    shape.dialect === 'anthropic' ? `x-api-key: ${API_KEY}` : `authorization: Bearer ${API_KEY}`,
    `content-length: ${body.length}`,
  ];
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), body]);
}

/** As many characters as asked for, all of them ASCII. */
export function bodyText(shape: CallShape, client: number): string {
  const empty = render(shape, client, '');
  const missing = Math.max(0, shape.bytes - empty.length);
  // A line of code costs more in JSON than its length: its line end and quotes are escaped.
  const escapedLine = JSON.stringify(CODE_LINE).length - 2;
  const lines = Math.floor(missing / escapedLine);
  return render(shape, client, CODE_LINE.repeat(lines) + 'x'.repeat(missing - lines * escapedLine));
}

const CODE_LINE =
  '  const handle = parser.open("a/b.ts", { mode: \'read\' }); // stale after the second read\n';
const PIECE_CHARACTERS = CODE_LINE.length * 32;

function render(shape: CallShape, client: number, filler: string): string {
  return JSON.stringify(
    shape.dialect === 'anthropic' ? anthropic(shape, client, filler) : chat(shape, client, filler),
  );
}

/** Keys in the order in which agents send them: the model first, whether to stream last. */
function anthropic({ isStreamed, bytes }: CallShape, client: number, filler: string) {
  return {
    model: MODEL,
    max_tokens: 1024,
    messages: messages(client, filler, bytes),
    tools: TOOLS.map(({ name, description, schema }) => ({ name, description, input_schema: schema })),
    metadata: { user_id: `user_bench_account__session_00000000-0000-4000-8000-${sessionDigits(client)}` },
    stream: isStreamed,
  };
}

function chat({ isStreamed, bytes }: CallShape, client: number, filler: string) {
  return {
    model: MODEL,
    max_completion_tokens: 1024,
    messages: messages(client, filler, bytes),
    tools: TOOLS.map(({ name, description, schema }) => ({
      type: 'function',
      function: { name, description, parameters: schema },
    })),
    user: `bench-${sessionDigits(client)}`,
    stream: isStreamed,
  };
}

/** As many turns as the wanted size asks for, the same number however much filler there is. */
function messages(client: number, filler: string, bytes: number) {
  const pairs = Math.floor(bytes / PIECE_CHARACTERS / 2);
  const turns = 2 * pairs + 1;
  const pieceCharacters = Math.ceil(filler.length / turns / CODE_LINE.length) * CODE_LINE.length;
  return Array.from({ length: turns }, (_, turn) => ({
    role: turn % 2 === 0 ? 'user' : 'assistant',
    content: [
      {
        type: 'text',
        text: `client ${sessionDigits(client)} ${filler.slice(turn * pieceCharacters, (turn + 1) * pieceCharacters)}`,
      },
    ],
  }));
}

function sessionDigits(client: number): string {
  return String(client).padStart(12, '0');
}

const TOOLS = [
  {
    name: 'read_file',
    description: 'Reads a file of the workspace.',
    schema: {
      type: 'object',
      properties: { path: { type: 'string' }, from_line: { type: 'integer' } },
      required: ['path'],
    },
  },
];
