// The number by which a part of all rows or sessions is drawn: random, but always the same for an id. Pure.

/** 0 to 65,535, evenly, and always the same for an id (FNV-1a, folded). */
export function drawOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index++) hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) & 0xffff;
}

/** 0 for three quarters of the draws, 1 for three quarters of the rest … 8 for 0 alone. */
export function levelOf(draw: number): number {
  return draw === 0 ? 8 : Math.floor((Math.clz32(draw) - 16) / 2);
}
