// The client metrics of OpenTelemetry's conventions for generative AI. Kept only while they are sent somewhere.

import {
  ERROR_TYPE,
  errorType,
  GEN_AI_SECONDS,
  GEN_AI_TOKENS,
  modelName,
  type Names,
  OPERATION_NAME,
  operationName,
  PROVIDER_NAME,
  providerName,
  REQUEST_MODEL,
  SERVER_ADDRESS,
  SERVER_PORT,
  type Settled,
  serverOf,
  TOKEN_TYPE,
} from './gen-ai.ts';
import { Histogram } from './metric-family.ts';

const COMMON = [OPERATION_NAME, PROVIDER_NAME, REQUEST_MODEL, SERVER_ADDRESS, SERVER_PORT];

/** Owns the histograms. A label that is an empty text is not known, and not sent. */
export class GenAiMetrics {
  readonly #names: () => Names;
  readonly #durations = new Histogram({
    name: 'gen_ai.client.operation.duration',
    help: 'GenAI operation duration.',
    labels: [...COMMON, ERROR_TYPE],
    bounds: GEN_AI_SECONDS,
  });
  readonly #firstChunks = new Histogram({
    name: 'gen_ai.client.operation.time_to_first_chunk',
    help: 'Time to receive the first chunk of a streamed reply.',
    labels: COMMON,
    bounds: GEN_AI_SECONDS,
  });
  readonly #tokens = new Histogram({
    name: 'gen_ai.client.token.usage',
    help: 'Number of input and output tokens used.',
    labels: [...COMMON, TOKEN_TYPE],
    bounds: GEN_AI_TOKENS,
  });

  constructor(names: () => Names) {
    this.#names = names;
  }

  observe({ row, operation }: Settled): void {
    const name = operationName(operation);
    if (name === null) return;
    const names = this.#names();
    const server = serverOf(row, names);
    const common = [
      name,
      providerName(row, server),
      modelName(row, names) ?? '',
      server?.address ?? '',
      server ? String(server.port) : '',
    ];
    this.#durations.observe([...common, errorType(row) ?? ''], row.latencyMs / 1000);
    if (row.isStreamed && row.timeToFirstTokenMs !== null)
      this.#firstChunks.observe(common, row.timeToFirstTokenMs / 1000);
    if (row.inputTokens !== null) this.#tokens.observe([...common, 'input'], row.inputTokens);
    if (row.outputTokens !== null) this.#tokens.observe([...common, 'output'], row.outputTokens);
  }

  families(): readonly Histogram[] {
    return [this.#durations, this.#firstChunks, this.#tokens];
  }
}
