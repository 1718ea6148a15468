// What a replay needs to know of each request: when, whose, how long, and how much of an earlier prompt it repeats. Types.

export interface ReplayRequest {
  /** From the start of the trace, or of its session where times are relative. */
  atMs: number;
  session: number;
  /** Null = to be dealt out. */
  key: number | null;
  /** Index of `models`. */
  model: number;
  /** The whole prompt. */
  inputTokens: number;
  /** How much of the prompt a cache can hold. */
  cacheableTokens: number;
  outputTokens: number;
  /** Index of the earlier request with the longest common prefix, -1 = none; equal prompts exactly as far as `sharedTokens`. */
  parent: number;
  sharedTokens: number;
}

export interface ReplayTrace {
  /** True: times count from the start of each session. */
  isRelative: boolean;
  models: readonly string[];
  /** Parents come before their children. */
  requests: readonly ReplayRequest[];
}
