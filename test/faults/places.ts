// Addresses at which no provider answers: a closed port, and one that takes no connection and refuses none.

import { connect, createServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';

/** An origin whose port refuses connections. */
export async function refusedOrigin(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${address !== null && typeof address === 'object' ? address.port : 1}`;
}

/** `.invalid` never resolves (RFC 2606). */
export const UNKNOWN_HOST_ORIGIN = 'https://no-such-host.invalid';

/** Listens and then never looks again; its queue of one is full, so the kernel drops whoever else wants to connect. */
export interface BlackHole {
  origin: string;
  close(): Promise<void>;
}

/** What is taken at all is taken by then. */
const TAKEN_MS = 500;

const NEVER_ACCEPTS = `
  const { parentPort } = require('node:worker_threads');
  const server = require('node:net').createServer();
  server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
    parentPort.postMessage(server.address().port);
    setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0), 50);
  });`;

export async function openBlackHole(): Promise<BlackHole> {
  const worker = new Worker(NEVER_ACCEPTS, { eval: true });
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  await new Promise((resolve) => setTimeout(resolve, 150));
  const fillers: Socket[] = [];
  let isFull = false;
  while (!isFull) {
    const socket = filler(port);
    fillers.push(socket);
    isFull = await Promise.race([
      new Promise<boolean>((resolve) => socket.once('connect', () => resolve(false))),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(true), TAKEN_MS)),
    ]);
  }
  return {
    origin: `http://127.0.0.1:${port}`,
    async close() {
      for (const socket of fillers) socket.destroy();
      await worker.terminate();
    },
  };
}

function filler(port: number): Socket {
  return connect(port, '127.0.0.1').on('error', () => undefined);
}
