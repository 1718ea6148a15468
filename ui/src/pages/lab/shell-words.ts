// A command line as the words that a POSIX shell makes of it, as far as copied curl commands go. Pure.

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** Null when a quote is not closed. Variables stay as they are written. */
export function shellWords(text: string): string[] | null {
  const words: string[] = [];
  let word: string | null = null;
  for (let at = 0; at < text.length; ) {
    const piece = pieceAt(text, at);
    if (piece === null) return null;
    at = piece.end;
    if (piece.text !== null) word = (word ?? '') + piece.text;
    else if (word !== null) {
      words.push(word);
      word = null;
    }
  }
  return word === null ? words : [...words, word];
}

interface Piece {
  /** Part of a word; null = what is between words. */
  text: string | null;
  end: number;
}

function pieceAt(text: string, at: number): Piece | null {
  const char = text.charAt(at);
  if (/\s/.test(char)) return { text: null, end: at + 1 };
  if (char === "'") return singleQuoted(text, at + 1);
  if (char === '"')
    return quoted(text, {
      from: at + 1,
      end: '"',
      plainOf: (next) => ('"\\$`'.includes(next) ? next : `\\${next}`),
    });
  if (text.startsWith("$'", at))
    return quoted(text, { from: at + 2, end: "'", plainOf: (next) => ESCAPES[next] ?? next });
  if (char !== '\\') return { text: char, end: at + 1 };
  // A line that goes on in the next one.
  const rest = /^\\\r?\n/.exec(text.slice(at, at + 3))?.[0];
  return rest ? { text: null, end: at + rest.length } : { text: text.charAt(at + 1), end: at + 2 };
}

function singleQuoted(text: string, from: number): Piece | null {
  const end = text.indexOf("'", from);
  return end < 0 ? null : { text: text.slice(from, end), end: end + 1 };
}

function quoted(
  text: string,
  { from, end, plainOf }: { from: number; end: string; plainOf: (next: string) => string },
): Piece | null {
  let plain = '';
  for (let at = from; at < text.length; at += 1) {
    const char = text.charAt(at);
    if (char === end) return { text: plain, end: at + 1 };
    if (char !== '\\') plain += char;
    else {
      at += 1;
      const code = /^u([0-9a-f]{4})/i.exec(text.slice(at, at + 5))?.[1];
      if (end === "'" && code) {
        plain += String.fromCharCode(Number.parseInt(code, 16));
        at += 4;
      } else if (text.charAt(at) !== '\n') plain += plainOf(text.charAt(at));
    }
  }
  return null;
}
