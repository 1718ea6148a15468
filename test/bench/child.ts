// Child processes that print lines: what they said, when they end, and their end with the bench's.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface ChildOptions {
  command: string;
  args: readonly string[];
  env?: Readonly<Record<string, string>>;
  /** The processor it is kept on; null = any. */
  cpu: number | null;
}

export class Child {
  readonly pid: number;
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  readonly #name: string;
  #wake: (() => void) | null = null;
  #hasExited = false;
  readonly exited: Promise<void>;

  constructor({ command, args, env, cpu }: ChildOptions) {
    const [program, ...rest] =
      cpu === null ? [command, ...args] : ['taskset', '-c', `${cpu}`, command, ...args];
    this.#name = [command, ...args].join(' ').slice(0, 200);
    this.#process = spawn(program ?? command, rest, {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    this.pid = this.#process.pid ?? 0;
    this.#process.stdin?.on('error', () => undefined);
    this.exited = new Promise((resolve) => {
      const end = () => {
        this.#hasExited = true;
        this.#wake?.();
        resolve();
      };
      this.#process.once('exit', end).once('error', end);
    });
    if (!this.#process.stdout) throw new Error(`Cannot read from ${this.#name}: no pipe`);
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      this.#lines.push(line);
      this.#wake?.();
    });
  }

  /** The next line; one reader at a time. */
  async line(): Promise<string> {
    for (;;) {
      const line = this.#lines.shift();
      if (line !== undefined) return line;
      if (this.#hasExited) throw new Error(`Cannot read from ${this.#name}: it has ended`);
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** The first group of the pattern, in the first line that has it. */
  async match(pattern: RegExp): Promise<string> {
    for (;;) {
      const found = pattern.exec(await this.line())?.[1];
      if (found !== undefined) return found;
    }
  }

  write(line: string): void {
    this.#process.stdin?.write(`${line}\n`);
  }

  /** By its signal; by force when it has not ended a while later. */
  async stop(): Promise<void> {
    this.#process.stdin?.end();
    if (this.#hasExited) return;
    this.#process.kill('SIGTERM');
    const force = setTimeout(() => this.#process.kill('SIGKILL'), 3_000);
    await this.exited;
    clearTimeout(force);
  }
}
