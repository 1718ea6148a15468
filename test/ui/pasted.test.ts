// What the routing lab makes of pasted text: the commands that Requests copies, others' commands, JSON and nonsense.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PastedRequest, readPasted } from '../../ui/src/pages/lab/pasted.ts';
import { shellWords } from '../../ui/src/pages/lab/shell-words.ts';
import { type CurlSource, curlOf } from '../../ui/src/pages/requests/detail/curl.ts';

const NOTHING = { surface: null, model: null, sessionId: null, betas: null };

function request(
  text: string,
  surface: Parameters<typeof readPasted>[1] = 'ANTHROPIC_MESSAGES',
): PastedRequest {
  const pasted = readPasted(text, surface);
  assert.ok(pasted.kind === 'json' || pasted.kind === 'curl', JSON.stringify(pasted));
  return pasted;
}

const SOURCE: CurlSource = {
  origin: 'http://127.0.0.1:8787',
  path: '/v1/messages',
  surface: 'ANTHROPIC_MESSAGES',
  model: 'm',
  isStreamed: true,
  body: null,
  headers: null,
  placeholder: 'it\'s "quoted" $HOME \\ `x`',
};

const COPIED: readonly Partial<CurlSource>[] = [
  { path: '/v1/messages', surface: 'ANTHROPIC_MESSAGES' },
  { path: '/v1/chat/completions', surface: 'OPENAI_CHAT' },
  { path: '/v1/responses', surface: 'OPENAI_RESPONSES' },
  { path: '/v1/embeddings', surface: 'OPENAI_EMBEDDINGS', isStreamed: false },
  { path: '/v1beta/models/m:streamGenerateContent', surface: 'GEMINI' },
];

for (const over of COPIED) {
  test(`readPasted() takes the command that Requests copies of ${over.surface}`, () => {
    const source = { ...SOURCE, ...over };
    const copied = request(curlOf(source), 'GEMINI');
    assert.deepEqual(
      { ...copied, body: '' },
      { ...NOTHING, kind: 'curl', body: '', surface: source.surface, model: 'm' },
    );
    assert.ok(copied.body.includes(JSON.stringify(source.placeholder)), copied.body);
    // A body as the client sent it, with line breaks and quotes, is the same after the way through a shell.
    const body = `{\n  "model": "m", "text": "it's\\n\\u00e9 'x' \\\\"\n}`;
    assert.equal(request(curlOf({ ...source, body })).body, body);
  });
}

test('readPasted() takes session and beta headers of a command', () => {
  const headers = JSON.stringify({
    'Anthropic-Beta': 'a,b',
    'X-Claude-Code-Session-Id': 'abc',
    accept: '*/*',
  });
  const { sessionId, betas } = request(curlOf({ ...SOURCE, headers }));
  assert.deepEqual([sessionId, betas], ['abc', 'a,b']);
});

test('readPasted() takes commands as people write them', () => {
  const body = '{"model":"m","messages":[]}';
  const commands = [
    `curl -sS -XPOST https://api.example/v1/chat/completions -H"authorization: Bearer x" -d '${body}'`,
    `$ curl --url "https://api.example/v1/chat/completions?a=b" --json '${body}' -m 60`,
    `curl.exe https://api.example/openai/v1/chat/completions -d "{\\"model\\":\\"m\\",\\"messages\\":[]}"`,
    `curl 'https://api.example/v1/chat/completions' \\\r\n  --data-raw $'{"model":"m","\\u006dessages":[]}'`,
  ];
  for (const command of commands) {
    const { surface, model, body: read } = request(command);
    assert.deepEqual([surface, model, JSON.parse(read)], ['OPENAI_CHAT', 'm', JSON.parse(body)], command);
  }
});

test('readPasted() sees in JSON which dialect it is, and keeps to the chosen one where it cannot', () => {
  const message = '"messages":[{"role":"user","content":"x"}]';
  const cases = [
    ['{"contents":[]}', 'OPENAI_CHAT', 'GEMINI'],
    [`{${message}}`, 'ANTHROPIC_MESSAGES', 'ANTHROPIC_MESSAGES'],
    [`{${message}}`, 'OPENAI_CHAT', 'OPENAI_CHAT'],
    [`{${message}}`, 'GEMINI', 'ANTHROPIC_MESSAGES'],
    [`{"system":"s",${message}}`, 'OPENAI_CHAT', 'ANTHROPIC_MESSAGES'],
    ['{"messages":[{"role":"system","content":"x"}]}', 'ANTHROPIC_MESSAGES', 'OPENAI_CHAT'],
    [`{"max_completion_tokens":1,${message}}`, 'ANTHROPIC_MESSAGES', 'OPENAI_CHAT'],
    ['{"input":"x"}', 'ANTHROPIC_MESSAGES', 'OPENAI_RESPONSES'],
    ['{"input":"x"}', 'OPENAI_EMBEDDINGS', 'OPENAI_EMBEDDINGS'],
    ['{"input":"x","model":"text-embedding-3-small"}', 'OPENAI_CHAT', 'OPENAI_EMBEDDINGS'],
    ['{"model":"m"}', 'GEMINI', null],
  ] as const;
  for (const [text, chosen, surface] of cases) assert.equal(request(text, chosen).surface, surface, text);
  assert.deepEqual(
    ['{"model":"gpt-5"}', '{"model":1}', '{"model":""}', '{}'].map((text) => request(text).model),
    ['gpt-5', null, null, null],
  );
});

test('readPasted() says what is wrong with nonsense', () => {
  const cases = [
    ['hello', 'notJson'],
    ['{"a":', 'notJson'],
    ['curlew', 'notJson'],
    ['[]', 'notObject'],
    ['42', 'notObject'],
    ['null', 'notObject'],
    ["curl http://x/v1/messages -d '{", 'unfinished'],
    ['curl http://x/v1/messages -d "{', 'unfinished'],
    ['curl http://x/v1/models', 'noBody'],
    ['curl http://x/v1/messages -d @body.json', 'file'],
    ["curl http://x/v1/messages -d 'hello'", 'notJson'],
    ['curl http://x/v1/messages -d', 'notJson'],
  ] as const;
  for (const [text, problem] of cases) {
    assert.deepEqual(readPasted(text, 'GEMINI'), { kind: 'wrong', problem }, text);
  }
  assert.deepEqual(readPasted(' \n', 'GEMINI'), { kind: 'empty' });
});

test('shellWords() splits as a shell does', () => {
  const cases: [string, string[] | null][] = [
    ['', []],
    ['  a  b\tc\n', ['a', 'b', 'c']],
    [`a'b c'"d e"f`, ['ab cd ef']],
    [`'' ""`, ['', '']],
    ['a\\ b \\\nc', ['a b', 'c']],
    [`"a\\"b \\$c \\n $HOME"`, ['a"b $c \\n $HOME']],
    [`$'a\\'b\\n\\u00e9'`, ["a'b\né"]],
    [`'it'\\''s'`, ["it's"]],
    [`'a`, null],
    [`"a\\"`, null],
  ];
  for (const [text, words] of cases) assert.deepEqual(shellWords(text), words, text);
});
