// The prices by which a request was billed. A type.

/**
 * As they were then: USD per million tokens of every part of the ledger, and what of the account came on top. Never
 * changed: requests with the same prices share it.
 */
export interface PriceSheet {
  input: number;
  output: number;
  cacheRead: number;
  cacheWrite5m: number;
  cacheWrite1h: number;
  audioInput: number;
  audioOutput: number;
  /** The prices are those of requests with more input than this; null = of all, or of those below the first tier. */
  aboveInputTokens: number | null;
  /** The account's factor on the prices. */
  rateMultiplier: number;
  /** What one credit of the account cost; null = it was not billed in credits. */
  usdPerCredit: number | null;
}
