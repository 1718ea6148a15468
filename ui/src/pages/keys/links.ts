// Where else a key or a user is spoken of. Pure.

export function affinitiesLink(by: { key: string } | { user: string }): string {
  return `/affinities?${new URLSearchParams(by)}`;
}

/** The advice for this user, or this key, among that for the others. */
export function ttlLink(by: 'user' | 'key', id: string): string {
  return `/ttl?${new URLSearchParams({ ...(by === 'key' && { by: 'key' }), period: '7d', open: id })}`;
}

export function keysLink(user: string): string {
  return `/keys?${new URLSearchParams({ user })}`;
}

export function keyLink(id: string): string {
  return `/keys?${new URLSearchParams({ open: id })}`;
}
