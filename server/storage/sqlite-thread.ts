// Main-thread side of the SQLite thread: starts it, sends calls, matches replies.

import { Worker } from 'node:worker_threads';
import {
  type CallResult,
  OPENED_REPLY_ID,
  STORAGE_THREAD_TAG,
  type StorageThreadData,
  type ThreadCall,
  type ThreadError,
  type ThreadReply,
  type ThreadRequest,
} from './sqlite-protocol.ts';
import { messageOf, StorageError } from './storage-error.ts';

export interface ThreadOptions extends Omit<StorageThreadData, 'tag'> {
  /** The module that the thread starts with; it must call `runStorageWorkerIfAsked` first. */
  entry: URL;
}

interface Waiting {
  resolve: (result: CallResult) => void;
  reject: (error: StorageError) => void;
}

/** Keeps the process alive only while a call is under way. */
export class SqliteThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = OPENED_REPLY_ID;
  #ended: StorageError | null = null;

  /** Resolves once the database file is open. */
  static async start({ entry, ...open }: ThreadOptions): Promise<SqliteThread> {
    const thread = new SqliteThread(entry, open);
    try {
      await thread.#replyTo(OPENED_REPLY_ID);
    } catch (error) {
      await thread.#end(new StorageError('closed', 'Cannot use the database: it was not opened'));
      throw error;
    }
    return thread;
  }

  private constructor(entry: URL, open: Omit<StorageThreadData, 'tag'>) {
    const workerData: StorageThreadData = { tag: STORAGE_THREAD_TAG, ...open };
    this.#worker = new Worker(entry, { workerData });
    this.#worker.on('message', (reply: ThreadReply) => this.#settle(reply));
    this.#worker.on('error', (cause: unknown) => {
      this.#fail(
        new StorageError('closed', `Cannot use the database thread: ${messageOf(cause)}`, { cause }),
      );
    });
    this.#worker.on('exit', () =>
      this.#fail(new StorageError('closed', 'Cannot use the database: it is closed')),
    );
  }

  async call(call: ThreadCall): Promise<CallResult> {
    if (this.#ended) throw this.#ended;
    this.#lastId += 1;
    const reply = this.#replyTo(this.#lastId);
    this.#send({ ...call, id: this.#lastId });
    return reply;
  }

  async close(): Promise<void> {
    if (this.#ended) return;
    try {
      await this.call({ kind: 'close' });
    } finally {
      await this.#end(new StorageError('closed', 'Cannot use the database: it is closed'));
    }
  }

  #send(request: ThreadRequest): void {
    this.#worker.postMessage(request);
  }

  #replyTo(id: number): Promise<CallResult> {
    if (this.#waiting.size === 0) this.#worker.ref();
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #settle(reply: ThreadReply): void {
    const waiting = this.#waiting.get(reply.id);
    this.#waiting.delete(reply.id);
    if (this.#waiting.size === 0) this.#worker.unref();
    if ('result' in reply) waiting?.resolve(reply.result);
    else waiting?.reject(errorOf(reply.error));
  }

  #fail(error: StorageError): void {
    this.#ended ??= error;
    for (const waiting of this.#waiting.values()) waiting.reject(error);
    this.#waiting.clear();
  }

  async #end(reason: StorageError): Promise<void> {
    this.#fail(reason);
    await this.#worker.terminate();
  }
}

function errorOf({ code, message, columns }: ThreadError): StorageError {
  const [table, field] = columns.at(-1)?.split('.') ?? [];
  return new StorageError(code, message, {
    ...(table === undefined ? {} : { table }),
    ...(field === undefined ? {} : { field }),
  });
}
