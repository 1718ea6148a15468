// What can become of a binding. Type only.

export type AffinityEventKind =
  | 'bound'
  | 'renewed'
  | 'moved'
  | 'borrowed'
  | 'pinned'
  | 'unpinned'
  | 'expired'
  | 'cleared';
