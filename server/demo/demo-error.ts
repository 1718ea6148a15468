// A refusal by the demo upstream, before a provider's own shape is given to it.

/** What went wrong; each provider maps it to its own status and error type. */
export type DemoErrorKind =
  | 'invalid-request'
  | 'unauthorized'
  | 'unknown-model'
  | 'unknown-path'
  | 'rate-limited'
  | 'server-error'
  | 'overloaded';

export class DemoError extends Error {
  readonly kind: DemoErrorKind;
  /** OpenAI's `param`: the request field at fault. */
  readonly param: string | null;
  /** OpenAI's `code` where it says more than the kind does. */
  readonly code: string | null;

  constructor(kind: DemoErrorKind, message: string, detail: { param?: string; code?: string } = {}) {
    super(message);
    this.name = 'DemoError';
    this.kind = kind;
    this.param = detail.param ?? null;
    this.code = detail.code ?? null;
  }
}
