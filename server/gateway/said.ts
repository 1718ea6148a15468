// What an upstream or the network said of a failure stands in brackets behind our words for it. Pure.

export function withSaid(what: string, said: string): string {
  return `${what} (${said})`;
}

/** What was said, out of a reason made by `withSaid`; null when our words are all there is. */
export function saidIn(reason: string): string | null {
  return /^[^(]* \((.+)\)$/s.exec(reason)?.[1] ?? null;
}
