// Where a subscription stopped, so that the next connection goes on behind it. Pure apart from its own state.

/** The server cannot tell what was missed: the page has to read its data anew. */
const LOST_CODES = new Set(['CURSOR_UNKNOWN', 'CURSOR_TOO_OLD']);

export class FeedCursor<Data> {
  #positionOf: ((data: Data) => string) | null;
  #position: string | null = null;

  /** `positionOf`: what to give as `after` to go on behind the event; null for subscriptions that tell of a state. */
  constructor(positionOf: ((data: Data) => string) | null) {
    this.#positionOf = positionOf;
  }

  /** Whether the next connection goes on behind an event, so that nothing is missed. */
  get isKnown(): boolean {
    return this.#position !== null;
  }

  /** Variables of the next connection, beside those of the subscription. */
  get variables(): { after?: string } {
    return this.#position === null ? {} : { after: this.#position };
  }

  see(data: Data): void {
    if (this.#positionOf) this.#position = this.#positionOf(data);
  }

  /** True when an error says that what was missed is lost; the position is then forgotten. */
  refusedBy(codes: readonly unknown[]): boolean {
    if (!codes.some((code) => typeof code === 'string' && LOST_CODES.has(code))) return false;
    this.#position = null;
    return true;
  }
}
