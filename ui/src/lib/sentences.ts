// Sentences one after the other. Pure.

/** A full-width stop brings its own room: Chinese takes no space after it. */
export function sentences(...texts: readonly string[]): string {
  return texts.join(' ').replaceAll(/(?<=[。；，：！？]) /g, '');
}
