// What is printed once the gateway listens. Pure; holds the setup token and, in demo mode, a demo API key.

import type { Environment } from '../config/interpolate.ts';
import { clientSnippets, type Snippet, type SnippetTarget } from './snippets.ts';

export interface Welcome {
  version: string;
  /** The address listened on; a wildcard is shown as loopback. */
  host: string;
  port: number;
  /** One-time token that opens the panel the first time; null = a password has been set. */
  setupToken: string | null;
  /** True when the embedded demo upstream answers, because no account is configured or it was asked for. */
  isDemo: boolean;
  /** Shown in the snippets; null = a placeholder. */
  apiKey: string | null;
  models: SnippetTarget['models'];
  hasColor: boolean;
}

export function welcomeText(welcome: Welcome): string {
  const origin = originOf(welcome.host, welcome.port);
  const paint = painter(welcome.hasColor);
  const target = { origin, apiKey: welcome.apiKey ?? 'YOUR-API-KEY', models: welcome.models };
  const sections = [
    `${paint.bold(`Warmpath ${welcome.version}`)} listens on ${origin}`,
    panelSection(origin, { ...welcome, paint }),
    ...(welcome.isDemo ? [demoSection(paint)] : []),
    ...(welcome.apiKey === null ? [keyHint()] : []),
    ...clientSnippets(target).map((snippet) => snippetSection(snippet, paint)),
  ];
  return `${sections.join('\n\n')}\n`;
}

/** Where a browser or client on this machine reaches the gateway. */
export function originOf(host: string, port: number): string {
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}`;
  if (host === '::') return `http://[::1]:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** https://no-color.org: any non-empty value switches colour off. */
export function wantsColor(env: Environment, isTerminal: boolean): boolean {
  return isTerminal && !env.NO_COLOR && env.TERM !== 'dumb';
}

interface Paint {
  bold(text: string): string;
  dim(text: string): string;
}

function painter(hasColor: boolean): Paint {
  const wrap = (code: number) => (text: string) => (hasColor ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { bold: wrap(1), dim: wrap(2) };
}

/** The token travels in the fragment, which browsers do not send, so it reaches no log on the way. */
function panelSection(
  origin: string,
  { setupToken, paint }: { setupToken: string | null; paint: Paint },
): string {
  if (setupToken === null) return `${paint.bold('Panel')}   ${origin}/`;
  return [
    `${paint.bold('Panel')}   ${origin}/#setup=${encodeURIComponent(setupToken)}`,
    paint.dim('        This link works once: open it and choose the admin password.'),
  ].join('\n');
}

function demoSection(paint: Paint): string {
  return [
    `${paint.bold('Demo')}    No real provider is called. Two pretend providers, one Anthropic-shaped and one`,
    '        OpenAI-shaped, answer with four accounts each; every account has its own prompt cache.',
  ].join('\n');
}

function keyHint(): string {
  return 'Make an API key in the panel or with: warmpath keys create --name NAME';
}

function snippetSection({ title, note, lines }: Snippet, paint: Paint): string {
  const notes = note === null ? [] : note.split('\n').map((line) => `  ${line}`);
  return [paint.bold(title), ...notes, ...lines.map((line) => (line === '' ? '' : `  ${line}`))].join('\n');
}
